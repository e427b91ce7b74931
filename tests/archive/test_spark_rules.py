"""The corpus job's plain Python: pieces of a file, pairs, groups, numbers of parts, and the ledger's decisions."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_scenario import NOW, body, crawled, opened

from alqahira.archive.spark import grouping
from alqahira.archive.spark.deciding import Event, LedgerSimulator
from alqahira.archive.spark.job import _first_line
from alqahira.archive.spark.reading import ARTICLE, hashed
from alqahira.archive.spark.writing import first_numbers, write_parts
from alqahira.archive.warc_files import Damage, read_records, slices
from alqahira.archive.writer import files
from alqahira.article import to_json_line, to_record
from alqahira.ledger.decisions import skip_reason
from alqahira.publishing.parts import check
from alqahira.text.near_duplicates import features, fingerprint, same_story
from benchmarks.corpus import write_archive

HOUR = 3600


# --- pieces -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pieces") / "archive"
    write_archive(folder, 60)
    return folder


@pytest.mark.parametrize("size", [1, 999, 20_000, 10**9])
def test_the_pieces_of_a_file_hold_each_record_once_and_in_order(archive, size):
    path = files(archive)[0]
    whole = [(r.offset, r.length, r.type) for r in read_records(path, max_bytes=10**7)]
    spans = slices(path, size)
    cut = [
        (r.offset, r.length, r.type)
        for start, stop in spans
        for r in read_records(path, max_bytes=10**7, start=start, stop=stop)
    ]
    assert cut == whole
    assert [stop for _, stop in spans] == [start for start, _ in spans[1:]] + [None]
    assert (len(spans) == 1) == (size == 10**9)


@pytest.mark.parametrize("size", [500, 3_000, 10**9])
def test_damage_is_met_once_wherever_the_file_is_cut(archive, tmp_path, size):
    content = bytearray(files(archive)[0].read_bytes())
    spans = [(r.offset, r.length) for r in read_records(files(archive)[0], max_bytes=10**7)]
    offset, length = spans[3]
    content[offset + length // 2] ^= 0xFF
    torn = bytes(content[: spans[9][0]]) + b"garbage" * 900 + bytes(content[spans[9][0] :])
    path = tmp_path / "torn.warc.gz"
    path.write_bytes(torn)
    whole = list(read_records(path, max_bytes=10**7))
    cut = [r for start, stop in slices(path, size) for r in read_records(path, max_bytes=10**7, start=start, stop=stop)]
    assert [(type(r), r.offset, r.length) for r in cut] == [(type(r), r.offset, r.length) for r in whole]
    assert sum(isinstance(r, Damage) for r in cut) == 2


# --- pairs and groups ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([(0, 1, 100), (72 * HOUR, 2, 100)], {(1, 2)}),
        ([(0, 2, 100), (HOUR, 1, 100)], {(1, 2)}),
        ([(0, 1, 100), (72 * HOUR + 2, 2, 100)], set()),  # news again
        ([(0, 1, 100), (0, 2, 149)], {(1, 2)}),
        ([(0, 1, 100), (0, 2, 150)], set()),  # a bulletin
        ([(0, 1, 0), (0, 2, 0)], set()),
        ([(0, 1, 10), (0, 2, 10), (0, 3, 10)], {(1, 2), (1, 3), (2, 3)}),
    ],
)
def test_versions_that_share_a_band_are_paired_within_the_window_and_about_as_long(members, expected):
    assert set(grouping.pairs(members)) == expected


def test_a_band_that_thousands_share_gives_pairs_by_their_number_and_one_group():
    found = list(grouping.pairs(((n, n, 100) for n in range(5_000)), max_followers=8))
    assert len(found) <= 8 * 5_000
    assert len(set(grouping.groups((str(a), str(b)) for a, b in found).values())) == 1


@given(st.lists(st.tuples(st.text("abcdefgh", min_size=1, max_size=2), st.text("abcdefgh", min_size=1, max_size=2))))
def test_a_group_is_all_that_edges_tie_together_and_nothing_else(edges):
    found = grouping.groups(edges)
    assert found.keys() == {name for edge in edges for name in edge}
    expected = {name: {name} for name in found}
    for a, b in edges:
        tied = expected[a] | expected[b]
        for name in tied:
            expected[name] = tied
    assert found == {name: min(tied) for name, tied in expected.items()}


@given(st.integers(0, 2**32), st.floats(0, 0.2))
@settings(max_examples=60, deadline=None)
def test_no_pair_that_the_rule_calls_the_same_is_lost_by_hashing(seed, share):
    random, words = Random(seed), body(seed % 97).split()
    other = [random.choice(words) if random.random() < share else word for word in words]
    a, b = features(" ".join(words)), features(" ".join(other))
    if same_story(a, b):
        one, two = set(hashed(a.shingles)), set(hashed(b.shingles))
        assert len(one & two) >= grouping.LEAST_JACCARD * len(one | two)
        assert all(-(2**31) <= shingle < 2**31 for shingle in one)


# --- decisions ----------------------------------------------------------------------------------


def told(number, story, edit, hours, topics):
    """Article `number` tells a story, every so manyeth word another (`edit` 1 the most), at an hour."""
    words = body(story, 60).split(" ")
    if edit:
        words[edit :: 6 + 4 * edit] = ["كلمة"] * len(words[edit :: 6 + 4 * edit])
    moment = NOW + timedelta(hours=hours)
    item = crawled(number, text=" ".join(words), headline=f"عنوان {story} {edit}", fetched=moment)
    item.article.topics, item.article.date_published = list(topics), moment
    item.article.discovered_on = item.visit.discovered_on
    item.article.date_crawled = item.article.date_first_seen = moment
    item.article.run_id = "run"
    return item


def by_ledger(ledger, item, mode):
    """As the pipelines have it."""
    article = item.article
    if (why := skip_reason(article)) and ledger.skip(item):
        return ("off_topic", why, None)
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


@pytest.mark.parametrize("mode", ["drop", "mark", "off"])
@given(events=EVENTS)
@settings(max_examples=20, deadline=None)
def test_simulator_decides_as_the_ledger_does(tmp_path_factory, mode, events):
    simulator, hours = LedgerSimulator(mode), 0
    with opened(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'state.db'}") as ledger:
        ledger.start_run("run", "defense", NOW)
        for number, story, edit, later, topics in events:
            hours += later
            line = to_json_line(to_record(told(number, story, edit, hours, topics).article))
            found = simulator.decide(Event(ARTICLE, None, line))
            item = told(number, story, edit, hours, topics)
            assert (found.outcome, found.cause, found.line) == by_ledger(ledger, item, mode)


def test_a_story_told_again_and_again_is_each_time_a_duplicate_of_the_first():
    simulator = LedgerSimulator("drop")
    lines = [to_json_line(to_record(told(n, 1, (0, 4, 5)[n % 3], n, ("defense",)).article)) for n in range(1, 7)]
    found = [simulator.decide(Event(ARTICLE, None, line)) for line in lines]
    assert Counter(decision.outcome for decision in found) == {"accepted": 1, "duplicate": 5}
    assert {decision.line.partition('"duplicate_of": ')[2][:3] for decision in found[1:]} == {'"1"'}


# --- parts --------------------------------------------------------------------------------------


def test_parts_hold_every_line_in_its_order_and_no_number_is_given_twice(tmp_path):
    lines = [
        (day, f"{day} {n}") for day, rows in (("2026-11-01", 5), ("2026-11-02", 1), ("unknown", 4)) for n in range(rows)
    ]
    numbers = first_numbers(Counter(day for day, _ in lines), 2)
    assert numbers == {"2026-11-01": 1, "2026-11-02": 4, "unknown": 5}
    how = {"below": "articles", "max_rows": 2}
    parts = [
        part
        for day, of_day in groupby(lines, key=itemgetter(0))  # each day by another task
        for part in write_parts(list(of_day), tmp_path, numbers, compress=day == "unknown", **how)
    ]
    assert [part.path.rpartition("-")[2] for part in parts] == [f"{n:06d}.jsonl{'.gz' * (n > 4)}" for n in range(1, 7)]
    assert [part.rows for part in parts] == [2, 2, 1, 1, 2, 2]
    assert [check(tmp_path, part) for part in parts] == [None] * 6
    read = (tmp_path / parts[0].path).read_text() + (tmp_path / parts[1].path).read_text()
    assert read.splitlines() == [line for _, line in lines[:4]]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("java.io.IOException: no space\n\tat org.apache", "java.io.IOException: no space"),
        (
            'Job aborted\nTraceback (most recent call last):\n  File "x.py", line 1, in y\n    z()\nOSError: gone\n\n\tat org.',
            "OSError: gone",
        ),
        ("", "it does not say why"),
    ],
)
def test_an_error_of_spark_is_one_line(text, line):
    assert _first_line(RuntimeError(text)) == line
