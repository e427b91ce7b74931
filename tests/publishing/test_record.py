"""A line of the corpus: every key, in order, readable as JSON Lines."""

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alqahira.article import Article, from_record, to_json_line, to_record
from alqahira.publishing.schema import json_schema

SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "schema" / "article.schema.json"


def article(**values):
    required = {"article_id": "7", "url": "https://a.b/news/7", "headline": "عنوان", "article_body": "نص"}
    derived = {"word_count": 1, "content_hash": "0" * 64, "layout": "site", "run_id": "r"}
    made = Article(**(required | derived | values))
    made.date_first_seen = made.date_crawled = datetime(2026, 11, 24, 12, tzinfo=UTC)
    return made


def test_line_has_every_key_in_order_of_fields():
    assert list(json.loads(to_json_line(to_record(article())))) == [field.name for field in fields(Article)]


def test_timestamp_is_utc_to_the_second():
    cairo = datetime(2023, 8, 9, 11, 20, 0, 900_000, tzinfo=timezone(timedelta(hours=3)))
    assert to_record(article(date_published=cairo))["date_published"] == "2023-08-09T08:20:00Z"


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\n", "\r", "\x85", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"])
def test_line_separator_does_not_break_the_line(character):
    line = to_json_line(to_record(article(headline=f"قبل{character}بعد")))
    assert len(line.splitlines()) == 1
    assert json.loads(line)["headline"] == f"قبل{character}بعد"


def test_arabic_is_not_escaped():
    assert "عنوان" in to_json_line(to_record(article()))


@given(st.text(min_size=1), st.lists(st.text()), st.none() | st.text())
def test_line_is_read_back_as_the_same_article(headline, keywords, description):
    made = article(headline=headline, keywords=keywords, description=description)
    assert from_record(json.loads(to_json_line(to_record(made)))) == made


def test_line_of_an_older_version_is_read_without_the_columns_that_it_lacks():
    line = to_record(article())
    for name in ("countries", "organizations", "mentions", "position", "published_day"):
        del line[name]
    assert from_record(line).countries == []


def test_committed_schema_is_that_of_the_dataclass():
    assert json.loads(SCHEMA_FILE.read_text()) == json_schema(), "run `make schema`"


def test_record_is_valid():
    jsonschema.validate(to_record(article()), json_schema(), format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize(
    "wrong", [{"headline": ""}, {"article_id": "x7"}, {"revision": 0}, {"topics": ["sport"]}, {"keywords": None}]
)
def test_wrong_record_is_invalid(wrong):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(to_record(article()) | wrong, json_schema())
