"""What the ledger would have decided, of one group of articles, in its order and by its rules. Pure.

`LedgerSimulator` is the ledger's articles and near-duplicate index as plain dictionaries; the rules themselves are
`alqahira.ledger.decisions`, which both ask.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from alqahira.archive.spark.reading import FAILED
from alqahira.article import Article, from_record, to_json_line, to_record
from alqahira.ledger.decisions import (
    MAX_CANDIDATES,
    Candidate,
    Outcome,
    StoredArticle,
    decide,
    find_duplicate,
    published_or_seen,
    skip_reason,
)
from alqahira.text.dates import cairo_day
from alqahira.text.near_duplicates import Fingerprint, fingerprint


class Event(NamedTuple):
    """A row of `reading` that can decide something. `line`: the article as a record."""

    kind: str
    cause: str | None
    line: str | None


class Decision(NamedTuple):
    """What became of it; `line` is the record where there is one to write: accepted or duplicate."""

    outcome: str
    cause: str
    day: str | None = None  # the Cairo day of a record, or `unknown`
    line: str | None = None


@dataclass(slots=True)
class _Version:
    article: Article
    status: Outcome


class LedgerSimulator:
    """One group. Events come in the order in which the ledger saw them."""

    def __init__(self, near_duplicates: str, *, is_alone: bool = False) -> None:
        """`is_alone`: there is one article in the group, so nothing that it could repeat."""
        self._near_duplicates = "off" if is_alone else near_duplicates
        self._versions: dict[str, list[_Version]] = {}
        self._same_content: dict[str, list[Article]] = {}
        self._indexed: dict[str, Fingerprint] = {}
        self._bands: dict[int, set[str]] = {}

    def decide(self, event: Event) -> Decision:
        if event.kind == FAILED:
            return Decision("failed", event.cause or "")
        article = from_record(json.loads(event.line or ""))
        number = article.article_id
        versions = self._versions.setdefault(number, [])
        cause = skip_reason(article)
        if cause and not any(version.status is Outcome.ACCEPTED for version in versions):
            return Decision("off_topic", cause)
        found = None if self._near_duplicates == "off" else fingerprint(article.article_body)
        verdict = decide(article, self._stored(number), partial(self._original, article, found), self._near_duplicates)
        if verdict.outcome is Outcome.UNCHANGED:
            return Decision(verdict.outcome.value, verdict.cause)
        versions.append(_Version(article, verdict.outcome))
        self._same_content.setdefault(article.content_hash, []).append(article)
        if article.duplicate_of is None and found is not None:
            self._index(number, found)
        day = str(cairo_day(article.date_published)) if article.date_published else "unknown"
        return Decision(verdict.outcome.value, verdict.cause, day, to_json_line(to_record(article)))

    def _stored(self, number: str) -> StoredArticle | None:
        newest = self._newest(number)
        if newest is None:
            return None
        article = newest.article
        assert article.date_first_seen is not None
        seen = article.date_first_seen
        return StoredArticle(newest.status, article.revision, article.content_hash, article.duplicate_of, seen)

    def _newest(self, number: str) -> _Version | None:
        return max(self._versions.get(number, []), key=lambda version: version.article.revision, default=None)

    def _original(self, article: Article, found: Fingerprint | None) -> tuple[str, str] | None:
        assert found is not None
        others = (a for a in self._same_content.get(article.content_hash, []) if a.article_id != article.article_id)
        if same := min(others, key=lambda other: str(other.date_crawled), default=None):
            return same.duplicate_of or same.article_id, "same_content"
        shared = Counter(name for band in {*found.bands} for name in self._bands.get(band, ()))
        del shared[article.article_id]
        closest = sorted(shared, key=lambda name: (-shared[name], name))[:MAX_CANDIDATES]
        near = find_duplicate(article, found.features, self._candidates(closest))
        return (near, "near_duplicate") if near else None

    def _candidates(self, names: Iterable[str]) -> Iterator[Candidate]:
        for name in names:
            if newest := self._newest(name):
                body = newest.article.article_body
                yield Candidate(name, published_or_seen(newest.article), lambda body=body: body)  # type: ignore[misc]

    def _index(self, number: str, found: Fingerprint) -> None:
        """Make the article a candidate by these bands, and no longer by those of an earlier revision."""
        if before := self._indexed.get(number):
            for band in before.bands:
                self._bands[band].discard(number)
        for band in found.bands:
            self._bands.setdefault(band, set()).add(number)
        self._indexed[number] = found


def decide_group(events: Sequence[Event], names: int, near_duplicates: str) -> Iterator[Decision]:
    """What became of each event of a group of `names` articles, in their order."""
    simulator = LedgerSimulator(near_duplicates, is_alone=names < 2)
    return map(simulator.decide, events)
