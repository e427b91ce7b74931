"""How long to wait before asking again: what the server says, or else a growing, jittered back-off. Pure."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


def retry_after_seconds(value: str | None, *, date: str | None = None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, section 10.2.3); None where it says nothing usable.

    `value` is a number of seconds or an HTTP date. A date is measured from the answer's own `date` header
    where there is one, so that a server whose clock is wrong is still understood, and else from `now` (aware).
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    until = _http_date(text)
    if until is None:
        return None
    return max(0.0, (until - (_http_date(date or "") or now)).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)  # HTTP dates are GMT


def backoff_seconds(attempt: int, *, base: float, longest: float, chance: random.Random) -> float:
    """Seconds before retry number `attempt` (from 1): doubling from `base`, at most `longest`, the upper half random.

    "Equal jitter": never less than half the step, so that many clients neither hammer nor move in step.
    """
    step = min(longest, base * 2.0 ** min(attempt - 1, 32))
    return step / 2 + chance.uniform(0, step / 2)
