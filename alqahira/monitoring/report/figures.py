"""What the report counts, from records and runs as the ledger keeps them. Pure.

Everything held is a count, or one of a fixed number of rows: a corpus of any size takes the same memory, but for
eight bytes an article (how long after its publication it was seen).
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from alqahira.article import Article
from alqahira.extraction.urls import site_name
from alqahira.ledger.decisions import Outcome
from alqahira.text.dates import cairo_day

SEVERAL = "several"
NO_TOPIC = "none"
NOWHERE = "none"  # the source of a field that an article lacks, as in `Account.sources`
FIELDS = tuple(f.name for f in fields(Article))
# (upper bound, or None) of the classes of time from publication to first sight, in seconds.
DELAY_CLASSES: tuple[int | None, ...] = (900, 3_600, 3 * 3_600, 6 * 3_600, 86_400, 3 * 86_400, 7 * 86_400, None)
# Distinct terms that are counted at once; where there are more, the rarest are let go.
_MAX_DISTINCT = 50_000


@dataclass
class Corpus:
    """Counts over the published articles, each in its highest revision.

    `first_run`: when the first run began. What was published before could not be seen fresh, and is counted apart.
    """

    first_run: datetime | None = None
    articles: int = 0
    words: int = 0
    undated: int = 0
    marked: int = 0
    on_topic: Counter[str] = field(default_factory=Counter)  # an article counts for each topic that it is on
    by_day: dict[date, Counter[str]] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)
    date_sources: Counter[str] = field(default_factory=Counter)
    layouts: Counter[str] = field(default_factory=Counter)
    agencies: Counter[str] = field(default_factory=Counter)
    with_agency: int = 0
    terms: Counter[str] = field(default_factory=Counter)
    keywords: Counter[str] = field(default_factory=Counter)
    early: int = 0
    _delays: array[int] = field(default_factory=lambda: array("q"))
    _late_delays: array[int] = field(default_factory=lambda: array("q"))

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one record."""
        self.articles += 1
        self.words += record.get("word_count") or 0
        self.marked += bool(record.get("duplicate_of"))
        self.filled.update(name for name in FIELDS if record.get(name) not in (None, "", []))
        self.layouts[record.get("layout") or NOWHERE] += 1
        self.date_sources[record.get("date_published_source") or NOWHERE] += 1
        agencies = set(record.get("agencies") or ())
        self.agencies.update(agencies)
        self.with_agency += bool(agencies)
        _count(self.terms, record.get("topic_terms") or ())
        _count(self.keywords, record.get("keywords") or ())
        topics = record.get("topics") or ()
        self.on_topic.update(topics)
        self._add_times(record, topic_group(topics))

    def _add_times(self, record: Mapping[str, Any], topic: str) -> None:
        if not record.get("date_published"):
            self.undated += 1
            return
        published = datetime.fromisoformat(record["date_published"])
        self.by_day.setdefault(cairo_day(published), Counter())[topic] += 1
        if not record.get("date_first_seen"):
            return
        delay = int((datetime.fromisoformat(record["date_first_seen"]) - published).total_seconds())
        if delay < 0:
            self.early += 1
        elif self.first_run is not None and published >= self.first_run:
            self._delays.append(delay)
        else:
            self._late_delays.append(delay)

    def delays(self, *, fresh: bool) -> list[int]:
        """Articles in each of DELAY_CLASSES; `fresh`: those published since the first run began, or the others."""
        counts = [0] * len(DELAY_CLASSES)
        for delay in self._delays if fresh else self._late_delays:
            counts[next(n for n, bound in enumerate(DELAY_CLASSES) if bound is None or delay < bound)] += 1
        return counts

    def delay_quantile(self, share: float) -> timedelta | None:
        """The delay within which so large a share (0 to 1) of the fresh articles was seen; None without any."""
        if not self._delays:
            return None
        ordered = sorted(self._delays)
        return timedelta(seconds=ordered[min(len(ordered) - 1, int(share * len(ordered)))])

    def days(self, count: int, today: date) -> list[tuple[date, Counter[str]]]:
        """The last `count` Cairo days, oldest first, up to the newest of the corpus that is not after `today`."""
        newest = max((day for day in self.by_day if day <= today), default=today)
        return [
            (day, self.by_day.get(day, Counter()))
            for day in (newest - timedelta(days=back) for back in range(count - 1, -1, -1))
        ]

    def months(self) -> list[tuple[tuple[int, int], Counter[str]]]:
        """Articles by (year, month) of Cairo, oldest first; months without any are left out."""
        found: dict[tuple[int, int], Counter[str]] = {}
        for day, topics in self.by_day.items():
            found.setdefault((day.year, day.month), Counter()).update(topics)
        return sorted(found.items())


