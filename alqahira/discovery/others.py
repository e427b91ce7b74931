"""What becomes of the articles that a run beside this one has met first (docs/scaling.md)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

from alqahira import site
from alqahira.account import Outcome
from alqahira.arguments import CrawlArguments
from alqahira.dates import start_of_cairo_day
from alqahira.discovery.intake import Intake
from alqahira.extensions.run import Run
from alqahira.frontier import Link, Standing
from alqahira.page import ArticleItem

logger = logging.getLogger(__name__)


class Others:
    """Asked when a run has nothing left to fetch. `process`: takes an article that needs no download to the steps."""

    def __init__(
        self,
        run: Run,
        section: site.Section,
        arguments: CrawlArguments,
        intake: Intake,
        process: Callable[[ArticleItem], None],
    ) -> None:
        self._run, self._section, self._arguments = run, section, arguments
        self._intake, self._process = intake, process
        self._progress = monotonic()

    def are_at_work(self) -> bool:
        """Whether another run is still getting on with pages that this one has met as well."""
        left = self._intake.elsewhere
        if left and monotonic() - self._progress > self._run.crawler.settings.getfloat("ALQAHIRA_OTHERS_PATIENCE"):
            logger.warning("%d articles are left to another run that does not get on with them", len(left))
            self._run.account.notes["left_to_another_run"] += len(left)
            left.clear()
        return bool(left)

    def ask_again(self) -> None:
        """What the runs that were at them have made of the pages they had first."""
        asked, self._intake.elsewhere = self._intake.elsewhere, {}
        for discovery in self._intake.discover(asked.values()):
            link, standing = discovery.link, discovery.standing
            if standing is Standing.ELSEWHERE:
                self._intake.elsewhere[link.key] = link
            elif not self._run.account.take(link.key):
                continue
            elif standing is Standing.SET_ASIDE:
                self._adopt(link)
            elif standing in (Standing.NEW, Standing.PENDING):
                self._intake.wait(link, discovery)  # that run is gone, or has given it up
            else:
                self._run.settle(link.key, Outcome.UNCHANGED, "other_run")
        if len(self._intake.elsewhere) < len(asked):
            self._progress = monotonic()

    def adopt_from_other_months(self) -> bool:
        """A month takes what other months' runs have fetched and found to be of this one; whether there was any."""
        since, until = self._arguments.since, self._arguments.until
        if self._run.ledger.store.takes_revisits or since is None or until is None:
            return False
        begin, end = start_of_cairo_day(since), start_of_cairo_day(until + timedelta(days=1))
        found = self._run.ledger.set_aside_pages(self._section.name, begin, end)
        mine = [link for link in found if self._run.account.take(link.key)]
        for link in mine:
            self._run.met[link.key] = None
            self._adopt(link)
        return bool(mine)

    def _adopt(self, link: Link) -> None:
        for kept in self._intake.adopt(link):
            self._process(kept)
