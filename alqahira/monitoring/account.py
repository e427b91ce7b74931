"""The run's account: what became of every article that a run took up. Pure.

discovered = accepted + unchanged + duplicate + off_topic + not_article + failed, each with its causes; an article
that was taken up and not settled (the run was stopped) is left to the next run and named apart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from alqahira.ledger.decisions import Outcome

# The fields whose source is counted in every run: what `extract.Reading.sources` can name.
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
class Account:
    """Counts by outcome and cause; an article is taken once and settled once, however often it is met."""

    settled: Counter[tuple[Outcome, str]] = field(default_factory=Counter)
    listings: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    # field -> the source it came from -> articles; `none` where an article lacks the field.
    sources: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    # Accepted articles that the run was asked for: they go to its feed, and count for `max_articles`.
    in_feed: int = 0
    drift: list[str] = field(default_factory=list)
    # Where articles seem to be missing in a listing, one line each, the first few.
    gaps: list[str] = field(default_factory=list)
    # Listings of which nothing but the first page could be had though more was wanted, one line each.
    shallow: list[str] = field(default_factory=list)
    _open: set[str] = field(default_factory=set)
    _closed: set[str] = field(default_factory=set)

    def take(self, key: str) -> bool:
        """Take an article up; False where this run has met it before."""
        if key in self._open or key in self._closed:
            return False
        self._open.add(key)
        return True

    def settle(self, key: str, outcome: Outcome, cause: str = "", *, in_feed: bool = True) -> None:
        """Say what became of an article; the first word on it holds. `in_feed`: an accepted one was asked for."""
        if key in self._closed:
            return
        self._open.discard(key)
        self._closed.add(key)
        self.settled[outcome, cause or outcome.value] += 1
        self.in_feed += in_feed and outcome is Outcome.ACCEPTED

    def saw(self, sources: Mapping[str, str]) -> None:
        """Count where each field of an article that was read came from."""
        for name in TRACED_FIELDS:
            self.sources[name][sources.get(name, "none")] += 1

    def gap(self, line: str) -> None:
        """Note that articles seem to be missing in a listing."""
        self.notes["listing_gap"] += 1
        if len(self.gaps) < _MOST_GAPS:
            self.gaps.append(line)

    def count(self, outcome: Outcome) -> int:
        return sum(n for (found, _), n in self.settled.items() if found is outcome)

    def causes(self, outcome: Outcome) -> dict[str, int]:
        return dict(sorted((cause, n) for (found, cause), n in self.settled.items() if found is outcome))

    @property
    def discovered(self) -> int:
        return len(self._closed)

    @property
    def left(self) -> int:
        """Taken up and not settled: the frontier keeps them for the next run."""
        return len(self._open)

    def adds_up(self) -> bool:
        return self.discovered == sum(self.settled.values())

    def as_dict(self) -> dict[str, Any]:
        """JSON types, for the ledger's `runs`."""
        return {
            "discovered": self.discovered,
            **{outcome.value: self.count(outcome) for outcome in Outcome},
            "causes": {outcome.value: self.causes(outcome) for outcome in Outcome if self.causes(outcome)},
            "left": self.left,
            "in_feed": self.in_feed,
            "listings": dict(self.listings),
            "notes": dict(self.notes),
            "sources": {name: dict(counts) for name, counts in self.sources.items()},
            "drift": self.drift,
            "gaps": self.gaps,
            "shallow": self.shallow,
        }


def account_line(account: Mapping[str, Any]) -> str:
    """An account as `as_dict` gave it, in one line: 5 discovered = 2 accepted + 3 unchanged (not_due 3) + …"""
    parts = []
    for outcome in Outcome:
        causes = account["causes"].get(outcome.value, {})
        named = ", ".join(f"{cause} {n}" for cause, n in causes.items() if cause != outcome.value)
        parts.append(f"{account.get(outcome.value, 0)} {outcome.value}" + (f" ({named})" if named else ""))
    feed = f"; {account['in_feed']} of the accepted in the feed" if _is_feed_smaller(account) else ""
    left = f"; {account['left']} left to the next run" if account["left"] else ""
    return f"{account['discovered']} discovered = {' + '.join(parts)}{feed}{left}"


def _is_feed_smaller(account: Mapping[str, Any]) -> bool:
    accepted = account.get(Outcome.ACCEPTED.value, 0)
    return bool(account.get("in_feed", accepted) != accepted)  # the accounts of older runs do not say


def account_table(account: Mapping[str, Any]) -> list[str]:
    """An account as `as_dict` gave it, as a table: a row for each outcome and cause, and a sum that shows it adds up.

    One line each, so that each can be a record of the log.
    """
    rows = [("outcome", "cause", "articles")]
    for outcome in Outcome:
        causes = account["causes"].get(outcome.value, {})
        rows.append((outcome.value, "", str(account.get(outcome.value, 0))))
        rows += [("", cause, str(n)) for cause, n in causes.items() if cause != outcome.value]
    rows.append(("= discovered", "", str(account["discovered"])))
    if _is_feed_smaller(account):
        rows.append(("accepted, in the feed", "", str(account["in_feed"])))
    if account["left"]:
        rows.append(("left to the next run", "", str(account["left"])))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows]
