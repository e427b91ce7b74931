"""Which articles a run requests, of those that listings and sitemaps name, and in which order."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from urllib.parse import urlsplit

from alqahira import site
from alqahira.crawling.run import Run
from alqahira.extraction.listing import section_of
from alqahira.extraction.reading import Hints
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.frontier import Backlog, Discovery, Link, Standing, age_of
from alqahira.monitoring.causes import GIVEN_UP
from alqahira.settings.arguments import CrawlArguments
from alqahira.text.dates import cairo_day

logger = logging.getLogger(__name__)

_BATCH = 200


class ArticleQueue:
    """The part of the ledger's frontier that this run works on.

    Every link is written to the ledger before it is queued, so a crawl that dies loses none. It stays there
    until it is requested: here are keys and ages.
    """

    def __init__(self, run: Run, section: site.Section, arguments: CrawlArguments) -> None:
        self._run, self._section, self._arguments = run, section, arguments
        self._backlog: Backlog | None = None  # what earlier runs left pending, once it is known
        self._queue: dict[str, float] = {}  # ages of what this run has named, or is due; the smallest comes first
        self._due: dict[str, Discovery] = {}  # those of the queue that were visited before
        self._order: deque[str] | None = None  # the queue's keys, sorted
        self._claims_left = run.configuration.max_revisits
        # Known and not due; another listing or sitemap may still show that they have changed.
        self._fresh: set[str] = set()
        self._is_read = False  # all listings and sitemaps have been
        self._hints: dict[str, Hints] = {}

    def push_known(self) -> None:
        """Queue what earlier runs of any section left pending, and what is due for a revisit."""
        run = self._run
        self._backlog = run.ledger.backlog()
        run.stats.waiting = sum(key not in run.stats for key in self._backlog)
        for discovery in run.ledger.due(datetime.now(UTC), run.configuration.max_revisits):
            self._push(discovery)

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
                self._claims_left -= self._push(discovery) and discovery.is_claim
            # A sitemap may have queued it before a listing showed its kind.
            elif self._queue.pop(key, None) is not None or self._start(discovery):
                run.finish(key, Outcome.NOT_ARTICLE, discovery.kind or "")
        return discoveries

    def _start(self, discovery: Discovery) -> bool:
        """Start on an article; False if this run has seen it before."""
        stats = self._run.stats
        is_new = stats.start(discovery.link.key)
        stats.waiting -= is_new and discovery.is_left and self._backlog is not None
        return is_new

    def _push(self, discovery: Discovery) -> bool:
        """Queue an article; False if this run has seen it before."""
        link, is_new = discovery.link, self._start(discovery)
        age, key = _age(link), link.key
        if is_new:
            self._queue[key], self._order = age, None
            if discovery.standing is Standing.DUE:
                self._due[key] = discovery
        elif key in self._queue:
            if due := self._due.get(key):
                # The address is that by which it was named last: it may have other words now.
                self._due[key] = replace(due, link=replace(due.link, url=link.url))
            if math.isinf(self._queue[key]):
                # What is queued without a date may have one by another listing or sitemap.
                self._queue[key], self._order = min(self._queue[key], age) if math.isinf(age) else age, None
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
        # In batches: a backfill may queue years of links.
        keys = [*islice(iter(self._next, None), _BATCH)]
        links = self._run.ledger.links(key for key in keys if key not in self._due)
        found = [self._due.pop(key, None) for key in keys]
        return [(each.link if each else links[key], each) for key, each in zip(keys, found, strict=True)]

    def _next(self) -> str | None:
        """The key to request next, from queue or backlog."""
        stats = self._run.stats
        if self._order is None:
            self._order = deque(sorted(self._queue, key=self._queue.__getitem__))
        while self._order and self._order[0] not in self._queue:  # it is no article
            self._order.popleft()
        while self._backlog and not (self._order and self._queue[self._order[0]] < self._backlog.age):
            if stats.start(key := self._backlog.pop()):
                stats.waiting -= 1
                return key
        if not self._order:
            return None
        del self._queue[key := self._order.popleft()]
        return key

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
    return -math.inf if link.date is None and link.is_listed else age_of(link.date)
