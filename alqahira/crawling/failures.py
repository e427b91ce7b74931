"""Pages that gave no article: each is recorded with its cause, unless many of them show one and the same page."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from alqahira.ledger import Ledger
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.frontier import GONE
from alqahira.ledger.same_article import MANY, SAME_TEXT
from alqahira.monitoring.causes import GIVEN_UP, REDIRECTED_ELSEWHERE, REMOVED, SOFT_404, is_of_the_host, is_transient
from alqahira.monitoring.run_stats import RunStats

logger = logging.getLogger(__name__)

_WITH_ARTICLE = (Outcome.ACCEPTED, Outcome.UNCHANGED, Outcome.DUPLICATE, Outcome.OFF_TOPIC)


class Finish(Protocol):
    """Counts the outcome of an article."""

    def __call__(self, key: str, outcome: Outcome, cause: str = "") -> None: ...


class _Failed(NamedTuple):
    key: str
    url: str
    cause: str
    when: datetime


@dataclass
class Failures:
    """The failed pages of a run.

    What MANY addresses show is a bot check or a maintenance page: a cause of the host, and no attempt at any of them.
    As that is known at the end of the run, failures that may be such are decided then; a run that is killed leaves
    them undecided.
    """

    ledger: Ledger
    stats: RunStats
    finish: Finish
    has_article: bool = False  # whether a page of the run gave an article
    gone: dict[str, None] = field(default_factory=dict)  # keys of pages that answered 404 or 410
    _undecided: dict[bytes, list[_Failed]] = field(default_factory=dict)
    _listings: Counter[bytes] = field(default_factory=Counter)

    def add(self, key: str, url: str, cause: str, when: datetime, *, shown: bytes | None = None) -> None:
        """Record that a page gave no article. `shown`: a label of what it shows, if that may be what many show."""
        failed = _Failed(key, url, cause, when)
        if shown is None:
            self._record(failed)
        else:
            self._undecided.setdefault(shown, []).append(failed)
            self.ledger.fail(key, cause, retry=True, now=when, is_attempt=False)

    def add_listing(self, shown: bytes) -> None:
        """Count a listing that shows no article."""
        self._listings[shown] += 1

    def decide(self) -> None:
        """Record what is undecided. Raises what the ledger raises."""
        undecided, self._undecided = self._undecided, {}
        for shown, pages in undecided.items():
            if len(pages) + self._listings[shown] < MANY or not self._is_of_the_host(pages[0]):
                for failed in pages:
                    self._record(failed)
                continue
            logger.error("One page at %d addresses, the last %s", len(pages), pages[-1].url)
            for failed in pages:
                self.ledger.fail(failed.key, SAME_TEXT, retry=True, now=failed.when, is_attempt=False)
                self.finish(failed.key, Outcome.FAILED, SAME_TEXT)

    def gone_for_good(self, when: datetime) -> list[str]:
        """The articles to remove, if more pages of this run had their article than are gone, so the site is well.

        Raises what the ledger raises.
        """
        answered = sum(map(self.stats.count, _WITH_ARTICLE))
        is_well = answered > len(self.gone) and self.ledger.is_clock_right
        return self.ledger.gone_for_good(self.gone, when) if self.gone and is_well else []

    def remove(self, article_ids: Iterable[str], when: datetime, run_id: str) -> None:
        """Have articles removed. Raises what the ledger raises."""
        for article, is_gone in self.ledger.remove(article_ids, when, run_id):
            if is_gone:
                self.stats.notes[REMOVED] += 1
                logger.warning("Article %s is gone from the site", article.article_id)
            else:
                logger.warning("Article %s takes its place, and is no duplicate any more", article.article_id)

    def _is_of_the_host(self, failed: _Failed) -> bool:
        # A site may show one page for the articles that it removed; in an outage it shows no others.
        return failed.cause not in (REDIRECTED_ELSEWHERE, SOFT_404) or not self.has_article

    def _record(self, failed: _Failed) -> None:
        key, url, cause, when = failed
        if cause in GONE:
            self.gone.setdefault(key)
        is_attempt = not is_of_the_host(cause)
        is_given_up = self.ledger.fail(key, cause, retry=is_transient(cause), now=when, is_attempt=is_attempt)
        if is_given_up:
            self.stats.notes[GIVEN_UP] += 1
        self.finish(key, Outcome.FAILED, GIVEN_UP if is_given_up else cause)
        logger.warning("No article from %s: %s%s", url, cause, ", given up" if is_given_up else "")
