"""A record's fields for its page: the value of each, where it came from, and what differs between two. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from alqahira.ledger.decisions import Reason
from alqahira.monitoring.logs import decode_addresses
from alqahira.monitoring.report import words
from alqahira.monitoring.report.figures import NOWHERE
from alqahira.monitoring.report.served.differences import Passage, compare, compare_items, compare_words
from alqahira.text.entity_table import names

Record = Mapping[str, Any]

REASONS = {
    None: "أول نسخة",
    Reason.TEXT: "تغيّر العنوان أو النص",
    Reason.METADATA: "تغيّرت بيانات غير النص",
    Reason.REMOVED: "أُزيلت من الموقع",
    Reason.RETURNED: "عادت إلى الموقع",
}
FIELD_NAMES = {
    **words.FIELDS,
    "url": "العنوان على الويب",
    "word_count": "عدد الكلمات",
    "content_hash": "بصمة النص",
    "date_first_seen": "أول رصد",
    "date_crawled": "وقت القراءة",
    "date_removed": "وقت الإزالة",
    "run_id": "الجولة",
}
_MOMENTS = ("date_published", "date_modified", "date_first_seen", "date_crawled", "date_removed")
_CODES = ("url", "image_url", "discovered_on", "content_hash", "run_id")
_HIDDEN = ("date_published_source", "topic_terms", "mentions")
# What computes them, for those that no source has.
_COMPUTED = {
    "authors": "من سطر المصدر",
    "agencies": "من سطر المصدر",
    "word_count": "معدودة في النص",
    "content_hash": "محسوبة من العنوان والنص",
    "discovered_on": "أول ما أشار إلى المادة",
    "date_first_seen": "ساعة الجولة",
    "date_crawled": "ساعة الجولة",
    "duplicate_of": "مقارنة النصوص",
}
# The lists whose deciding words the record has.
_TERMS = {"topics": "topic_terms", "countries": "mentions", "organizations": "mentions"}
# Fields of which a change is none of the site's.
_BOOKKEEPING = {
    *("schema_version", "article_id", "revision", "article_body", "word_count", "content_hash", "date_first_seen"),
    *("date_crawled", "run_id", "revision_reason", "published_day", "position", "is_published", "layout"),
    *("date_published_source", "discovered_on", "topic_terms", "mentions", "in_language"),
}


# What differs between two articles, however much one repeats the other.
_OWN = {"url", "image_url", "duplicate_of"}


class FieldRow(NamedTuple):
    """A field on the page. `terms`: the words that decided it, after the text of `source`."""

    name: str
    values: list[str]
    source: str
    terms: list[str]
    is_code: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two records side by side: titles, the fields that differ, and the bodies."""

    before: str
    after: str
    fields: list[tuple[str, Passage]]
    passages: list[Passage]

    @property
    def is_body_changed(self) -> bool:
        return any(passage.is_changed for passage in self.passages)


def field_rows(record: Record, account: Mapping[str, Any]) -> Iterator[FieldRow]:
    """Every field, with its source as the record has it, else as the pages of its run had it.

    `account`: of the record's run; empty if it is not known.
    """
    for name, label in FIELD_NAMES.items():
        if name in _HIDDEN:
            continue
        values = [f"{len(record[name]):,} حرفًا"] if name == "article_body" and record[name] else _values(name, record)
        source, terms = _source(name, record, account) if values else ("", [])
        yield FieldRow(label, values, source, terms, name in _CODES)


def compared(before: Record, after: Record, titles: tuple[str, str]) -> Comparison:
    """Two records side by side, under their titles."""
    ignored = _BOOKKEEPING | (_OWN if before["article_id"] != after["article_id"] else set())
    names_of = [name for name in after if name not in ignored and before.get(name) != after[name]]
    # The headline first, also where it is the same: it says what the text is.
    names_of = ["headline", *(name for name in names_of if name != "headline")]
    fields = [(FIELD_NAMES.get(name, name), _passage(name, before, after)) for name in names_of]
    bodies = (before["article_body"] or "", after["article_body"] or "")
    return Comparison(*titles, fields, compare(*bodies))


def _passage(name: str, before: Record, after: Record) -> Passage:
    """A field of both; lists item by item."""
    ours, theirs = _values(name, before), _values(name, after)
    if isinstance(after[name], list):
        return compare_items(_listed(ours), _listed(theirs), "،")
    return compare_words(" ".join(ours), " ".join(theirs))


def _listed(items: list[str]) -> list[str]:
    return [f"{item}، " for item in items[:-1]] + items[-1:]


def shown(kind: str, value: str) -> str:
    """A label in words; an unknown code stays as it is."""
    if kind == "day":
        return words.day(datetime.fromisoformat(value).date())
    if kind == "topic":
        return words.TOPICS.get(value, value)
    if kind == "agency":
        return words.agency(value)
    if kind in ("country", "organization"):
        return names("countries" if kind == "country" else "organizations").get(value, value)
    return value


def _values(name: str, record: Record) -> list[str]:
    value = record.get(name)
    if value is None or value == "" or value == []:
        return []
    if name in _MOMENTS:
        return [words.moment(datetime.fromisoformat(value))]
    if name == "revision_reason":
        return [REASONS.get(value) or str(value)]
    if name in ("url", "discovered_on"):
        return [decode_addresses(value)]
    kinds = {"topics": "topic", "agencies": "agency", "countries": "country", "organizations": "organization"}
    return [shown(kinds.get(name, ""), str(each)) for each in (value if isinstance(value, list) else [value])]


def _source(name: str, record: Record, account: Mapping[str, Any]) -> tuple[str, list[str]]:
    own: str | None = {"article_body": record["layout"], "date_published": record["date_published_source"]}.get(name)
    if own:
        return words.SOURCES.get(own, own), []
    if name in _TERMS:
        return "عباراتها: ", list(_deciding(name, record))
    if name in _COMPUTED:
        return _COMPUTED[name], []
    counts = {source: n for source, n in account.get("sources", {}).get(name, {}).items() if source != NOWHERE}
    if not counts:
        return "", []
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return "في صفحات جولتها: " + "، ".join(f"{words.SOURCES.get(source, source)} {n:,}" for source, n in ranked), []


def _deciding(name: str, record: Record) -> Iterator[str]:
    """The terms of the topics, or the words that the states or organizations were named by."""
    for term in record[_TERMS[name]] or ():
        code, _, word = term.partition(":")
        if name == "topics":
            yield term
        elif code in (record[name] or ()):
            yield word
