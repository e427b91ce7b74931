"""Pages that a whole response brings only in part, as when the site's own renderer or a cache broke off. Pure."""

from __future__ import annotations

import re
from collections import Counter

# Elements whose end tag may not be left out (HTML, section 13.1.2.4), of those that hold articles and their data.
_TAGS = re.compile(rb"<(/?)(script|main|article|div)\b", re.IGNORECASE)

_END = 1_000  # bytes, which are looked at first


def is_cut(body: bytes) -> bool:
    """Whether a page ends within one of its elements; `</html>` alone may be missing from a page that is whole."""
    if b"</html" in body[-_END:] or b"</html" in body or b"</HTML" in body:
        return False
    is_open: Counter[bytes] = Counter()
    for slash, name in _TAGS.findall(body):
        is_open[name.lower()] += -1 if slash else 1
    return max(is_open.values(), default=0) > 0
