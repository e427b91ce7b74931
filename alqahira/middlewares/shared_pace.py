"""A host's turn among all nodes: where runs share a ledger, they share the rate at which a host is asked.

The delay is the run's own: what AutoThrottle, Crawl-delay and DOWNLOAD_DELAY make of it. The wait comes last, just
before the request is sent, so that no time passes between the turn and its use. A sole run has no need of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from alqahira import settings
from alqahira.errors import AlqahiraError, LedgerUnreachable
from alqahira.middlewares import causes

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from alqahira.extensions.run import Run
    from alqahira.stores.pace import Pace

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Seconds between two looks whether the run is being closed, or whether a database that is away is back.
_LOOK = 1.0
# Kept, so that a task that nobody awaits is not collected before it has run.
_telling: set[asyncio.Task[None]] = set()


async def await_turn(crawler: Crawler, request: Request) -> None:
    """Wait until this request may be sent. Raises Refused where the host is held for too long or the run ends."""
    run, pace = _shared(crawler)
    if run is None or pace is None:
        return
    host = crawler.engine.downloader.get_slot_key(request)
    longest = crawler.settings.getfloat("ALQAHIRA_RETRY_AFTER_MAX")
    while True:
        slot = crawler.engine.downloader.slots.get(host)
        delay = slot.delay if slot else 0.0
        wait, held = await _ask(run, partial(pace.reserve, host, delay))
        if held > longest:
            raise causes.refused(crawler, causes.RETRY_AFTER_TOO_LONG, f"{held:.0f} s for {request.url}")
        await _pause(crawler, wait, request.url)
        # Another node may have been told to stay away while this one waited.
        if wait <= _LOOK or not await _ask(run, partial(pace.held, host)):
            return


def tell_others(crawler: Crawler, host: str, seconds: float) -> None:
    """A host asked to be left alone: all nodes leave it alone."""
    run, pace = _shared(crawler)
    if run is None or pace is None:
        return
    task = asyncio.ensure_future(_tell(run, partial(pace.hold, host, seconds)))
    _telling.add(task)
    task.add_done_callback(_telling.discard)


async def _tell(run: Run, hold: Callable[[], None]) -> None:
    try:
        await _ask(run, hold)
    except AlqahiraError as error:
        logger.warning("%s", error)


async def _ask(run: Run, question: Callable[[], T]) -> T:
    """Ask the database beside the reactor; one that is away is waited for as the ledger waits."""
    deadline = monotonic() + settings.POSTGRESQL_PATIENCE
    while True:
        try:
            return await asyncio.to_thread(question)
        except LedgerUnreachable as error:
            if monotonic() > deadline:
                run.fail(error)
                raise
        except AlqahiraError as error:
            run.fail(error)
            raise
        await asyncio.sleep(_LOOK)


async def _pause(crawler: Crawler, seconds: float, url: str) -> None:
    from alqahira.middlewares.holds import holds_of

    end = monotonic() + seconds
    while (left := end - monotonic()) > 0:
        # A run that ends still finishes what comes at once.
        if left > _LOOK and holds_of(crawler).closing:
            raise causes.refused(crawler, causes.RUN_ENDING, url)
        await asyncio.sleep(min(_LOOK, left))


def _shared(crawler: Crawler) -> tuple[Run | None, Pace | None]:
    from alqahira.extensions.run import Run

    run = crawler.get_extension(Run)
    return run, run.ledger.store.pace if run else None
