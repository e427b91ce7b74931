"""Image addresses in the site's form: a version 1 UUID and an epoch, both the time of the upload."""

from __future__ import annotations

import uuid
from datetime import datetime

from alqahira import site

_GREGORIAN_OFFSET = 0x01B21DD213814000  # 100-nanosecond steps from 1582-10-15 to 1970-01-01 (RFC 9562, 5.1)
_NODE = 0x8D11_51B6_8CDA


def stamped_image(uploaded: datetime | int, seed: int) -> str:
    """The image itself, at an address that gives its upload time (or epoch); UUID and epoch agree within 165 ms."""
    epoch_ms = int(uploaded.timestamp() if isinstance(uploaded, datetime) else uploaded) * 1000 + seed % 900
    ticks = (epoch_ms - seed % site.IMAGE_CLOCKS_AGREE_MS.value) * 10_000 + _GREGORIAN_OFFSET
    low, middle, high = ticks & 0xFFFFFFFF, (ticks >> 32) & 0xFFFF, (ticks >> 48) & 0x0FFF | 0x1000
    stamp = uuid.UUID(fields=(low, middle, high, 0x80 | (seed >> 8) & 0x3F, seed & 0xFF, _NODE))
    name = f"{stamp}-file-{epoch_ms}-{seed * 7919 % 900_000_000 + 10_000_000}"
    return f"https://{site.IMAGE_HOST.value}/{name}"


def rendition(url: str | None, size: str = "w=700&compress=80") -> str:
    """The image as a page shows it, scaled."""
    return f"{url or ''}?&{size}&gravity=face"
