"""The plain Python of the corpus job: groups, decisions of a task, numbers of parts."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_scenario import NOW, body, crawled, opened

from alqahira.archive.spark.job import _first_line, components, decide, first_numbers, write_parts
from alqahira.archive.spark.reading import ARTICLE, Row
from alqahira.article import to_json_line, to_record
from alqahira.ledger.decisions import skip_reason
from alqahira.publishing.manifest import check
from alqahira.text.near_duplicates import fingerprint

# --- groups -------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.text("abcdefgh", min_size=1, max_size=2), st.text("abcdefgh", min_size=1, max_size=2))))
def test_component_is_all_names_connected_by_edges(edges):
    groups = components(edges)
    assert groups.keys() == {name for edge in edges for name in edge}
    expected = {name: {name} for name in groups}
    for a, b in edges:
        tied = expected[a] | expected[b]
        for name in tied:
            expected[name] = tied
    assert groups == {name: min(tied) for name, tied in expected.items()}


# --- decisions ----------------------------------------------------------------------------------


def article(number, story, edit, hours, topics):
    """Article `number` on a story, fetched at an hour; `edit`: 0 unchanged, 1 edited most, 5 least."""
    words = body(story, 60).split(" ")
    if edit:
        words[edit :: 6 + 4 * edit] = ["كلمة"] * len(words[edit :: 6 + 4 * edit])
    moment = NOW + timedelta(hours=hours)
    item = crawled(number, text=" ".join(words), headline=f"عنوان {story} {edit}", fetched=moment)
    item.article.topics, item.article.date_published = list(topics), moment
    item.article.discovered_on = item.fetch.discovered_on
    item.article.date_crawled = item.article.date_first_seen = moment
    item.article.run_id = "run"
    return item


def by_ledger(ledger, item, mode):
    """What the pipelines decide."""
    article = item.article
    if (cause := skip_reason(article)) and ledger.skip(item):
        return ("off_topic", cause, None)
    verdict = ledger.accept(item, fingerprint(article.article_body), near_duplicates=mode)
    line = None if verdict.outcome == "unchanged" else to_json_line(to_record(verdict.article))
    return (verdict.outcome, verdict.cause, line)


EVENTS = st.lists(
    st.tuples(
        st.integers(1, 4),  # which article
        st.integers(1, 3),  # which story
        st.integers(0, 5),  # how it is edited
        st.sampled_from([1, 1, 1, 40, 80]),  # hours since the one before
        st.sampled_from([("defense",), ("defense",), ("defense", "foreign_affairs"), ("foreign_affairs",), ()]),
    ),
    max_size=14,
)


def row(item, place):
    line = to_json_line(to_record(item.article))
    return Row(0, place, ARTICLE, clock=place, key=item.fetch.key, article_id=item.article.article_id, line=line)


@pytest.mark.parametrize("mode", ["drop", "mark", "off"])
@given(events=EVENTS)
@settings(max_examples=10, deadline=None)
def test_task_decides_as_the_pipelines_do(tmp_path_factory, mode, events):
    hours, items = 0, []
    for number, story, edit, later, topics in events:
        hours += later
        items.append(article(number, story, edit, hours, topics))
    decisions = list(decide([row(item, place) for place, item in enumerate(items)], near_duplicates=mode))
    assert [decision[:3] for decision in decisions] == [(place, 0, place) for place in range(len(items))]
    with opened(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'state.db'}") as ledger:
        ledger.start_run("run", "defense", NOW)
        expected = [by_ledger(ledger, item, mode) for item in items]
    assert [(decision.outcome, decision.cause, decision.line) for decision in decisions] == expected


def test_repeated_story_is_always_duplicate_of_the_first():
    items = [article(n, 1, (0, 4, 5)[n % 3], n, ("defense",)) for n in range(1, 7)]
    decisions = list(decide([row(item, place) for place, item in enumerate(items)], near_duplicates="drop"))
    assert Counter(decision.outcome for decision in decisions) == {"accepted": 1, "duplicate": 5}
    assert {decision.line.partition('"duplicate_of": ')[2][:3] for decision in decisions[1:]} == {'"1"'}


# --- parts --------------------------------------------------------------------------------------


class Line(NamedTuple):
    day: str
    line: str


def test_parts_have_every_line_in_order_and_unique_numbers(tmp_path):
    lines = [
        Line(day, f"{day} {n}")
        for day, rows in (("2026-11-01", 5), ("2026-11-02", 1), ("unknown", 4))
        for n in range(rows)
    ]
    numbers = first_numbers(Counter(line.day for line in lines), 2)
    assert numbers == {"2026-11-01": 1, "2026-11-02": 4, "unknown": 5}
    positions = first_numbers(Counter(line.day for line in lines), 1)
    how = {"folder": tmp_path, "below": "articles", "numbers": numbers, "positions": positions, "max_rows": 2}
    parts = [
        part
        for day, of_day in groupby(lines, key=attrgetter("day"))  # each day by another task
        for part in write_parts(list(of_day), compress=day == "unknown", sealed_at="2026-11-24T12:00:00Z", **how)
    ]
    assert [part.path.rpartition("-")[2] for part in parts] == [f"{n:06d}.jsonl{'.gz' * (n > 4)}" for n in range(1, 7)]
    assert [part.rows for part in parts] == [2, 2, 1, 1, 2, 2]
    assert [check(tmp_path, part) for part in parts] == [None] * 6
    assert [(part.sequence, part.first_position, part.last_position) for part in parts] == [
        (1, 1, 2),
        (2, 3, 4),
        (3, 5, 5),
        (4, 6, 6),
        (5, 7, 8),
        (6, 9, 10),
    ]
    read = (tmp_path / parts[0].path).read_text() + (tmp_path / parts[1].path).read_text()
    assert read.splitlines() == [line.line for line in lines[:4]]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("java.io.IOException: no space\n\tat org.apache", "java.io.IOException: no space"),
        (
            'Job aborted\nTraceback (most recent call last):\n  File "x.py", line 1, in y\n    z()\nOSError: gone\n\n\tat org.',
            "OSError: gone",
        ),
        ("", "no message"),
    ],
)
def test_error_of_spark_is_one_line(text, line):
    assert _first_line(RuntimeError(text)) == line
