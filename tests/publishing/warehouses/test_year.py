"""A simulated year on each engine: after every load the table has what `scrapy export` has, incremental and full."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from engines import EACH, ENGINES, NAMES, opened_page
from simulated_year import NEW_COLUMN, make_year

from alqahira.publishing import parquet
from alqahira.publishing.manifest import read_manifest

# dlt's page has the incremental load alone.
INCREMENTAL = {"dlt": "Load"}
# Of how many full loads one is run.
FULL = {"spark": 4}

pytestmark = pytest.mark.warehouse


@pytest.fixture(scope="module")
def year(tmp_path_factory):
    return make_year(tmp_path_factory.mktemp("year"))


def run(page, section, output):
    (page.folder / "output").unlink(missing_ok=True)
    (page.folder / "output").symlink_to(output)
    page.run(section)


def add_column(page, engine, monkeypatch):
    """The new column, in a database's table or in the record, which gives a file its columns."""
    if engine.new_column:
        engine.sql(page, engine.new_column)
    elif engine.package != "dlt":  # which adds columns by itself
        schema = parquet.arrow_schema()
        schema = schema.append(schema.field("description").with_name(NEW_COLUMN))
        monkeypatch.setattr(parquet, "arrow_schema", lambda: schema)
        page.run("Create")


def empty(page, engine):
    if engine.sql:
        engine.sql(page, engine.delete)
    else:
        (page.folder / "articles.parquet").unlink()


def check(page, engine, load):
    assert engine.lines(page) == engine.expected(load.lines(NAMES)), load.name
    if load.column_since is not None:
        names = ["position", NEW_COLUMN]
        rows = [map(json.loads, lines) for lines in (engine.lines(page, names), load.lines(names))]
        has, expected = ([row for row in each if row["position"] > load.column_since] for each in rows)
        assert sorted(map(str, has)) == sorted(map(str, expected)), load.name


def without_known_parts(load, folder):
    """The same corpus, of which only the parts can be read that have something new."""
    shutil.copytree(load.output, folder)
    for part in read_manifest(folder):
        if part.last_position <= load.known:
            (folder / part.path).write_bytes(b"not JSON")
    return folder


@pytest.mark.parametrize("name", EACH)
def test_table_equals_the_export_after_every_load(name, year, tmp_path, monkeypatch):
    engine = ENGINES[name]
    with opened_page(name, tmp_path, monkeypatch) as page:
        page.run("Create")
        has_column = False
        for load in year:
            if load.column_since is not None and not has_column:
                add_column(page, engine, monkeypatch)
                has_column = True
            is_last_day = load.name == "day 30"
            output = without_known_parts(load, tmp_path / "new") if is_last_day else load.output
            run(page, INCREMENTAL.get(name, "What is new"), output)
            check(page, engine, load)
        for load in year[:: FULL.get(name, 1)] if name not in INCREMENTAL else ():
            empty(page, engine)
            run(page, "Load", load.output)
            check(page, engine, load)


@pytest.mark.parametrize("name", EACH)
def test_load_that_misses_a_part_fails_and_can_be_repeated(name, year, tmp_path, monkeypatch):
    """As one that has read the manifest, and comes to the parts after the grace period."""
    engine, section = ENGINES[name], INCREMENTAL.get(name, "What is new")
    first, second, *_ = year
    late = shutil.copytree(second.output, tmp_path / "late")
    new = [part for part in read_manifest(late) if part.last_position > second.known]
    assert len(new) > 1
    (late / new[-1].path).unlink()
    with opened_page(name, tmp_path, monkeypatch) as page:
        page.run("Create")
        run(page, section, first.output)
        with pytest.raises(Exception, match=re.escape(Path(new[-1].path).name)):
            run(page, section, late)
        if rollback := getattr(page.names.get("db"), "rollback", None):
            rollback()  # what the end of the process does
        run(page, section, second.output)
        check(page, engine, second)
