"""Hosts that asked to be left alone for a while: what waits for them, waits without a place in anyone's way.

A held host's requests stay in the scheduler (`HoldAwarePriorityQueue`), so those of other hosts go on. The few
that the downloader already had are kept back in its slot for that host.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from scrapy.pqueues import DownloaderAwarePriorityQueue, DownloaderInterface
from scrapy.utils.asyncio import call_later
from twisted.python.failure import Failure

from alqahira.middlewares import causes

if TYPE_CHECKING:
    from scrapy.core.downloader import Slot
    from scrapy.crawler import Crawler

_LOOK = 1.0  # seconds between two looks whether the run is being closed

_holds: WeakKeyDictionary[Crawler, Holds] = WeakKeyDictionary()


def holds_of(crawler: Crawler) -> Holds:
    """The one register of held hosts of a crawl."""
    return _holds.setdefault(crawler, Holds(crawler))


class Holds:
    """Which hosts (by download slot: the host name) are to be left alone, and until when."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.longest = crawler.settings.getfloat("ALQAHIRA_RETRY_AFTER_MAX", 300.0)
        self._until: dict[str, float] = {}  # monotonic seconds

    def hold(self, key: str, seconds: float) -> None:
        """Leaves the host alone for `seconds` from now, or for longer if it already was to be."""
        until = monotonic() + seconds
        if until <= self._until.get(key, 0.0):
            return
        self._until[key] = until
        self._hold_slot(key)
        if seconds <= self.longest:
            call_later(seconds, self._wake)

    def remaining(self, key: str) -> float:
        """Seconds that the host is still to be left alone; 0 for any other host."""
        return max(0.0, self._until.get(key, 0.0) - monotonic())

    def is_waiting(self, key: str) -> bool:
        """Whether requests to the host should wait; False also where they would have to wait too long."""
        return 0.0 < self.remaining(key) <= self.longest

    @property
    def closing(self) -> bool:
        """Whether the run is ending, so that nothing should wait any more."""
        engine = self.crawler.engine
        return engine is None or engine._slot is None or engine._slot.closing is not None

    async def pause(self, seconds: float) -> bool:
        """Waits; False if the run began to close meanwhile."""
        end = monotonic() + seconds
        while not self.closing and (left := end - monotonic()) > 0:
            await asyncio.sleep(min(_LOOK, left))
        return not self.closing

    def _hold_slot(self, key: str) -> None:
        """Keeps back what the downloader has queued for the host: it starts nothing while `latercall` is set."""
        assert self.crawler.engine is not None
        slot: Slot | None = self.crawler.engine.downloader.slots.get(key)
        if slot is None:
            return
        if slot.latercall:
            slot.latercall.cancel()
            slot.latercall = None
        remaining = self.remaining(key)
        if remaining > self.longest:
            self._give_up_queued(slot, causes.RETRY_AFTER_TOO_LONG)
        elif self.closing:
            self._give_up_queued(slot, causes.RUN_ENDING)
        elif remaining > 0:
            slot.latercall = call_later(min(_LOOK, remaining), self._look_again, slot, key)
        else:
            self.crawler.engine.downloader._process_queue(slot)

    def _look_again(self, slot: Slot, key: str) -> None:
        slot.latercall = None
        self._hold_slot(key)

    def _give_up_queued(self, slot: Slot, cause: str) -> None:
        while slot.queue:
            request, waiting = slot.queue.popleft()
            waiting.errback(Failure(causes.refused(self.crawler, cause, request.url)))  # type: ignore[no-untyped-call]

    def _wake(self) -> None:
        """Has the engine look into the scheduler now, not at its next heartbeat."""
        if not self.closing:
            assert self.crawler.engine is not None
            assert self.crawler.engine._slot is not None
            self.crawler.engine._slot.nextcall.schedule()


class _FreeHosts(DownloaderInterface):
    """The downloader as the queue sees it, without the hosts whose requests should wait."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._holds = holds_of(crawler)

    def stats(self, possible_slots: Iterable[str]) -> list[tuple[int, str]]:
        return super().stats(key for key in possible_slots if not self._holds.is_waiting(key))


class HoldAwarePriorityQueue(DownloaderAwarePriorityQueue):
    """Scrapy's default queue, that gives out no request to a held host.

    https://docs.scrapy.org/en/latest/topics/settings.html#scheduler-priority-queue
    """

    def __init__(self, crawler: Crawler, *args: Any, **kwargs: Any) -> None:
        super().__init__(crawler, *args, **kwargs)
        self._downloader_interface = _FreeHosts(crawler)
