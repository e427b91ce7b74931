"""docs/warehouses/questions.md: the printed answers are right."""

from __future__ import annotations

import re
from typing import Any

import pytest
from demo_corpus import make_demo_corpus
from printed import PAGES, blocks

from alqahira.publishing.dialects import ddl
from alqahira.publishing.manifest import read_corpus

pytestmark = pytest.mark.warehouse

PAGE = PAGES / "questions.md"
# A heading, its SQL, and the table that is printed below it.
QUESTION = re.compile(
    r"^## (?P<question>.+?)$.*?^```sql\n(?P<sql>.+?)^```\n\n?(?P<answer>(?:\|[^\n]*\n)*)", re.M | re.S
)
QUESTIONS = [match.groupdict() for match in QUESTION.finditer(PAGE.read_text("utf-8"))]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    import duckdb

    output = make_demo_corpus(tmp_path_factory.mktemp("demo"))
    with duckdb.connect() as db:
        db.execute(ddl("duckdb"))
        db.execute(f"COPY articles FROM '{output}/articles/*/part-*.jsonl' (FORMAT json)")
        assert db.execute("SELECT count(*) FROM articles").fetchone() == (len(list(read_corpus(output))),)
        yield db


def table(selected: Any) -> str:
    """Selected rows as Markdown."""
    names = [column[0] for column in selected.description]
    rows = [[str(value) for value in row] for row in selected.fetchall()]
    assert rows
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [names, ["---"] * len(names), *rows])


@pytest.mark.parametrize("entry", QUESTIONS, ids=lambda entry: entry["question"])
def test_printed_answer_is_right(entry, warehouse):
    assert table(warehouse.execute(entry["sql"])) == entry["answer"]


def test_each_of_fifteen_questions_has_an_answer():
    assert len(QUESTIONS) == len(list(blocks("questions"))) == 15
    assert all(entry["answer"] for entry in QUESTIONS)
