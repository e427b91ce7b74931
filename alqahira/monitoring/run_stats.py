"""The account of a run: the outcome of every article that it started. Pure.

discovered = accepted + unchanged + duplicate + off_topic + not_article + quarantined + failed, each with its causes;
an article that was started and has no outcome (the run was stopped) is left to the next run, and counted apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from alqahira.ledger.decisions import Outcome

# The fields whose source is counted: those that `extractor.Reading.sources` may name.
TRACED_FIELDS = (
    "headline",
    "article_body",
    "date_published",
    "credit_line",
    "image_url",
    "image_caption",
    "article_sections",
    "keywords",
)

_MOST_GAPS = 20


@dataclass
class RunStats:
    """Counts by outcome and cause; an article is started once and finished once, however often it is seen."""

    outcomes: Counter[tuple[Outcome, str]] = field(default_factory=Counter)
    listings: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    # field -> the source it came from -> articles; `none` where an article lacks the field.
    sources: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    # Accepted articles of the run's own section and days: they go to its feed, and count for `max_articles`.
    in_feed: int = 0
    drift: list[str] = field(default_factory=list)
    # The first places where articles seem to be missing in a listing, one line each.
    gaps: list[str] = field(default_factory=list)
    # Listings whose first page alone could be read, although `since` is further back; one line each.
    first_page_only: list[str] = field(default_factory=list)
    # Articles that earlier runs left pending, and that this one has not started yet.
    waiting: int = 0
    _unfinished: set[str] = field(default_factory=set)
    # Outcome, cause, and whether it is in the feed.
    _finished: dict[str, tuple[Outcome, str, bool]] = field(default_factory=dict)

    def __contains__(self, key: str) -> bool:
        """Whether this run has started on an article."""
        return key in self._unfinished or key in self._finished

    def start(self, key: str) -> bool:
        """Start on an article; False where this run has seen it before."""
        if key in self:
            return False
        self._unfinished.add(key)
        return True

    def finish(self, key: str, outcome: Outcome, cause: str = "", *, in_feed: bool = True) -> None:
        """Count an article's outcome; the first one holds. `in_feed`: it goes to the run's feed if accepted."""
        if key in self._finished:
            return
        self._unfinished.discard(key)
        counted = outcome, cause or outcome.value, in_feed and outcome is Outcome.ACCEPTED
        self._finished[key] = counted
        self.outcomes[counted[:2]] += 1
        self.in_feed += counted[2]

    def withdraw(self, key: str) -> tuple[Outcome, str] | None:
        """Take a finished article's outcome back, so that it can be finished anew; returns outcome and cause.

        None, and nothing changes, for an article that this run has not finished.
        """
        if key not in self._finished:
            return None
        outcome, cause, in_feed = self._finished.pop(key)
        self.outcomes[outcome, cause] -= 1
        self.in_feed -= in_feed
        return outcome, cause

    def count_sources(self, sources: Mapping[str, str], *, is_new: bool = True) -> None:
        """Count the source of each field of an article that was read; what it lacks only if it is new or changed.

        Few pages without a date, which every run reads in full, would outweigh many that answer 304.
        """
        for name in TRACED_FIELDS:
            if is_new or name in sources:
                self.sources[name][sources.get(name, "none")] += 1

    def add_gap(self, line: str) -> None:
        """Note that articles seem to be missing in a listing."""
        self.notes["listing_gap"] += 1
        if len(self.gaps) < _MOST_GAPS:
            self.gaps.append(line)

    def count(self, outcome: Outcome) -> int:
        """The articles with the outcome."""
        return sum(self.causes(outcome).values())

    def causes(self, outcome: Outcome) -> dict[str, int]:
        """Articles with the outcome by cause; without a cause, under the outcome's own name."""
        return dict(sorted((cause, n) for (other, cause), n in self.outcomes.items() if n and other is outcome))

    @property
    def discovered(self) -> int:
        return len(self._finished)

    @property
    def left(self) -> int:
        """Articles without an outcome: the frontier keeps them for the next run."""
        return len(self._unfinished) + self.waiting

    def as_dict(self) -> dict[str, Any]:
        """JSON types, for the ledger's `runs`."""
        return {
            "discovered": self.discovered,
            **{outcome.value: self.count(outcome) for outcome in Outcome},
            "causes": {outcome.value: causes for outcome in Outcome if (causes := self.causes(outcome))},
            "left": self.left,
            "in_feed": self.in_feed,
            "listings": dict(self.listings),
            "notes": dict(self.notes),
            "sources": {name: dict(counts) for name, counts in self.sources.items()},
            "drift": self.drift,
            "gaps": self.gaps,
            "first_page_only": self.first_page_only,
        }


def account_line(account: Mapping[str, Any]) -> str:
    """An account as `as_dict` gave it, in one line: 5 discovered = 2 accepted + 3 unchanged (not_due 3) + …"""
    parts = []
    for outcome, causes in _causes(account):
        named = ", ".join(f"{cause} {n}" for cause, n in causes.items())
        parts.append(f"{account.get(outcome, 0)} {outcome}" + (f" ({named})" if named else ""))
    feed = f"; {account['in_feed']} of the accepted in the feed" if _is_feed_smaller(account) else ""
    left = f"; {account['left']} left to the next run" if account["left"] else ""
    return f"{account['discovered']} discovered = {' + '.join(parts)}{feed}{left}"


def account_table(account: Mapping[str, Any]) -> list[str]:
    """An account as `as_dict` gave it, as lines of a table: a row for each outcome and cause, and their sum."""
    rows = [("outcome", "cause", "articles")]
    for outcome, causes in _causes(account):
        rows.append((outcome, "", str(account.get(outcome, 0))))
        rows += [("", cause, str(n)) for cause, n in causes.items()]
    rows.append(("= discovered", "", str(account["discovered"])))
    if _is_feed_smaller(account):
        rows.append(("accepted, in the feed", "", str(account["in_feed"])))
    if account["left"]:
        rows.append(("left to the next run", "", str(account["left"])))
    first, second, third = (max(map(len, column)) for column in zip(*rows, strict=True))
    return [f"{a:<{first}}  {b:<{second}}  {c:>{third}}" for a, b, c in rows]


def _causes(account: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, int]]]:
    """Each outcome with the causes that add to it."""
    for outcome in (each.value for each in Outcome):
        causes = account["causes"].get(outcome, {})
        yield outcome, {cause: n for cause, n in causes.items() if cause != outcome}


def _is_feed_smaller(account: Mapping[str, Any]) -> bool:
    accepted = account.get(Outcome.ACCEPTED.value, 0)
    return bool(account.get("in_feed", accepted) != accepted)  # the accounts of older runs lack it
