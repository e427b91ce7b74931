"""A page that fails is asked again, is given up by days and tries, and is in every account until then and after.

What the ledger makes of each failure is in tests/ledger/test_pages.py.
"""

from __future__ import annotations

import signal
from datetime import timedelta
from pathlib import Path

import pytest
from scrapy_process import Corpus, Ran
from small_site import QUICK, SmallSite, account, hang, small_site, status

from alqahira.ledger.frontier import MAX_ATTEMPTS, MAX_UNFINISHED

pytestmark = pytest.mark.chaos

PAGE = "/news/1000/"
STUB = b'<html><head><title></title></head><body><div id="__next"></div></body></html>'


class Newspaper:
    """A site, its corpus, and runs on any day."""

    def __init__(self, site: SmallSite, folder: Path) -> None:
        self.site, self.corpus, self.start = site, Corpus(folder / "output", site.root), site.clock

    def run(self, days: float, *arguments: str, **more: str) -> Ran:
        self.site.clock = self.start + timedelta(days=days)
        settings = QUICK | {"RETRY_TIMES": "0", "DOWNLOAD_TIMEOUT": "2"}
        return self.corpus.crawl("defense", *arguments, settings=settings, clock=self.site.clock, **more)

    @property
    def since(self) -> str:
        return f"since={(self.start - timedelta(days=3)).date()}"

    @property
    def failed(self) -> dict[str, int]:
        """The failed articles of the last run by cause."""
        return account(self.corpus)["causes"].get("failed", {})

    def found(self) -> list[str]:
        return sorted(self.corpus.by_id())


@pytest.fixture
def newspaper(tmp_path):
    with small_site(4) as site:
        yield Newspaper(site, tmp_path)


def test_failing_page_is_given_up_after_five_tries_over_days_and_asked_while_it_is_named(newspaper):
    site = newspaper.site
    site.on(PAGE, status(500))
    for day in range(4):
        newspaper.run(day)
        assert newspaper.failed == {"http_500": 1}
    ran = newspaper.run(4)
    assert (ran.status, newspaper.failed) == (1, {"given_up": 1})
    assert "1 pages were given up after their last try" in ran.lines[-1]
    asked = site.count(PAGE)

    ran = newspaper.run(4.1)
    assert (ran.status, newspaper.failed, site.count(PAGE)) == (0, {"given_up": 1}, asked)
    newspaper.run(4.2, "-a", newspaper.since)
    assert site.count(PAGE) == asked + 1
    ran = newspaper.run(5.3)
    assert (ran.status, newspaper.failed, site.count(PAGE)) == (0, {"http_500": 1}, asked + 2)
    site.on(PAGE, None)
    assert newspaper.run(6.4).status == 0
    assert newspaper.found() == ["1000", "1001", "1002", "1003"]


def test_many_tries_in_a_day_give_no_page_up(newspaper):
    newspaper.site.on(PAGE, status(500))
    for hour in range(MAX_ATTEMPTS + 1):
        newspaper.run(hour / 24)
        assert newspaper.failed == {"http_500": 1}


def test_answer_of_the_host_is_no_try(newspaper):
    site = newspaper.site
    answers = {
        "timeout": hang,
        "truncated": status(200, b"<html><body>", **{"Content-Length": "5000"}),
        "http_403": status(403),
        "http_429": status(429),
        "http_503": status(503),
    }
    site.listed = list(range(1000, 1005))
    for number, answer in zip(site.listed, answers.values(), strict=True):
        site.on(f"/news/{number}/", answer)
    for day in range(7):
        newspaper.run(day)
        assert newspaper.failed == dict.fromkeys(answers, 1)
    for number in site.listed:
        site.on(f"/news/{number}/", None)
    site.listed = [1009]
    assert newspaper.run(7).status == 0
    assert newspaper.found() == ["1000", "1001", "1002", "1003", "1004", "1009"]


@pytest.mark.parametrize("answer", [status(404), status(410), status(200, STUB)], ids=["404", "410", "empty stub"])
def test_page_that_is_not_there_yet_is_asked_by_the_next_run(newspaper, answer):
    newspaper.site.on(PAGE, answer)
    newspaper.run(0)
    assert newspaper.found() == ["1001", "1002", "1003"]
    newspaper.site.on(PAGE, None)
    newspaper.run(1 / 24)
    assert newspaper.found() == ["1000", "1001", "1002", "1003"]


def test_runs_that_end_with_a_full_feed_give_no_page_up(newspaper):
    newspaper.site.listed = list(range(1000, 1012))
    for number in range(1, MAX_UNFINISHED + 3):
        ran = newspaper.run(number / 24, "-a", "max_articles=1")
        assert (ran.status, newspaper.failed, len(newspaper.found())) == (0, {}, number)


@pytest.mark.parametrize("is_listed", [True, False], ids=["named", "not named"])
def test_page_that_ends_three_runs_is_set_aside_and_accounted_for(newspaper, is_listed):
    poison = {"PRETENDED_POISON": PAGE}
    for day in range(MAX_UNFINISHED):
        assert newspaper.run(day, **poison).status == -signal.SIGKILL
    if not is_listed:
        newspaper.site.listed.remove(1000)
    ran = newspaper.run(3, **poison)
    assert (ran.status, newspaper.failed) == (1, {"given_up": 1})
    assert "1 pages were given up after their last try" in ran.lines[-1]
    assert newspaper.found() == ["1001", "1002", "1003"]

    assert newspaper.run(4, **poison).status == 0
    assert newspaper.failed == ({"given_up": 1} if is_listed else {})
    newspaper.run(5, "-a", newspaper.since)
    assert newspaper.found() == [*(["1000"] if is_listed else []), "1001", "1002", "1003"]


def reasons(newspaper):
    """Why article 1000 has each of its revisions."""
    return [record["revision_reason"] for record in newspaper.corpus.records() if record["article_id"] == "1000"]


def test_article_that_is_gone_for_a_day_is_removed_and_returns(newspaper):
    newspaper.run(0)
    newspaper.site.on(PAGE, status(410))
    newspaper.run(1.5)
    assert reasons(newspaper) == [None]
    ran = newspaper.run(4)
    assert (ran.status, reasons(newspaper)) == (0, [None, "removed"])
    newspaper.site.on(PAGE, None)
    newspaper.run(15)
    assert reasons(newspaper) == [None, "removed", "returned"]


def test_site_that_is_away_removes_no_article(newspaper):
    newspaper.run(0)
    newspaper.site.on("/news/", status(404))
    for day in (1, 3, 6, 12):
        newspaper.run(day)
    assert reasons(newspaper) == [None]


def test_article_that_leads_to_a_home_page_that_is_gone_is_not_removed(newspaper):
    newspaper.run(0)
    newspaper.site.on(PAGE, status(302, Location="/"))
    for day in (1.5, 4, 9):
        newspaper.run(day)
        assert newspaper.failed == {"redirected_elsewhere": 1}
    assert reasons(newspaper) == [None]
