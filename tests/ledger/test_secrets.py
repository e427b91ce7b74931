"""No command shows the password of a ledger that cannot be opened."""

import pytest
from scrapy_process import scrapy

pytestmark = pytest.mark.chaos


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://bob:S3cretPw@127.0.0.1:1/db",
        "postgresql://127.0.0.1:1/db?user=bob&password=S3cretPw",
        "postgresql://bob:S3cretPw@127.0.0.1:1/db?sslmode=bogus",
        "postgresql://bob:S3cretPw@127.0.0.1:1/db?bogus=S3cretPw",
        "postgresql://bob:S3c%retPw@127.0.0.1:abc/db",
        "postgresql://bob:S3cretPw@/db?host=/nonexistent",
    ],
)
def test_password_of_a_ledger_that_cannot_be_opened_is_not_shown(url, tmp_path):
    settings = {"ALQAHIRA_STATE_URL": url, "ALQAHIRA_OUTPUT_DIR": str(tmp_path), "LOG_LEVEL": "DEBUG"}
    for arguments in (("crawl", "defense"), ("export",), ("report", "-o", str(tmp_path / "report.html"))):
        ran = scrapy(*arguments, settings=settings)
        assert ran.status == 2
        assert ran.lines[-1].startswith("alqahira: ")
        assert "S3c" not in ran.stdout + ran.stderr
        assert "Traceback" not in ran.stderr
