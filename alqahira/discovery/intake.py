"""Which of the articles that the doors name a run takes up, and those of them that wait to be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from alqahira import site
from alqahira.account import Outcome
from alqahira.arguments import CrawlArguments
from alqahira.dates import cairo_day
from alqahira.extensions.run import Run
from alqahira.extract import Hints
from alqahira.frontier import Discovery, Link, Standing
from alqahira.listing import section_of
from alqahira.page import ArticleItem

_AT_ONCE = 200
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Intake:
    """Everything met is told to the ledger first, so that a crawl that dies leaves its frontier behind."""

    def __init__(self, run: Run, section: site.Section, arguments: CrawlArguments) -> None:
        self._run, self._section, self._arguments = run, section, arguments
        # Doors first: an article is fetched when all that lists it has said what it knows of it.
        self._waiting: list[tuple[Link, Discovery | None]] = []
        # Known and not due, unless another door says that they have changed.
        self._resting: set[str] = set()
        # Met by a sitemap before a listing told what they are.
        self._others: dict[str, str] = {}
        self._hints: dict[str, Hints] = {}

    def take_known(self) -> None:
        """What an earlier run left behind, and what is due to be asked about again."""
        now, limit = datetime.now(UTC), self._run.crawler.settings.getint("ALQAHIRA_MAX_REVISITS")
        for link in self._run.ledger.pending(self._section.name):
            if self._run.account.take(link.key):
                self.wait(link, None)
        for discovery in self._run.ledger.due(self._section.name, now, limit):
            if self._run.account.take(discovery.link.key):
                self.wait(discovery.link, discovery)

    def adopt_set_aside(self) -> Iterator[ArticleItem]:
        """What the other section's runs have read of the asked days and set aside for this one."""
        for link in self._run.ledger.set_aside_pages(self._section.name, _EVER, datetime.now(UTC) + timedelta(days=2)):
            day = cairo_day(link.date) if link.date else None
            if self._run.is_full:
                return
            if self._arguments.covers(day) and self._run.account.take(link.key):
                self._run.met[link.key] = None
                yield from self.adopt(link)

    def discover(self, links: Iterable[Link]) -> list[Discovery]:
        """How the ledger knows the links of the asked days."""
        asked = [link for link in links if self._arguments.covers(cairo_day(link.date) if link.date else None)]
        now = datetime.now(UTC)
        return self._run.ledger.discover(asked, section=self._section.name, run_id=self._run.run_id, now=now)

    def take_up(self, discoveries: Iterable[Discovery]) -> Iterator[ArticleItem]:
        """Each article once a run: let it wait for its download, ask whether it changed, or leave it as it is known."""
        for discovery in discoveries:
            link = discovery.link
            self._run.met[link.key] = None
            if discovery.standing is Standing.NOT_ARTICLE:
                self._others[link.key] = discovery.kind or ""
            if discovery.standing is Standing.RESTING:
                self._resting.add(link.key)
            elif self._run.is_full or not self._run.account.take(link.key):
                continue
            elif discovery.standing is Standing.NOT_ARTICLE:
                self._run.settle(link.key, Outcome.NOT_ARTICLE, discovery.kind or "")
            elif discovery.standing is Standing.SET_ASIDE:
                yield from self.adopt(link)
            else:
                self.wait(link, discovery)

    def adopt(self, link: Link) -> Iterator[ArticleItem]:
        """What another section's run has set aside, where the ledger still has it; else it waits to be asked for."""
        kept = self._run.ledger.set_aside_article(link.key, self._section.topic)
        if kept:
            yield kept
        else:
            self.wait(link, None)

    def wait(self, link: Link, discovery: Discovery | None) -> None:
        """Let an article that was taken up wait; `discovery`: what is known of its last download."""
        self._waiting.append((link, discovery))

    def next_batch(self) -> list[tuple[Link, Discovery | None]]:
        """Those to be asked for now, when all doors have redact: what still rests is settled as it is known."""
        resting, self._resting = self._resting, set()
        for key in resting:
            if self._run.account.take(key):
                self._run.settle(key, Outcome.UNCHANGED, "not_due")
        others, self._others = self._others, {}
        if others:
            for link, _ in self._waiting:
                if link.key in others:
                    self._run.settle(link.key, Outcome.NOT_ARTICLE, others[link.key])
            self._waiting = [pair for pair in self._waiting if pair[0].key not in others]
        # A request weighs ten times what its link does, and a backfill may wait for a year of them.
        batch, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
        return batch

    def hint(self, key: str, more: Hints) -> None:
        """Remember what a door says of an article."""
        self._hints[key] = self._hints.get(key, Hints()).joined(more)

    def hints_of(self, link: Link) -> Hints:
        """What the doors said of an article, in this run or in the one that left it behind; to be asked once."""
        source = link.discovered_on or ""
        is_sitemap = urlsplit(source).path.endswith((".xml", ".xml.gz"))
        kept = (
            Hints(sitemap_date=link.date) if is_sitemap else Hints(listing_date=link.date, section=section_of(source))
        )
        return self._hints.pop(link.key, Hints()).joined(kept)
