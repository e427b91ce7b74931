"""Which articles a run requests, of those that listings and sitemaps name, and in which order."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple
from urllib.parse import urlsplit

from alqahira import site
from alqahira.crawling.run import Run
from alqahira.extraction.listing import section_of
from alqahira.extraction.reading import Hints
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.frontier import Discovery, Link, Standing
from alqahira.monitoring.causes import GIVEN_UP
from alqahira.settings.arguments import CrawlArguments
from alqahira.text.dates import cairo_day

logger = logging.getLogger(__name__)

_BATCH = 200


class _Queued(NamedTuple):
    age: float  # the smallest is requested first
    link: Link
    discovery: Discovery | None


class ArticleQueue:
    """The part of the ledger's frontier that this run works on.

    Every link is written to the ledger before it is queued, so a crawl that dies loses none.
    """

    def __init__(self, run: Run, section: site.Section, arguments: CrawlArguments) -> None:
        self._run, self._section, self._arguments = run, section, arguments
        self._queue: dict[str, _Queued] = {}
        self._is_sorted = True
        self._claims_left = run.configuration.max_revisits
        # Known and not due; another listing or sitemap may still show that they have changed.
        self._fresh: set[str] = set()
        self._is_read = False  # all listings and sitemaps have been
        self._hints: dict[str, Hints] = {}

    def push_known(self) -> None:
        """Queue what earlier runs of any section left pending, and what is due for a revisit."""
        for link in self._run.ledger.pending():
            self._push(link, None)
        for discovery in self._run.ledger.due(datetime.now(UTC), self._run.configuration.max_revisits):
            self._push(discovery.link, discovery)

    def add(self, links: Iterable[Link]) -> list[Discovery]:
        """Write the links of the requested days to the ledger and queue those to request.

        Returns how the ledger knew each.
        """
        covered = [link for link in links if self._arguments.covers(cairo_day(link.date) if link.date else None)]
        run, now = self._run, datetime.now(UTC)
        discoveries = run.ledger.discover(
            covered,
            section=self._section.name,
            run_id=run.run_id,
            now=now,
            retry=self._arguments.since is not None,
        )
        for discovery in discoveries:
            key = discovery.link.key
            if discovery.standing is Standing.FRESH:
                self._fresh.add(key)
            elif run.is_full:
                continue
            elif discovery.standing is Standing.GIVEN_UP:
                if run.stats.start(key):
                    run.finish(key, Outcome.FAILED, GIVEN_UP)
            elif discovery.is_claim and not self._claims_left:
                self._fresh.add(key)
            elif discovery.standing is not Standing.NOT_ARTICLE:
                self._claims_left -= self._push(discovery.link, discovery) and discovery.is_claim
            # A sitemap may have queued it before a listing showed its kind.
            elif self._queue.pop(key, None) or run.stats.start(key):
                run.finish(key, Outcome.NOT_ARTICLE, discovery.kind or "")
        return discoveries

    def _push(self, link: Link, discovery: Discovery | None) -> bool:
        """Queue an article; False if this run has seen it before."""
        age, is_new = _age(link), self._run.stats.start(link.key)
        if is_new:
            self._queue[link.key] = _Queued(age, link, discovery)
            self._is_sorted = False
        elif queued := self._queue.get(link.key):
            # The address is that by which it was named last: it may have other words now.
            queued = self._queue[link.key] = queued._replace(link=replace(queued.link, url=link.url))
            if math.isinf(queued.age):
                # What is queued without a date may have one by another listing or sitemap.
                self._queue[link.key] = queued._replace(age=min(queued.age, age) if math.isinf(age) else age)
                self._is_sorted = False
        return is_new

    def next_batch(self) -> list[tuple[Link, Discovery | None]]:
        """The articles to request next, newest first, each with how the ledger knows its last download.

        Call it once all listings and sitemaps have been read: articles that are still fresh are unchanged.
        """
        if not self._is_read:
            self._is_read = True
            self._give_up_unfinished()
        fresh, self._fresh = self._fresh, set()
        for key in fresh:
            if self._run.stats.start(key):
                self._run.finish(key, Outcome.UNCHANGED, "not_due")
        if not self._is_sorted:
            self._queue = dict(sorted(self._queue.items(), key=lambda item: item[1].age))
            self._is_sorted = True
        # In batches: a request takes ten times the memory of its link, and a backfill may queue a year of them.
        return [self._queue.pop(key)[1:] for key in [*islice(self._queue, _BATCH)]]

    def _give_up_unfinished(self) -> None:
        """Account for the pages during whose reading too many runs died, also where nothing names them any more."""
        run = self._run
        for link in run.ledger.give_up_unfinished(datetime.now(UTC)):
            logger.warning("No article from %s: runs died while they read it, given up", link.url)
            run.stats.notes[GIVEN_UP] += 1
            if run.stats.start(link.key):
                run.finish(link.key, Outcome.FAILED, GIVEN_UP)

    def add_hints(self, key: str, hints: Hints) -> None:
        """Keep what a listing or sitemap shows of an article."""
        self._hints[key] = self._hints.get(key, Hints()).merged_with(hints)

    def take_hints(self, link: Link) -> Hints:
        """What listings and sitemaps showed of an article, in this run or the one that left it pending. Forgets it."""
        named_on, dated_on = link.discovered_on or "", link.dated_on or link.discovered_on or ""
        is_sitemaps = urlsplit(dated_on).path.endswith((".xml", ".xml.gz"))
        stored = Hints(
            listing_date=None if is_sitemaps else link.date,
            sitemap_date=link.date if is_sitemaps else None,
            section=section_of(named_on),
        )
        return self._hints.pop(link.key, Hints()).merged_with(stored)


def _age(link: Link) -> float:
    """Smaller for a newer article. Without a date it is as new as can be on a listing, and else as old."""
    if link.date is None:
        return -math.inf if link.is_listed else math.inf
    return -link.date.timestamp()
