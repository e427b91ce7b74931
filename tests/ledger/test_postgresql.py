"""A ledger on PostgreSQL: rebuilt from the parts, migrated from an older version, and named without its password."""

from collections import Counter

import pytest
import sqlalchemy as sa
from ledger_scenario import accept, crawled, lines, live, opened, publisher
from test_migration import OF_VERSION_2

from alqahira.exceptions import ConfigurationError, LedgerBusy, LedgerUnusable
from alqahira.ledger.backends import postgresql
from alqahira.ledger.tables import meta
from alqahira.publishing.rebuild import rebuild_state

pytestmark = pytest.mark.postgres


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
