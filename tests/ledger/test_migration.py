"""An older ledger is migrated whole or not at all, and nothing is published again."""

import hashlib
import json
import os
import signal
import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from ledger_scenario import NOW, accept, compact, crawled, link, live, opened, pending, problems, publisher
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.schema import CreateIndex, CreateTable

from alqahira.article import to_json_line
from alqahira.exceptions import LedgerUnusable
from alqahira.ledger import migrations
from alqahira.ledger.frontier import Standing
from alqahira.ledger.stored_records import pack, record_of
from alqahira.ledger.tables import STATE_VERSION, metadata
from alqahira.publishing.manifest import (
    MANIFEST,
    part_files,
    read_corpus,
    read_corpus_id,
    read_manifest,
    read_part,
    write_atomic,
)

# The shape of each version's tables. A change of the tables needs the next version, its step, and a line here.
SHAPES = {1: "d57dbca6cf5afc05", 2: "56bbddef2b885903", 3: "9845c7b32a30cb5c"}

NEXT, NEWER = STATE_VERSION + 1, STATE_VERSION + 2

# Turns a ledger of version 2 into one of version 1, with an article that was set aside and one that was published.
OF_VERSION_1 = """
UPDATE meta SET value = '1' WHERE name = 'version';
ALTER TABLE pages ADD COLUMN aside_topics VARCHAR NOT NULL DEFAULT '';
UPDATE pages SET aside_topics = ',defense,', settled = 1 WHERE key = '2';
UPDATE articles SET status = 'set_aside' WHERE article_id = '2';
DELETE FROM outbox WHERE article_id = '2';
DELETE FROM bands WHERE article_id = '2';
DROP INDEX pages_frontier;
CREATE INDEX pages_frontier ON pages (section, state);
DROP INDEX pages_next_visit;
CREATE INDEX pages_next_visit ON pages (section, next_visit);
"""
ARTICLES_OF_VERSION_2 = """
CREATE TABLE articles (article_id VARCHAR NOT NULL, revision INTEGER NOT NULL, status VARCHAR NOT NULL,
content_hash VARCHAR NOT NULL, duplicate_of VARCHAR, story_time VARCHAR NOT NULL, date_crawled VARCHAR NOT NULL,
record TEXT NOT NULL, PRIMARY KEY (article_id, revision))
"""
# Turns a ledger of version 3 whose records are text into one of version 2.
OF_VERSION_2 = """
UPDATE meta SET value = '2' WHERE name = 'version';
DROP TABLE quarantine;
DROP INDEX pages_article;
DROP INDEX runs_started;
DROP INDEX runs_ended;
DROP INDEX runs_of_spider;
DROP INDEX runs_complete;
ALTER TABLE pages DROP COLUMN failing_since;
ALTER TABLE pages DROP COLUMN unfinished;
ALTER TABLE pages DROP COLUMN empty_claims;
ALTER TABLE pages DROP COLUMN gone_since;
ALTER TABLE pages DROP COLUMN hint_from;
ALTER TABLE pages RENAME COLUMN complete_before TO settled;
UPDATE pages SET settled = CASE state WHEN 'pending' THEN 0 ELSE 1 END;
CREATE INDEX pages_unsettled ON pages (section, settled);
DROP INDEX outbox_published;
ALTER TABLE outbox DROP COLUMN published_position;
ALTER TABLE parts DROP COLUMN lines_sha256;
ALTER TABLE parts DROP COLUMN day;
ALTER TABLE parts DROP COLUMN first_position;
ALTER TABLE parts DROP COLUMN last_position;
ALTER TABLE parts DROP COLUMN sealed_at;
ALTER TABLE parts DROP COLUMN replaces;
ALTER TABLE parts DROP COLUMN replaced_by;
"""
NEW_COLUMNS = (
    *("revision_reason", "date_removed", "published_day", "position"),
    *("countries", "organizations", "mentions"),
)


def add_a_column(connection):
    connection.execute(text("alter table articles add column seen_again text"))
    connection.execute(text("update articles set seen_again = date_crawled"))


