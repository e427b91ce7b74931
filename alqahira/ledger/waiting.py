"""Waiting for a ledger that another section's run holds, until it is free, time is up or the process is told to end."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from alqahira.exceptions import LedgerBusy
from alqahira.ledger import Ledger

logger = logging.getLogger(__name__)

# Seconds between two tries.
_PAUSE = 0.5


def open_when_free(open_now: Callable[[], Ledger], *, owner: str, seconds: float) -> Ledger:
    """The ledger, as soon as no other command holds it.

    Raises LedgerBusy: at once where the same command (`owner`) holds it, else when the seconds have passed, or with
    SIGTERM or SIGINT. It blocks: nothing else goes on before a run has its ledger.
    """
    deadline = monotonic() + seconds
    try:
        return open_now()
    except LedgerBusy as error:
        busy = error
        # One of this process could not end while this one waits.
        if busy.owner == owner or busy.is_own or seconds <= 0:
            raise
    logger.info("Waiting up to %g s for the ledger: %s", seconds, busy)
    with _received_signals() as received:
        while not received and monotonic() < deadline:
            sleep(min(_PAUSE, max(0.0, deadline - monotonic())))
            try:
                ledger = open_now()
            except LedgerBusy as error:
                busy = error
                if busy.owner == owner:
                    raise
                continue
            if not received:
                return ledger
            ledger.close()
    why = f"ended by {received[0]} while waiting for the ledger" if received else f"waited {seconds:g} s"
    raise LedgerBusy(f"{busy} ({why}; nothing was crawled)", busy.owner)


@contextmanager
def _received_signals() -> Iterator[list[str]]:
    """The names of the signals to end that come during the block, instead of what they do otherwise."""
    received: list[str] = []
    if threading.current_thread() is not threading.main_thread():
        yield received  # signals are the main thread's
        return
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(n, lambda number, _: received.append(signal.Signals(number).name)) for n in numbers]
    try:
        yield received
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
