"""What the ledger would have decided, of one group of articles, in its order and by its rules. Pure.

`LedgerSimulator` is the ledger's articles, set-aside records and near-duplicate index as plain dictionaries; the rules
themselves are `alqahira.decisions`, which both ask.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from alqahira.article import Article
from alqahira.corpus.reading import ARTICLE, FAILED, TAKE_UP, PastRun
from alqahira.dates import cairo_day
from alqahira.decisions import (
    MAX_CANDIDATES,
    Candidate,
    Known,
    first_repeated,
    judge,
    story_time,
    why_not_covered,
)
from alqahira.record import from_record, to_json_line, to_record
from alqahira.similarity import Fingerprint, fingerprint


class Event(NamedTuple):
    """A row of `reading` that can decide something. `line`: the article as a record."""

    kind: str
    run: int
    key: str
    discovered_on: str | None
    cause: str | None
    line: str | None


class Decision(NamedTuple):
    """What became of it; `line` is the record where there is one to write: accepted, revised or duplicate."""

    outcome: str
    cause: str
    day: str | None = None  # the Cairo day of a record, or `unknown`
    line: str | None = None


@dataclass(slots=True)
class _Version:
    article: Article
    status: str


class LedgerSimulator:
    """One group. Happenings come in the order in which the ledger saw them."""

    def __init__(self, runs: Sequence[PastRun], near_duplicates: str, *, is_alone: bool = False) -> None:
        """`is_alone`: there is one article in the group, so nothing that it could repeat."""
        self._runs, self._near_duplicates = runs, "off" if is_alone else near_duplicates
        self._versions: dict[str, list[_Version]] = {}
        self._same_content: dict[str, list[Article]] = {}
        self._indexed: dict[str, Fingerprint] = {}
        self._bands: dict[int, set[str]] = {}
        # Of each page: the article that it gave last, and who led to it first.
        self._page_article: dict[str, str] = {}
        self._doors: dict[str, str | None] = {}

    def decide(self, what: Event) -> Decision | None:
        """None where nothing comes of it."""
        if what.kind in (ARTICLE, FAILED):
            self._doors.setdefault(what.key, what.discovered_on)
        if what.kind == FAILED:
            return Decision("failed", what.cause or "")
        if what.kind == TAKE_UP:
            return self._take_up(what)
        return self._pass_on(from_record(json.loads(what.line or "")), what)

    def _take_up(self, what: Event) -> Decision | None:
        """An article that another section's run has set aside."""
        newest = self._newest(self._page_article.get(what.key, ""))
        run = self._runs[what.run]
        if newest is None or newest.status != "set_aside" or run.topic not in newest.article.topics:
            return None
        door = what.discovered_on or self._doors.get(what.key)
        article = replace(newest.article, discovered_on=door, run_id=run.run_id or newest.article.run_id)
        return self._pass_on(article, what)

    def _pass_on(self, article: Article, what: Event) -> Decision:
        run, number = self._runs[what.run], article.article_id
        self._page_article[what.key] = number
        versions = self._versions.setdefault(number, [])
        cause = why_not_covered(article, run.topic, run.arguments)
        if cause and not any(version.status == "accepted" for version in versions):
            self._set_aside(article, versions)
            return Decision("off_topic", cause)
        found = None if self._near_duplicates == "off" else fingerprint(article.article_body)
        verdict = judge(article, self._known(number), partial(self._original, article, found), self._near_duplicates)
        if verdict.outcome == "unchanged":
            return Decision(verdict.outcome, verdict.cause)
        versions[:] = [version for version in versions if version.status != "set_aside"]
        versions.append(_Version(article, "accepted" if verdict.is_emitted else "duplicate"))
        self._same_content.setdefault(article.content_hash, []).append(article)
        if article.duplicate_of is None and found is not None:
            self._index(number, found)
        day = str(cairo_day(article.date_published)) if article.date_published else "unknown"
        return Decision(verdict.outcome, verdict.cause, day, to_json_line(to_record(article)))

    def _known(self, number: str) -> Known | None:
        newest = self._newest(number)
        if newest is None:
            return None
        article = newest.article
        assert article.date_first_seen is not None
        seen = article.date_first_seen
        return Known(newest.status, article.revision, article.content_hash, article.duplicate_of, seen)

    def _newest(self, number: str) -> _Version | None:
        return max(self._versions.get(number, []), key=lambda version: version.article.revision, default=None)

    def _set_aside(self, article: Article, versions: list[_Version]) -> None:
        if all(version.status == "set_aside" for version in versions):
            versions[:] = [_Version(article, "set_aside")] if article.topics else []

    def _original(self, article: Article, found: Fingerprint | None) -> tuple[str, str] | None:
        assert found is not None
        others = (a for a in self._same_content.get(article.content_hash, []) if a.article_id != article.article_id)
        if same := min(others, key=lambda other: str(other.date_crawled), default=None):
            return same.duplicate_of or same.article_id, "same_content"
        shared = Counter(name for band in {*found.bands} for name in self._bands.get(band, ()))
        del shared[article.article_id]
        closest = sorted(shared, key=lambda name: (-shared[name], name))[:MAX_CANDIDATES]
        near = first_repeated(article, found.features, self._candidates(closest))
        return (near, "near_duplicate") if near else None

    def _candidates(self, names: Iterable[str]) -> Iterator[Candidate]:
        for name in names:
            if newest := self._newest(name):
                body = newest.article.article_body
                yield Candidate(name, story_time(newest.article), lambda body=body: body)  # type: ignore[misc]

    def _index(self, number: str, found: Fingerprint) -> None:
        """Make the article a candidate by these bands, and no longer by those of an earlier revision."""
        if before := self._indexed.get(number):
            for band in before.bands:
                self._bands[band].discard(number)
        for band in found.bands:
            self._bands.setdefault(band, set()).add(number)
        self._indexed[number] = found


def decide_group(
    happenings: Sequence[Event], names: int, runs: Sequence[PastRun], near_duplicates: str
) -> Iterator[Decision | None]:
    """What became of each happening of a group of `names` articles, in their order."""
    decider = LedgerSimulator(runs, near_duplicates, is_alone=names < 2)
    return map(decider.decide, happenings)
