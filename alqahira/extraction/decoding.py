"""The text of a page's bytes. Pure."""

from __future__ import annotations

import re
from contextlib import suppress

from w3lib.encoding import html_to_unicode

from alqahira.text.mojibake import mend_page
from alqahira.text.normalization import REPLACEMENT

_MOST_REPLACED = 0.03  # of the characters beyond ASCII: more, and the encoding is another one
_LOOKED_AT = 200_000  # characters
# Of a word in another script that was decoded as Latin-1; no European word has so many accents in a row.
_ACCENTS = re.compile("[\u00c0-\u00ff]{4,}")
_FEW_ACCENTS = 40
_HEAD = 64  # bytes
_FEWEST_NULS, _MOST_NULS = 0.1, 0.6  # of them; UTF-32 has more
_ASCII = bytes(range(128))


def decode(body: bytes, content_type: str | None = None) -> str:
    """The text in UTF-8 where it is that, else in the encoding of the header `Content-Type`, else of the page.

    Windows-1256 where none of them can be right. UTF-8 that was encoded twice is put right. Never raises.
    """
    return mend_page(_decoded(body, content_type))


def _decoded(body: bytes, content_type: str | None) -> str:
    if encoding := _utf_16(body[:_HEAD]):
        return body.decode(encoding, "replace").removeprefix("\ufeff")
    if not body.isascii():
        # No text of another encoding is valid UTF-8 by chance, nor nearly valid.
        with suppress(UnicodeDecodeError):
            return body.decode("utf-8-sig")
        text = body.decode("utf-8-sig", "replace")
        if 100 * text.count(REPLACEMENT) <= len(body.translate(None, _ASCII)):
            return text
    declared = [_declared(body, header) for header in dict.fromkeys((content_type, None))]
    if text := next(filter(_is_right, declared), ""):
        return text
    other = body.decode("cp1256", "replace")
    return other if _arabic_share(other) > 0.3 else declared[0]


def _utf_16(head: bytes) -> str | None:
    """The byte order of UTF-16, with or without its mark: tags are ASCII, so many a second byte is NUL."""
    if not _FEWEST_NULS < head.count(b"\0") / max(1, len(head)) < _MOST_NULS:
        return None
    return "utf-16-le" if head[1::2].count(b"\0") > head[::2].count(b"\0") else "utf-16-be"


def _declared(body: bytes, content_type: str | None) -> str:
    try:
        return html_to_unicode(content_type, body, default_encoding="utf-8")[1]
    except (LookupError, ValueError):  # the declared encoding is unknown, or not one of text, such as rot13
        return body.decode("utf-8", "replace")


def _is_right(text: str) -> bool:
    replaced = text.count(REPLACEMENT)
    if replaced and replaced > _MOST_REPLACED * (len(text) - len(text.encode("ascii", "ignore"))):
        return False
    return sum(map(len, _ACCENTS.findall(text[:_LOOKED_AT]))) < _FEW_ACCENTS


def _arabic_share(text: str) -> float:
    letters = [character for character in text[:_LOOKED_AT] if character.isalpha() and character > "\x7f"]
    return sum("\u0600" <= character <= "\u06ff" for character in letters) / len(letters) if letters else 0.0
