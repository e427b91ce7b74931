"""Every written article of the replica, under every switch of its pages, gives exactly the true fields."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import cache
from itertools import product

import pytest

from alqahira.extraction.extractor import read_page
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import Pages

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FACES = list(product(("none", "next_data", "next_f"), ("full", "none"), ("bare", "headline")))
# Its visible date is a default that nobody filled in; without metadata and page data the true one is not on the page.
NO_TRUE_DATE = 61512


@cache
def read_all(options: ReplicaOptions):
    """(article, reading of its page, true fields) of each article."""
    newsroom = Newsroom(options, real_now=NOW)
    pages = Pages(options, newsroom)
    return [
        (
            article,
            read_page(pages.article(article), pages.url(article), now=NOW),
            article.expected(options, page_only=True),
        )
        for article in newsroom.articles()
    ]


def wrong_fields(article, read, expected, options):
    shows_no_date = article.number == NO_TRUE_DATE and options.metadata == options.page_data == "none"
    for name, value in expected.items():
        if name == "date_published" and shows_no_date:
            continue
        actual = getattr(read, name)
        if name == "date_published" and value is not None and actual is not None:
            tolerance = article.tolerance if options.classes == "older" else article.tolerance * 0
            if abs(actual - value) > tolerance:
                yield article.number, name, actual, value
        elif actual != value:
            yield article.number, name, actual, value


def wrong(options: ReplicaOptions, *, names=(), without=()):
    """The fields of `names` (or all but `without`) that are wrong, and pages wrongly read as an article or as none."""
    differences = []
    for article, reading, expected in read_all(options):
        if article.not_article:
            # Without page data, a post that shows only a film is a video.
            causes = (article.not_article, "video") if options.page_data == "none" else (article.not_article,)
            if reading.article or (article.kind == "post" and reading.cause not in causes):
                differences.append((article.number, "is no article", reading.cause, article.not_article))
        elif reading.article is None:
            differences.append((article.number, "is an article", reading.cause, None))
        else:
            truth = {name: expected[name] for name in names or expected if name not in without}
            differences += wrong_fields(article, reading.article, truth, options)
    return differences


@pytest.mark.parametrize(("page_data", "metadata", "title"), FACES)
def test_known_markup_gives_exact_fields(page_data, metadata, title):
    options = ReplicaOptions(page_data=page_data, metadata=metadata, title=title, now=NOW)
    assert wrong(options, without=("topics",)) == []  # those are measured: docs/topics.md


@pytest.mark.parametrize(("page_data", "metadata", "title"), FACES)
def test_older_layout_gives_exact_fields(page_data, metadata, title):
    options = ReplicaOptions(page_data=page_data, metadata=metadata, title=title, classes="older", now=NOW)
    assert wrong(options, without=("topics",)) == []  # those are measured: docs/topics.md


@pytest.mark.parametrize("classes", ["known", "older", "renamed"])
@pytest.mark.parametrize("page_data", ["next_data", "next_f"])
def test_page_gives_its_kind(classes, page_data):
    options = ReplicaOptions(classes=classes, page_data=page_data, now=NOW)
    kinds = {article.number: (article.kind, reading.kind) for article, reading, _ in read_all(options)}
    assert {number: pair for number, pair in kinds.items() if pair[0] != "post" and pair[0] != pair[1]} == {}
    assert not any(read for kind, read in kinds.values() if kind == "post" and read not in (None, "post"))


@pytest.mark.parametrize("page_data", ["next_data", "next_f"])
def test_empty_shell_with_page_data_gives_its_fields(page_data):
    options = ReplicaOptions(render="client", page_data=page_data, metadata="none", now=NOW)
    names = ("headline", "article_body", "description", "credit_line", "image_url", "image_caption", "keywords")
    differences = []
    for article, reading, expected in read_all(options):
        if article.not_article:
            assert reading.article is None
            continue
        differences += wrong_fields(article, reading.article, {name: expected[name] for name in names}, options)
        assert reading.article.layout == "page_data"
    assert differences == []


def f1(read, expected):
    """F1 of the words of two bodies, as multisets."""
    a, b = Counter(read.split()), Counter(expected.split())
    return 2 * (a & b).total() / (a.total() + b.total())


@pytest.mark.parametrize(("page_data", "metadata", "title"), FACES)
def test_redesign_keeps_headline_date_and_body(page_data, metadata, title):
    options = ReplicaOptions(page_data=page_data, metadata=metadata, title=title, classes="renamed", now=NOW)
    scores, differences = [], []
    for article, reading, expected in read_all(options):
        if article.not_article:
            assert reading.article is None
            continue
        scores.append(f1(reading.article.article_body, expected["article_body"]))
        exact = {name: expected[name] for name in ("headline", "date_published", "credit_line", "image_url")}
        differences += wrong_fields(article, reading.article, exact, options)
    assert differences == []
    assert min(scores) >= 0.9
    assert sum(scores) / len(scores) >= 0.95
