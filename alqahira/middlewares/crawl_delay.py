"""A host's Crawl-delay as the least time between two requests to it, whatever AutoThrottle measures."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from scrapy.extensions.throttle import AutoThrottle

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_floors: WeakKeyDictionary[Crawler, dict[str, float]] = WeakKeyDictionary()


def set_least_delay(crawler: Crawler, slot_key: str, seconds: float) -> None:
    """From now on at least `seconds` pass between two requests to the host of `slot_key`."""
    _floors.setdefault(crawler, {})[slot_key] = seconds
    assert crawler.engine is not None
    downloader = crawler.engine.downloader
    # Scrapy forgets a slot that was idle for a minute; the next one starts from these settings.
    downloader.per_slot_settings[slot_key] = {
        **downloader.per_slot_settings.get(slot_key, {}),
        "delay": max(seconds, downloader._delay),
        "jitter": 0,
    }
    if slot := downloader.slots.get(slot_key):
        slot.delay = max(slot.delay, seconds)
        slot.jitter = 0  # jitter would go below the delay half of the time


class CrawlDelayAutoThrottle(AutoThrottle):
    """AutoThrottle that never goes below a host's Crawl-delay.

    https://docs.scrapy.org/en/latest/topics/autothrottle.html
    """

    def _response_downloaded(self, response: Response, request: Request, spider: Spider) -> None:
        super()._response_downloaded(response, request, spider)
        key, slot = self._get_slot(request, spider)
        floor = _floors.get(self.crawler, {}).get(key or "", 0.0)
        if slot is not None:
            slot.delay = max(slot.delay, floor)
