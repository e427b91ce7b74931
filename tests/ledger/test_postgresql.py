"""A ledger on PostgreSQL: rebuilt, migrated, used by commands, and named without its password."""

import json
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from ledger_scenario import EXPECTED, NOW, accept, crawled, lines, live, opened, problems, publisher
from scrapy_process import scrapy
from test_migration import OF_VERSION_2

from alqahira.exceptions import ConfigurationError, LedgerBusy, LedgerUnusable
from alqahira.ledger.backends import postgresql
from alqahira.ledger.tables import meta
from alqahira.publishing.rebuild import rebuild_state

pytestmark = pytest.mark.postgres

LATER = NOW + timedelta(hours=5)


def settings(database, folder):
    return {"ALQAHIRA_STATE_URL": database, "ALQAHIRA_OUTPUT_DIR": str(folder)}


def test_rebuilt_ledger_continues_numbering(database, postgres, tmp_path):
    live(tmp_path, database)
    before = lines(tmp_path)
    lost = postgres.new_state()
    assert rebuild_state(lost, tmp_path) is None
    live(tmp_path, lost)
    assert lines(tmp_path) == before
    with opened(lost) as ledger:
        accept(ledger, crawled(99))
        publisher(ledger, tmp_path).seal_all()
    assert lines(tmp_path) == before + Counter({("99", 1): 1})


def test_rebuilding_refuses_ledger_that_is_not_empty(database, tmp_path):
    live(tmp_path, database)
    with pytest.raises(LedgerUnusable, match="is not empty"):
        rebuild_state(database, tmp_path)


def test_migration_drops_tables_of_parallel_runs(database):
    old = ("shares", "claims", "pace")
    with opened(database) as ledger, ledger.transaction() as connection:
        for table in old:
            connection.execute(sa.text(f"create table {table} (name text)"))
        for statement in filter(str.strip, OF_VERSION_2.split(";")):
            connection.execute(sa.text(statement))
        connection.execute(sa.text("alter table pages add column aside_topics text not null default ''"))
        connection.execute(meta.update().where(meta.c.name == "version").values(value="1"))
    with opened(database) as upgraded:
        assert not {*old} & {*sa.inspect(upgraded.engine).get_table_names()}


def test_quarantine_by_command(database, tmp_path):
    live(tmp_path, database)
    with opened(database) as ledger:
        for number in (1, 2, 3):
            lie = crawled(
                number, text="كوب سكر وثلاث بيضات ثم نخلط الجميع جيدا", headline="كعكة", topics=(), fetched=LATER
            )
            assert accept(ledger, lie).cause == "no_longer_on_topic"

    def quarantine(*arguments):
        return scrapy("quarantine", *arguments, settings=settings(database, tmp_path))

    assert [line.split()[0] for line in quarantine().lines] == ["1", "2", "3", "3"]
    shown = json.loads(quarantine("show", "1").stdout)
    assert (shown["id"], shown["record"]["headline"]) == ("1", "كعكة")
    assert [quarantine("release", "1").status for _ in range(2)] == [0, 2]
    assert [quarantine("drop", "2").status for _ in range(2)] == [0, 2]
    assert [line.split()[0] for line in quarantine().lines] == ["3", "1"]
    with opened(database) as ledger:
        assert [quarantine(action, "3").status for action in ("release", "drop")] == [3, 3]
        assert quarantine("list").status == 0
        publisher(ledger, tmp_path).seal_all()
    assert lines(tmp_path).keys() == EXPECTED | {("1", 2)}


def test_repair_by_command(database, tmp_path):
    live(tmp_path / "output", database)
    with opened(database) as ledger:
        before = lines(tmp_path / "output")
        changed, missing, *_ = sorted((tmp_path / "output").glob("articles/*/part-*"))
        changed.write_bytes(changed.read_bytes().replace(b"defense", b"offense"))
        missing.unlink()
        given = settings(database, tmp_path / "output")
        assert scrapy("verify", settings=given).status == 1
        assert scrapy("verify", "--repair", settings=given).status == 3, "a run holds the ledger"
        assert ledger.quarantined() == []
    ran = scrapy("verify", "--repair", settings=given)
    assert (ran.status, len(ran.lines)) == (0, 3)
    assert all("put back from the state" in line for line in ran.lines[:2])
    assert (lines(tmp_path / "output"), problems(tmp_path / "output")) == (before, [])
    # The corpus at a new place, as after the loss of a disk.
    ran = scrapy("verify", "--repair", settings=settings(database, tmp_path / "new"))
    assert (ran.status, lines(tmp_path / "new")) == (0, before)


def test_repair_by_command_without_a_ledger_is_refused(database, tmp_path):
    ran = scrapy("verify", "--repair", settings=settings(database, tmp_path / "output"))
    assert (ran.status, len(ran.lines), [*tmp_path.iterdir()]) == (2, 1, [])


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "postgresql://user:s3cret@127.0.0.1:1/corpus",
            r"postgresql://127\.0\.0\.1:1/corpus cannot be opened: .*refused",
        ),
        ("postgresql+psycopg2://user:s3cret@host/corpus", "must be sqlite:///<file> or postgresql://"),
        ("postgresql://user:s3cret@host", "names no database"),
        ("postgres:/user:s3cret@host", "is not a database URL"),
        ("postgresql://user:s3cret@host:port/corpus", "is not a database URL"),
        ("mysql://user:s3cret@host/corpus", "must be"),
    ],
)
def test_wrong_url_is_one_line_without_password(url, message, monkeypatch):
    monkeypatch.setattr(postgresql, "OPENING_PATIENCE", 0.0)
    with pytest.raises((ConfigurationError, LedgerUnusable), match=message) as caught:
        opened(url)
    assert caught.value.exit_status == 2
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_message_of_locked_ledger_has_no_password(database):
    url = database.replace("test@", "test:s3cret@")
    with opened(url), pytest.raises(LedgerBusy) as caught:
        opened(url)
    assert "s3cret" not in str(caught.value)
