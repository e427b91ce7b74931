"""Spidermon, asked by the run at its end: before the exit status is fixed, and once more to tell whom it concerns.

Spidermon's own extension judges at `spider_closed` in whatever order extensions are told of it, and logs tracebacks;
here each failed monitor is one ruling.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from scrapy import Spider
from spidermon.contrib.scrapy.extensions import Spidermon
from spidermon.results.monitor import MonitorResult
from spidermon.runners import MonitorRunner

from alqahira.errors import AlqahiraError
from alqahira.monitors.rules import Facts, Ruling

if TYPE_CHECKING:
    from spidermon.core.actions import Action
    from spidermon.core.monitors import Monitor

logger = logging.getLogger(__name__)


class _Result(MonitorResult):  # type: ignore[misc]
    """Keeps the one line of each failure, and of each action that failed."""

    def __init__(self) -> None:
        super().__init__()
        self.rulings: list[Ruling] = []
        self.failed_since = False  # after the monitors had passed

    @property
    def all_monitors_passed(self) -> bool:
        return bool(super().all_monitors_passed) and not self.failed_since

    def addSuccess(self, test: Monitor) -> None:
        super().addSuccess(test)
        self.rulings.append(Ruling(test.monitor_name, True))

    def addSkip(self, test: Monitor, reason: str) -> None:
        super().addSkip(test, reason)
        self.rulings.append(Ruling(test.monitor_name, None, reason))

    def addFailure(self, test: Monitor, error: Any) -> None:
        super().addFailure(test, error)
        self.rulings.append(Ruling(test.monitor_name, False, str(error[1])))

    def addError(self, test: Monitor, error: Any) -> None:
        super().addError(test, error)
        self.rulings.append(Ruling(test.monitor_name, False, f"the monitor broke: {error[0].__name__}: {error[1]}"))

    def add_action_error(self, action: Action, error: str) -> None:
        super().add_action_error(action, error)
        # Other people's errors may name an address or a password; our own are written not to.
        found = sys.exc_info()[1]
        what = str(found) if isinstance(found, AlqahiraError) else type(found).__name__
        logger.error("Alert %s was not sent: %s", action.name, what)


class _Runner(MonitorRunner):  # type: ignore[misc]
    """Runs the monitors of a suite; its actions follow when the run has ended."""

    def create_result(self) -> _Result:
        return _Result()

    def run_suite(self) -> _Result:
        self.result.start()
        self.run_monitors()
        return self.result  # type: ignore[no-any-return]


class Monitors(Spidermon):  # type: ignore[misc]
    """Suites are named in SPIDERMON_SPIDER_CLOSE_MONITORS, as in any Spidermon project."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._runners: list[_Runner] = []
        self._summary: dict[str, Any] = {}

    def spider_closed(self, spider: Spider) -> None:
        """Where Spidermon would judge; here the run asks `judge` when its own facts are known."""
        for task in self.periodic_tasks.get(spider, ()):
            task.stop()

    def judge(self, spider: Spider, facts: Facts) -> list[Ruling]:
        """Every monitor's ruling on a run; to be asked once, for unittest forgets its tests as they run."""
        self._add_field_coverage_to_stats()
        self._runners = []
        data = self._generate_data_for_spider(spider) | {"facts": facts, "meta": {"summary": self._summary}}
        for suite in self.spider_closed_suites:
            runner = _Runner()
            runner.run(suite, **data)
            self._runners.append(runner)
        return [ruling for runner in self._runners for ruling in runner.result.rulings]

    def tell(self, summary: dict[str, Any]) -> None:
        """Run the suites' actions; one that fails is a line of the log and nothing else."""
        self._summary.update(summary)
        passed = all(runner.result.all_monitors_passed for runner in self._runners)
        for runner in self._runners:
            runner.result.failed_since = passed and bool(summary["exit_status"])
            runner.run_actions()
            runner.result.finish()
