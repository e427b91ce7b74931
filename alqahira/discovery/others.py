"""What becomes of the articles that a run beside this one has met first (docs/scaling.md)."""

from __future__ import annotations

import logging
from time import monotonic

from alqahira.account import Outcome
from alqahira.discovery.intake import Frontier
from alqahira.extensions.run import Run
from alqahira.frontier import Standing

logger = logging.getLogger(__name__)


class Others:
    """Asked when a run has nothing left to fetch."""

    def __init__(self, run: Run, frontier: Frontier) -> None:
        self._run, self._frontier = run, frontier
        self._progress = monotonic()

    def are_at_work(self) -> bool:
        """Whether another run is still getting on with pages that this one has met as well."""
        left = self._frontier.elsewhere
        if left and monotonic() - self._progress > self._run.crawler.settings.getfloat("ALQAHIRA_OTHERS_PATIENCE"):
            logger.warning("%d articles are left to another run that does not get on with them", len(left))
            self._run.account.notes["left_to_another_run"] += len(left)
            left.clear()
        return bool(left)

    def ask_again(self) -> None:
        """What the runs that were at them have made of the pages they had first."""
        asked, self._frontier.elsewhere = self._frontier.elsewhere, {}
        for discovery in self._frontier.discover(asked.values()):
            link, standing = discovery.link, discovery.standing
            if standing is Standing.ELSEWHERE:
                self._frontier.elsewhere[link.key] = link
            elif not self._run.account.take(link.key):
                continue
            elif standing in (Standing.NEW, Standing.PENDING):
                self._frontier.push(link, discovery)  # that run is gone, or has given it up
            else:
                self._run.settle(link.key, Outcome.UNCHANGED, "other_run")
        if len(self._frontier.elsewhere) < len(asked):
            self._progress = monotonic()