def add_a_table(connection):
    connection.execute(text("create table extra (name text primary key)"))
    connection.execute(text("insert into extra values ('made')"))


def shape(folder):
    """The version of a ledger, and whether each of the steps above was executed."""
    connection = sqlite3.connect(folder / "state.db")
    try:
        (version,) = connection.execute("select value from meta where name = 'version'").fetchone()
        columns = [column[1] for column in connection.execute("pragma table_info(articles)")]
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        return int(version), "seen_again" in columns, "extra" in tables
    finally:
        connection.close()


@pytest.fixture
def old(tmp_path):
    """An output folder with a ledger of this version."""
    live(tmp_path)
    return tmp_path


@pytest.fixture
def upgraded(monkeypatch):
    """Makes the program two versions newer."""
    monkeypatch.setattr(migrations, "STATE_VERSION", NEWER)
    monkeypatch.setattr(migrations, "MIGRATIONS", {STATE_VERSION: add_a_column, NEXT: add_a_table})


def published(folder):
    return {path: (folder / path).read_bytes() for path in part_files(folder)}


def test_older_ledger_takes_every_step(old, upgraded):
    opened(old).close()
    assert shape(old) == (NEWER, True, True)


def test_ledger_is_migrated_once(old, upgraded):
    opened(old).close()
    opened(old).close()  # a second `alter table` would raise
    assert shape(old) == (NEWER, True, True)


def test_migration_publishes_nothing_again(old, upgraded):
    before = published(old)
    assert before
    live(old)
    assert published(old) == before


@pytest.mark.parametrize("place", ["before", "within the first", "between", "after the last"])
def test_kill_during_migration_leaves_old_ledger(old, upgraded, monkeypatch, place):
    def die(_):
        os.kill(os.getpid(), signal.SIGKILL)

    def half(connection):
        connection.execute(text("alter table articles add column seen_again text"))
        die(connection)

    def whole(connection):
        add_a_table(connection)
        die(connection)

    steps = {
        "before": {STATE_VERSION: die, NEXT: add_a_table},
        "within the first": {STATE_VERSION: half, NEXT: add_a_table},
        "between": {STATE_VERSION: add_a_column, NEXT: die},
        "after the last": {STATE_VERSION: add_a_column, NEXT: whole},
    }
    child = os.fork()
    if child == 0:
        try:
            migrations.MIGRATIONS = steps[place]
            opened(old)
        finally:
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert shape(old) == (STATE_VERSION, False, False)
    before = published(old)
    live(old)
    assert shape(old) == (NEWER, True, True)
    assert published(old) == before


def test_failed_step_leaves_old_ledger_unlocked(old, upgraded, monkeypatch):
    def fail(connection):
        add_a_table(connection)
        raise RuntimeError

    monkeypatch.setitem(migrations.MIGRATIONS, NEXT, fail)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            opened(old)
    assert shape(old) == (STATE_VERSION, False, False)


def test_ledger_without_migration_step_is_refused(old, upgraded, monkeypatch):
    monkeypatch.delitem(migrations.MIGRATIONS, STATE_VERSION)
    with pytest.raises(LedgerUnusable, match=f"no step leads on from version {STATE_VERSION}"):
        opened(old)
    assert shape(old) == (STATE_VERSION, False, False)


def test_reader_does_not_migrate(old, upgraded):
    with pytest.raises(LedgerUnusable, match="the next run brings it there"):
        opened(old, read_only=True)
    assert shape(old) == (STATE_VERSION, False, False)


