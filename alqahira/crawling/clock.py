"""Whether this machine's clock may be believed: it is compared with the site's, and with the ledger's last run."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from alqahira.extraction.items import header_text, http_date
from alqahira.ledger.frontier import CLOCK_TOLERANCE

if TYPE_CHECKING:
    from scrapy.http import Headers, Response

    from alqahira.ledger import Ledger

logger = logging.getLogger(__name__)

_AGE = re.compile(r"[0-9]{1,9}", re.ASCII)


class Clock:
    """Compares the clock with each answer's Date header; the last one decides whether schedules are written.

    While the site has given no Date, a clock behind the ledger's last run is wrong. If the site's Date agrees with the
    clock, it is the ledger that holds times of the future, and they are corrected.
    """

    def __init__(self, ledger: Ledger, now: datetime) -> None:
        self._ledger = ledger
        self._agreed = self._differed = 0
        self._last_run = ledger.latest_time() or now
        ledger.is_clock_right = now >= self._last_run - CLOCK_TOLERANCE
        self._difference = ""
        if not ledger.is_clock_right:
            self._difference = f"{_days(self._last_run - now)} behind the last run in the state"

    @property
    def problem(self) -> str:
        """How the clock differs from the site's, in one line; empty if most answers agree with it."""
        if not self._difference or self._agreed > self._differed:
            return ""
        return f"this machine's clock is {self._difference}: no page's next visit was set by it"

    def compare(self, response: Response) -> None:
        """Compare the clock with an answer that was received now. Raises AlqahiraError as the ledger does."""
        now = datetime.now(UTC)
        ahead = clock_difference(response.headers, now)
        if ahead is None:
            return
        self._ledger.is_clock_right = abs(ahead) <= CLOCK_TOLERANCE
        if self._ledger.is_clock_right:
            self._agreed += 1
            if self._agreed == 1:
                self._correct_ledger(now)
            return
        self._difference = f"{_days(ahead)} {'ahead of' if ahead > timedelta(0) else 'behind'} the site's"
        self._differed += 1
        if self._differed == 1:
            logger.warning("The clock is %s: this run sets no page's next visit", self._difference)

    def _correct_ledger(self, now: datetime) -> None:
        if self._last_run <= now + CLOCK_TOLERANCE:
            return
        count = self._ledger.correct_future(now)
        logger.warning(
            "The state's last run is %s in the future, and the site's clock agrees with this one: corrected, and %d "
            "pages that were visited then are due again",
            _days(self._last_run - now),
            count,
        )


def clock_difference(headers: Headers, now: datetime) -> timedelta | None:
    """How far the clock is ahead of an answer's Date (RFC 9110, section 6.6.1); None if that is missing or invalid.

    An answer from a cache is as much older as its Age says (RFC 9111, section 5.1).
    """
    date, age = http_date(header_text(headers, "Date") or ""), header_text(headers, "Age") or ""
    if date is None:
        return None
    return now - date - timedelta(seconds=int(age) if _AGE.fullmatch(age) else 0)


def _days(time: timedelta) -> str:
    return f"{abs(time) / timedelta(days=1):.1f} days"
