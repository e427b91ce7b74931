"""Waits for a ledger that the other section's run holds."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from time import monotonic, sleep

from alqahira.exceptions import LedgerBusy
from alqahira.ledger import Ledger

logger = logging.getLogger(__name__)

# Seconds between two tries.
_PAUSE = 0.5
_ENDING = (signal.SIGTERM, signal.SIGINT)


def open_when_free(open_now: Callable[[], Ledger], *, owner: str, seconds: float) -> Ledger:
    """Open the ledger as soon as no other command holds it; blocks until then.

    Raises LedgerBusy: at once if the same command (`owner`) or this process holds it, else when the seconds have
    passed or on SIGTERM or SIGINT.
    """
    deadline = monotonic() + seconds
    try:
        return open_now()
    except LedgerBusy as error:
        busy = error
        # A run of this process could not end while this one blocks.
        if busy.owner == owner or busy.is_own or seconds <= 0:
            raise
    logger.info("Waiting up to %g s for the ledger: %s", seconds, busy)
    why = f"waited {seconds:g} s"
    # Blocked, so that a signal is handled between two tries and never during one.
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        while True:
            left = deadline - monotonic()
            sleep(max(0.0, min(_PAUSE, left)))
            # Not sigtimedwait, which macOS lacks.
            if received := signal.sigpending().intersection(_ENDING):
                why = f"ended by {signal.Signals(signal.sigwait(received)).name} while waiting for the ledger"
            if received or left <= 0:
                break
            try:
                ledger = open_now()
            except LedgerBusy as error:
                busy = error
                if busy.owner == owner:
                    raise
                continue
            if not signal.sigpending().intersection(_ENDING):
                return ledger
            ledger.close()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
    raise LedgerBusy(f"{busy} ({why}; nothing was crawled)", busy.owner)