def test_page_set_aside_by_version_1_is_fetched_again(tmp_path):
    with opened(tmp_path) as ledger:
        ledger.start_run("run", "defense", NOW)
        ledger.discover([link(1), link(2)], section="defense", run_id="run", now=NOW)
        accept(ledger, crawled(1))
        accept(ledger, crawled(2))
        ledger.finish_run("run", {}, 0, NOW, complete=True)
    to_version_2(f"sqlite:///{tmp_path / 'state.db'}", then=OF_VERSION_1)
    with opened(tmp_path) as ledger:
        assert [link.key for link in pending(ledger)] == ["2"]
        (known,) = ledger.discover([link(2)], section="defense", run_id="run", now=NOW)
        assert (known.standing, known.etag, known.processed) == (Standing.PENDING, None, True)
        assert [record["article_id"] for record in ledger.records(duplicates=True)] == ["1"]
        assert (accept(ledger, crawled(2)).article.revision, accept(ledger, crawled(1)).outcome) == (1, "unchanged")
    made = sqlite3.connect(tmp_path / "state.db").execute("SELECT sql FROM sqlite_master WHERE tbl_name = 'pages'")
    assert "aside" not in "".join(str(sql) for (sql,) in made)


def test_processed_page_of_version_2_stays_processed(state_url):
    with opened(state_url) as ledger:
        run = ledger.start_run("run", "defense", NOW)
        ledger.discover([link(1), link(2)], section="defense", run_id=run, now=NOW)
        accept(ledger, crawled(1))
        ledger.finish_run(run, {}, 0, NOW, complete=True)
    to_version_2(state_url)
    with opened(state_url) as ledger:
        discoveries = ledger.discover([link(1), link(2)], section="defense", run_id=run, now=NOW)
        assert [discovery.processed for discovery in discoveries] == [True, False]
        names = {index["name"] for index in inspect(ledger.engine).get_indexes("pages")}
        assert names == {"pages_frontier", "pages_next_visit", "pages_article"}


def to_version_2(state_url, *, edit=lambda record: record, then=""):
    """Turn a ledger of version 3 into one of version 2, with records as `edit` returns them, and execute `then`."""
    engine = create_engine(state_url)
    with engine.begin() as connection:
        columns = connection.execute(text("SELECT * FROM articles ORDER BY date_crawled")).mappings().all()
        connection.execute(text("DROP TABLE articles"))
        connection.execute(text(ARTICLES_OF_VERSION_2))
        connection.execute(text("CREATE INDEX articles_content ON articles (content_hash)"))
        for row in columns:
            line = to_json_line(edit(record_of(row["record"])))
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO articles VALUES ({values})"), {**row, "record": line})
        for statement in filter(str.strip, (OF_VERSION_2 + then).split(";")):
            connection.execute(text(statement))
    engine.dispose()


def tables_of(state_url):
    """Columns, primary key and indexes of each table, in no order."""
    engine = create_engine(state_url)
    seen = inspect(engine)
    shapes = {
        name: (
            {(column["name"], str(column["type"]), column["nullable"]) for column in seen.get_columns(name)},
            seen.get_pk_constraint(name)["constrained_columns"],
            {(index["name"], *index["column_names"]) for index in seen.get_indexes(name)},
        )
        for name in seen.get_table_names()
    }
    engine.dispose()
    return shapes


def test_records_of_version_2_are_compressed_and_say_the_same(state_url, monkeypatch):
    monkeypatch.setattr(migrations, "_ROWS_AT_ONCE", 2)
    with opened(state_url) as ledger:
        ledger.start_run("run", "defense", NOW)
        for number in range(1, 8):
            accept(ledger, crawled(number))
        before = [*ledger.records()]
    made = tables_of(state_url)
    to_version_2(state_url)
    with opened(state_url) as ledger:
        assert [*ledger.records()] == before
        assert accept(ledger, crawled(1)).outcome == "unchanged"
    assert tables_of(state_url) == made


def test_kill_while_records_are_compressed_leaves_the_old_ledger(old, monkeypatch):
    to_version_2(f"sqlite:///{old / 'state.db'}")

    def records():
        with closing(sqlite3.connect(old / "state.db")) as connection:
            version = connection.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
            return version, connection.execute("SELECT article_id, revision, record FROM articles").fetchall()

    before = records()
    left = len(before[1]) - 2

    def pack_or_die(line):
        nonlocal left
        left -= 1
        return pack(line) if left else os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            monkeypatch.setattr(migrations, "_ROWS_AT_ONCE", 1)
            monkeypatch.setattr(migrations, "pack", pack_or_die)
            opened(old)
        finally:
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert records() == before
    with opened(old) as ledger:
        assert len([*ledger.records(duplicates=True)]) == len(before[1])


