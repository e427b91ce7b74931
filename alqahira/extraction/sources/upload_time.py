"""When an image was uploaded, read from its name: a plausibility check of the article's date."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import unquote

from alqahira import site

# Between the Gregorian calendar, from which UUID version 1 counts 100 ns steps (RFC 9562, 5.1), and 1970.
_UUID_EPOCH = 0x01B21DD213814000
# Far above `site.IMAGE_CLOCKS_AGREE_MS`, so that only a name of another make fails.
_TOLERANCE_MS = 60_000


def uploaded(image_url: str | None, *, now: datetime) -> datetime | None:
    """When the image was uploaded, to the second; None unless both clocks in its name agree and lie before `now`."""
    times = clocks(image_url) if image_url else None
    if times is None or abs(times[0] - times[1]) > _TOLERANCE_MS:
        return None
    moment = datetime.fromtimestamp(times[1] // 1000, UTC)
    return moment if moment <= now else None


def clocks(image_url: str) -> tuple[int, int] | None:
    """The two clocks in an image's name, UUID and epoch, in milliseconds since 1970; None unless it has both."""
    match = site.IMAGE_NAME.value.search(unquote(image_url))
    if not match:
        return None
    low, middle, high, *_ = match["uuid"].split("-")
    steps = int(f"{high[1:]}{middle}{low}", 16)  # RFC 9562, 5.1; uuid.UUID takes ten times as long
    return round((steps - _UUID_EPOCH) / 10_000), int(match["epoch_ms"])
