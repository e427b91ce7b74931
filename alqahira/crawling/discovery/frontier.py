"""Which of the articles that listings and sitemaps name a run asks for, and those of them that are still to be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from alqahira import site
from alqahira.crawling.run import Run
from alqahira.extraction.extractor import Hints
from alqahira.extraction.listing import section_of
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.frontier import Discovery, Link, Standing
from alqahira.settings.arguments import CrawlArguments
from alqahira.text.dates import cairo_day

_AT_ONCE = 200


class Frontier:
    """Everything seen is written to the ledger first, so that a crawl that dies leaves its frontier behind."""

    def __init__(self, run: Run, section: site.Section, arguments: CrawlArguments) -> None:
        self._run, self._section, self._arguments = run, section, arguments
        # Listings first: an article is fetched when all that lists it has been read.
        self._queue: list[tuple[Link, Discovery | None]] = []
        # Known and not due, unless another listing or sitemap says that they have changed.
        self._fresh: set[str] = set()
        # Seen in a sitemap before a listing said what they are.
        self._others: dict[str, str] = {}
        self._hints: dict[str, Hints] = {}

    def push_known(self) -> None:
        """What earlier runs of any section left behind, and what is due to be asked about again."""
        now, limit = datetime.now(UTC), self._run.configuration.max_revisits
        for link in self._run.ledger.pending():
            if self._run.account.take(link.key):
                self.push(link, None)
        for discovery in self._run.ledger.due(now, limit):
            if self._run.account.take(discovery.link.key):
                self.push(discovery.link, discovery)

    def discover(self, links: Iterable[Link]) -> list[Discovery]:
        """How the ledger knows the links of the asked days."""
        asked = [link for link in links if self._arguments.covers(cairo_day(link.date) if link.date else None)]
        now = datetime.now(UTC)
        return self._run.ledger.discover(asked, section=self._section.name, run_id=self._run.run_id, now=now)

    def enqueue(self, discoveries: Iterable[Discovery]) -> None:
        """Each article once a run: to be fetched, to be asked whether it changed, or left as it is known."""
        for discovery in discoveries:
            link = discovery.link
            if discovery.standing is Standing.NOT_ARTICLE:
                self._others[link.key] = discovery.kind or ""
            if discovery.standing is Standing.FRESH:
                self._fresh.add(link.key)
            elif self._run.is_full or not self._run.account.take(link.key):
                continue
            elif discovery.standing is Standing.NOT_ARTICLE:
                self._run.settle(link.key, Outcome.NOT_ARTICLE, discovery.kind or "")
            else:
                self.push(link, discovery)

    def push(self, link: Link, discovery: Discovery | None) -> None:
        """Let an article wait for its request; `discovery`: what is known of its last download."""
        self._queue.append((link, discovery))

    def next_batch(self) -> list[tuple[Link, Discovery | None]]:
        """Those to be asked for now, when all that lists them has been read: what is still fresh is unchanged."""
        fresh, self._fresh = self._fresh, set()
        for key in fresh:
            if self._run.account.take(key):
                self._run.settle(key, Outcome.UNCHANGED, "not_due")
        others, self._others = self._others, {}
        if others:
            for link, _ in self._queue:
                if link.key in others:
                    self._run.settle(link.key, Outcome.NOT_ARTICLE, others[link.key])
            self._queue = [pair for pair in self._queue if pair[0].key not in others]
        # A request weighs ten times what its link does, and a backfill may wait for a year of them.
        batch, self._queue = self._queue[:_AT_ONCE], self._queue[_AT_ONCE:]
        return batch

    def hint(self, key: str, more: Hints) -> None:
        """Remember what a listing or sitemap says of an article."""
        self._hints[key] = self._hints.get(key, Hints()).joined(more)

    def hints_of(self, link: Link) -> Hints:
        """What listings and sitemaps said of an article, in this run or the one that left it behind; asked once."""
        source = link.discovered_on or ""
        is_sitemap = urlsplit(source).path.endswith((".xml", ".xml.gz"))
        kept = (
            Hints(sitemap_date=link.date) if is_sitemap else Hints(listing_date=link.date, section=section_of(source))
        )
        return self._hints.pop(link.key, Hints()).joined(kept)