def without_new_columns(record):
    return {name: value for name, value in record.items() if name not in NEW_COLUMNS}


def make_version_2(folder):
    """Turn an output folder into one of version 2: its ledger, its lines, its folders and its manifest."""
    with closing(sqlite3.connect(folder / "state.db")) as connection, connection:
        old = []
        for part in read_manifest(folder):
            lines = list(map(without_new_columns, read_part(folder / part.path)))
            content = "".join(f"{to_json_line(line)}\n" for line in lines).encode()
            path = part.path.replace("/day=", "/date_published=").replace("__HIVE_DEFAULT_PARTITION__", "unknown")
            write_atomic(folder / path, content)
            entry = {"path": path, "rows": len(lines), "bytes": len(content), "sha256": sha256(content).hexdigest()}
            connection.execute(
                "UPDATE parts SET path = :path, bytes = :bytes, sha256 = :sha256 WHERE sequence = :sequence",
                entry | {"sequence": part.sequence},
            )
            old.append(entry | {"schema_version": 2})
            (folder / part.path).unlink()
    to_version_2(f"sqlite:///{folder / 'state.db'}", edit=without_new_columns)
    write_atomic(folder / MANIFEST, json.dumps({"corpus_id": read_corpus_id(folder), "parts": old}).encode())


def test_corpus_of_version_2_goes_on(tmp_path):
    """Its lines stay as they are, without position; a line that waited and new ones have every column."""
    live(tmp_path)
    with opened(tmp_path) as ledger:
        accept(ledger, crawled(8))
    make_version_2(tmp_path)
    before = published(tmp_path)
    (tmp_path / read_manifest(tmp_path)[0].path).unlink()
    with opened(tmp_path) as ledger:
        parts = publisher(ledger, tmp_path)
        parts.recover()
        assert published(tmp_path) == before
        accept(ledger, crawled(9))
        parts.seal_all()
        records = list(ledger.records())
    assert problems(tmp_path) == []
    *old, new = read_manifest(tmp_path)
    assert {(part.first_position, part.last_position, part.sealed_at) for part in old} == {(None, None, None)}
    assert (new.path.split("/")[1], new.first_position, new.last_position) == ("day=2026-11-24", 1, 2)
    assert [list(record) for record in read_part(tmp_path / new.path)] == [list(records[0])] * 2
    assert [(r["article_id"], r["published_day"], r["position"]) for r in records if r["position"]] == [
        ("8", "2026-11-24", 1),
        ("9", "2026-11-24", 2),
    ]
    assert {record["position"] for record in records} == {None, 1, 2}
    with opened(tmp_path) as ledger:
        compact(ledger, tmp_path, max_rows=100)
    assert {Path(path).parent.name for path in part_files(tmp_path)} == {
        "day=2026-11-23",
        "day=2026-11-24",
        "day=__HIVE_DEFAULT_PARTITION__",
    }
    assert not [*tmp_path.glob("articles/date_published=*")]
    assert problems(tmp_path) == []
    assert sorted(record["headline"] for record in read_corpus(tmp_path)) == sorted(
        record["headline"] for record in records if (record["article_id"], record["revision"]) != ("2", 1)
    )


def test_tables_are_those_of_this_version():
    made = [str(CreateTable(table)) for table in metadata.sorted_tables]
    made += sorted(str(CreateIndex(index)) for table in metadata.sorted_tables for index in table.indexes)
    assert hashlib.sha256("\n".join(made).encode()).hexdigest()[:16] == SHAPES[STATE_VERSION]


def test_every_older_version_has_a_step():
    assert migrations.MIGRATIONS.keys() == set(range(1, STATE_VERSION))
