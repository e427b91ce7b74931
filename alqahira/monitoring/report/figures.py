"""What the report counts, from records and runs as the ledger keeps them. Pure.

Only counts and a fixed number of rows are held, and eight bytes an article (the delay from its publication to its
first sight).
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from itertools import combinations, pairwise
from typing import Any
from urllib.parse import urlsplit

from alqahira.article import Article
from alqahira.extraction.urls import site_name
from alqahira.text.dates import cairo_day

SEVERAL = "several"
NO_TOPIC = "none"
NOWHERE = "none"  # the source of a field that an article lacks, as in `RunStats.sources`
# Not `position`, which a line gets when its part is planned.
FIELDS = tuple(f.name for f in fields(Article) if f.name != "position")
# Upper bounds of the classes of delay, in seconds; the last class has none.
DELAY_BOUNDS = (900, 3_600, 3 * 3_600, 6 * 3_600, 86_400, 3 * 86_400, 7 * 86_400)
# How many of an article's states are paired: its most prominent ones.
_PAIRED = 4
# Distinct terms counted at a time; where there are more, the rarest are dropped.
_MAX_DISTINCT = 50_000

Record = Mapping[str, Any]


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
    with_agency: int = 0
    early: int = 0  # published after they were first seen
    on_topic: Counter[str] = field(default_factory=Counter)  # an article counts for each topic that it is on
    by_day: defaultdict[date, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    # By Monday; an article counts for each of its states, and for each pair, in the order of the alphabet.
    states: defaultdict[date, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    pairs: defaultdict[date, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    filled: Counter[str] = field(default_factory=Counter)
    date_sources: Counter[str] = field(default_factory=Counter)
    layouts: Counter[str] = field(default_factory=Counter)
    agencies: Counter[str] = field(default_factory=Counter)
    terms: Counter[str] = field(default_factory=Counter)
    keywords: Counter[str] = field(default_factory=Counter)
    # Delays in seconds of articles published since the first run began (True), and before (False).
    _delays: dict[bool, array[int]] = field(default_factory=lambda: {True: array("q"), False: array("q")})

    def add(self, record: Record) -> None:
        """Count one record."""
        self.articles += 1
        self.words += record["word_count"] or 0
        self.marked += bool(record["duplicate_of"])
        self.filled.update(name for name in FIELDS if record[name] not in (None, "", []))
        self.layouts[record["layout"] or NOWHERE] += 1
        self.date_sources[record["date_published_source"] or NOWHERE] += 1
        self.agencies.update(set(record["agencies"] or ()))
        self.with_agency += bool(record["agencies"])
        _count(self.terms, record["topic_terms"])
        _count(self.keywords, record["keywords"])
        self.on_topic.update(record["topics"] or ())
        if not record["date_published"]:
            self.undated += 1
            return
        published = datetime.fromisoformat(record["date_published"])
        day, states = cairo_day(published), record["countries"] or ()
        self.by_day[day][topic_group(record)] += 1
        self.states[monday(day)].update(states)
        self.pairs[monday(day)].update(map(" ".join, combinations(sorted(states[:_PAIRED]), 2)))
        if not record["date_first_seen"]:
            return
        delay = (datetime.fromisoformat(record["date_first_seen"]) - published).total_seconds()
        is_fresh = self.first_run is not None and published >= self.first_run
        if delay < 0:
            self.early += 1
        else:
            self._delays[is_fresh].append(int(delay))

    def delays(self, *, fresh: bool) -> list[int]:
        """Articles in each class of DELAY_BOUNDS; `fresh`: those published since the first run began, or the others."""
        below = [sum(delay < bound for delay in self._delays[fresh]) for bound in DELAY_BOUNDS]
        return [b - a for a, b in pairwise([0, *below, len(self._delays[fresh])])]

    def delay_quantile(self, share: float) -> timedelta | None:
        """The delay within which so large a share (0 to 1) of the fresh articles was seen; None without any."""
        ordered = sorted(self._delays[True])
        return timedelta(seconds=ordered[min(len(ordered) - 1, int(share * len(ordered)))]) if ordered else None

    def days(self, count: int, today: date) -> list[tuple[date, Counter[str]]]:
        """The last `count` Cairo days, oldest first, up to the newest of the corpus that is not after `today`."""
        newest = self.newest(today)
        days = (newest - timedelta(days=back) for back in reversed(range(count)))
        return [(day, self.by_day.get(day, Counter())) for day in days]

    def newest(self, today: date) -> date:
        """The newest Cairo day with articles that is not after `today`; `today` without any."""
        return max((day for day in self.by_day if day <= today), default=today)

    def months(self) -> list[tuple[tuple[int, int], Counter[str]]]:
        """Articles by (year, month) of Cairo, oldest first; months without any are left out."""
        months: defaultdict[tuple[int, int], Counter[str]] = defaultdict(Counter)
        for day, topics in self.by_day.items():
            months[day.year, day.month].update(topics)
        return sorted(months.items())


def monday(day: date) -> date:
    """The first day of a day's week (ISO 8601)."""
    return day - timedelta(days=day.weekday())


def topic_group(record: Record) -> str:
    """The one group an article is counted in: its topic, SEVERAL, or NO_TOPIC, so that groups add up."""
    topics = record["topics"] or (NO_TOPIC,)
    return SEVERAL if len(topics) > 1 else str(topics[0])


def most_frequent(counter: Counter[str], count: int | None = None) -> list[tuple[str, int]]:
    """The `count` most frequent names, or all, the same ones whatever the order they came in."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:count]


def _count(counter: Counter[str], names: Sequence[str] | None) -> None:
    counter.update(set(names or ()))
    if len(counter) > _MAX_DISTINCT:
        kept = counter.most_common(_MAX_DISTINCT // 2)
        counter.clear()
        counter.update(dict(kept))


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """One run: its times, how it ended and its account.

    `ended` is None where it is running, or died. `complete`: it saw all that it set out to see.
    """

    run_id: str
    started: datetime
    ended: datetime | None
    exit_status: int | None
    complete: bool
    account: Mapping[str, Any]


def field_sources(runs: Sequence[RecordedRun]) -> dict[str, Counter[str]]:
    """field -> source -> articles read, over the accounts of the runs that counted it."""
    sources: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for run in runs:
        for name, counts in run.account.get("sources", {}).items():
            sources[name].update(counts)
    return sources


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
    articles; `repeated` are the stories with the most duplicates, with how many. `runs` and `latest`: newest first.
    """

    now: datetime
    site: str = ""
    corpus: Corpus = field(default_factory=Corpus)
    lines: int = 0
    waiting: int = 0
    part_bytes: int = 0
    revisions: Counter[int] = field(default_factory=Counter)
    dropped: int = 0
    repeated: list[tuple[Record, int]] = field(default_factory=list)
    pages: Counter[str] = field(default_factory=Counter)
    run_total: int = 0
    runs: list[RecordedRun] = field(default_factory=list)
    latest: list[Record] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not self.corpus.articles and not self.run_total