def topic_group(topics: Sequence[str]) -> str:
    """The one group an article is counted in: its topic, SEVERAL, or NO_TOPIC, so that groups add up."""
    return SEVERAL if len(topics) > 1 else topics[0] if topics else NO_TOPIC


def most_frequent(counter: Counter[str], count: int) -> list[tuple[str, int]]:
    """The `count` most frequent names, the same ones whatever the order they came in."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:count]


def _count(counter: Counter[str], names: Sequence[str]) -> None:
    counter.update(set(names))
    if len(counter) > _MAX_DISTINCT:
        kept = counter.most_common(_MAX_DISTINCT // 2)
        counter.clear()
        counter.update(dict(kept))


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One run: its times, how it ended and its account.

    `ended` is None where it runs, or died. `complete`: it saw all that it set out to see.
    """

    run_id: str
    spider: str
    started: datetime
    ended: datetime | None
    exit_status: int | None
    complete: bool
    account: Mapping[str, Any]

    def count(self, outcome: Outcome) -> int:
        return int(self.account.get(outcome.value) or 0)

    @property
    def discovered(self) -> int:
        return int(self.account.get("discovered") or 0)

    @property
    def left(self) -> int:
        return int(self.account.get("left") or 0)

    @property
    def reason(self) -> str:
        """Why it ended, as Scrapy and the spider name it: finished, shutdown, max_articles, …"""
        return str(self.account.get("reason") or "")

    @property
    def drift(self) -> list[str]:
        return [str(line) for line in self.account.get("drift") or ()]

    def causes(self) -> list[tuple[str, str, int]]:
        """(outcome, cause, articles) where a cause says more than its outcome."""
        found = self.account.get("causes") or {}
        return [(o, cause, n) for o, causes in found.items() for cause, n in causes.items() if cause != o]


def field_sources(runs: Sequence[RecordedRun]) -> dict[str, Counter[str]]:
    """field -> source -> articles read, over the accounts of the runs that counted it."""
    found: dict[str, Counter[str]] = {}
    for run in runs:
        for name, counts in (run.account.get("sources") or {}).items():
            found.setdefault(name, Counter()).update(counts)
    return found


@dataclass(frozen=True, slots=True)
class Headline:
    """One of the latest articles. `link` is None where its address is not one of the site's own."""

    headline: str
    link: str | None
    published: datetime | None
    topic: str
    agencies: tuple[str, ...]
    revision: int

    @classmethod
    def of(cls, record: Mapping[str, Any], site: str) -> Headline:
        published = record.get("date_published")
        return cls(
            headline=record.get("headline") or "",
            link=site_link(record.get("url") or "", site),
            published=datetime.fromisoformat(published) if published else None,
            topic=topic_group(record.get("topics") or ()),
            agencies=tuple(record.get("agencies") or ()),
            revision=record.get("revision") or 1,
        )


def site_link(url: str, site: str) -> str | None:
    """The address if it is an http(s) one on the site (as `urls.site_name` names it) and nothing else, or None."""
    if not site or not url.isprintable() or any(c in url for c in " \\\"'<>`"):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or site_name(url) != site:
        return None
    return url if site == "loopback" or port in (None, 80, 443) else None


@dataclass
class Figures:
    """All that the page shows. `site` is the ledger's name of the site.

    `lines` were published, and `waiting` of them are in no part yet; `part_bytes` of the sealed parts. `revisions`
    counts articles by their highest published revision, `pages` the frontier's by state. `dropped` duplicates are
    articles; `repeated` are the stories told again most often, with how often.
    """

    now: datetime
    site: str = ""
    corpus: Corpus = field(default_factory=Corpus)
    lines: int = 0
    waiting: int = 0
    part_bytes: int = 0
    revisions: Counter[int] = field(default_factory=Counter)
    dropped: int = 0
    repeated: list[tuple[Headline, int]] = field(default_factory=list)
    pages: Counter[str] = field(default_factory=Counter)
    run_total: int = 0
    runs: list[RecordedRun] = field(default_factory=list)
    latest: list[Headline] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.corpus.articles and not self.run_total
