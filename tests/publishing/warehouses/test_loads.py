"""Each page of docs/warehouses, run as printed on its engine: all engines return the same rows.

A first load, a second that brings new revisions, the same again, then the older parts alone, and at last a part with
a column more and one less.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import re
from contextlib import closing

import pytest
from awkward_corpus import newest_lines
from engines import EACH, ENGINES, NAMES, opened_page

from alqahira.publishing.dialects import ddl
from alqahira.publishing.manifest import part_files, read_part

pytestmark = pytest.mark.warehouse


def digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


@pytest.mark.parametrize("name", EACH)
def test_printed_page_loads_merges_and_loads_again(name, awkward, tmp_path, monkeypatch):
    engine = ENGINES[name]
    early, whole, later = map(newest_lines, (awkward.early, awkward.whole, awkward.later))
    with opened_page(name, tmp_path, monkeypatch) as page:
        for step, (parts, expected) in enumerate(
            [
                (awkward.early, early),
                (awkward.whole, whole),
                (awkward.whole, whole),
                # dlt's load is that of what is new: a corpus whose positions went back is a restored one, and loaded whole.
                (awkward.early, early if name == "dlt" else whole),
                (awkward.later, later),
            ]
        ):
            (tmp_path / "output").unlink(missing_ok=True)
            (tmp_path / "output").symlink_to(parts)
            if step < 2:  # the second time, it leaves the table as it is
                page.run("Create")
            page.run("Load")
            expected = engine.expected(expected)
            lines = engine.lines(page)
            assert len(lines) == len(expected)
            assert lines == expected
            assert digest(lines) == digest(expected)
            words = sum(json.loads(text)["word_count"] for text in expected)
            assert [str(len(expected)), str(words)] == re.findall(r"\d+", str(page.run("Check")))[-2:]


@pytest.mark.parametrize("name", ["duckdb", "sqlite"])
def test_table_holds_every_revision_once(name, awkward):
    connect = importlib.import_module(name if name == "duckdb" else "sqlite3").connect
    records = [record for part in part_files(awkward.whole) for record in read_part(awkward.whole / part)]
    assert len(records) > len(newest_lines(awkward.whole))
    rows = [[json.dumps(v) if name == "sqlite" and isinstance(v, list) else v for v in r.values()] for r in records]
    insert = f"INSERT INTO articles VALUES ({', '.join('?' * len(NAMES))})"
    with closing(connect(":memory:")) as db:
        db.execute(ddl(name))
        db.executemany(insert, rows)
        assert db.execute("SELECT count(*) FROM articles").fetchone() == (len(records),)
        with pytest.raises(Exception, match=r"(?i)constraint|unique"):
            db.execute(insert, rows[0])
