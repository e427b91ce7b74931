"""The text of a page's bytes. Pure."""

from __future__ import annotations

import re
from contextlib import suppress

from w3lib.encoding import html_to_unicode

from alqahira.text.normalization import REPLACEMENT

_MOST_REPLACED = 0.02  # of the characters: more, and the encoding is another one
_LOOKED_AT = 200_000  # characters
# Of a word in another script that was decoded as Latin-1; no European word has so many accents in a row.
_ACCENTS = re.compile("[\u00c0-\u00ff]{4,}")
_FEW_ACCENTS = 40
_ASCII = bytes(range(128))


def decode(body: bytes, content_type: str | None = None) -> str:
    """The text in UTF-8 where it is that, else in the encoding of the header `Content-Type`, else of the page.

    Windows-1256 where none of them can be right. Never raises.
    """
    if not body.isascii():
        # No text of another encoding is valid UTF-8 by chance, nor nearly valid.
        with suppress(UnicodeDecodeError):
            return body.decode("utf-8-sig")
        text = body.decode("utf-8-sig", "replace")
        if 100 * text.count(REPLACEMENT) <= len(body.translate(None, _ASCII)):
            return text
    elif encoding := {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(body[:2]):  # Arabic in UTF-16 is bytes below 128
        return body.decode(encoding, "replace")
    declared = [_declared(body, header) for header in dict.fromkeys((content_type, None))]
    if text := next(filter(_is_right, declared), ""):
        return text
    other = body.decode("cp1256", "replace")
    return other if _arabic_share(other) > 0.3 else declared[0]


def _declared(body: bytes, content_type: str | None) -> str:
    try:
        return html_to_unicode(content_type, body, default_encoding="utf-8")[1]
    except (LookupError, ValueError):  # the declared encoding is unknown, or not one of text, such as rot13
        return body.decode("utf-8", "replace")


def _is_right(text: str) -> bool:
    if text.count(REPLACEMENT) > len(text) * _MOST_REPLACED:
        return False
    return sum(map(len, _ACCENTS.findall(text[:_LOOKED_AT]))) < _FEW_ACCENTS


def _arabic_share(text: str) -> float:
    letters = [character for character in text[:_LOOKED_AT] if character.isalpha() and character > "\x7f"]
    return sum("\u0600" <= character <= "\u06ff" for character in letters) / len(letters) if letters else 0.0
