"""The moment an image was uploaded, read from its name: a lower bound of the date, for a check."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from urllib.parse import unquote

from alqahira import site

# Between the Gregorian calendar, from which UUID version 1 counts 100 ns steps (RFC 9562, 5.1), and 1970.
_UUID_EPOCH = 0x01B21DD213814000
# The two clocks of one name; those of the capture differ by at most 330 ms.
_TOLERANCE_MS = 60_000


def uploaded(image_url: str | None, *, now: datetime) -> datetime | None:
    """When the image was uploaded, to the second; None unless both clocks in its name agree and lie before `now`."""
    found = clocks(image_url) if image_url else None
    if found is None or abs(found[0] - found[1]) > _TOLERANCE_MS:
        return None
    moment = datetime.fromtimestamp(found[1] // 1000, UTC)
    return moment if moment <= now else None


def clocks(image_url: str) -> tuple[int, int] | None:
    """What the two clocks of an image's name say (its UUID, its epoch), in milliseconds; None where it has not both."""
    match = site.IMAGE_NAME.value.search(unquote(image_url))
    if not match:
        return None
    return round((uuid.UUID(match["uuid"]).time - _UUID_EPOCH) / 10_000), int(match["epoch_ms"])
