"""The text of a page's bytes. Pure."""

from __future__ import annotations

from contextlib import suppress

from w3lib.encoding import html_to_unicode

from alqahira.text.normalization import REPLACEMENT


def decode(body: bytes) -> str:
    """The text in the encoding that the page declares; in UTF-8 or Windows-1256 where that cannot be right."""
    if not body.isascii():
        # No text of another encoding is valid UTF-8 by chance.
        with suppress(UnicodeDecodeError):
            return body.decode("utf-8-sig")
    try:
        _, text = html_to_unicode(None, body, default_encoding="utf-8")
    except (LookupError, ValueError):  # the declared encoding is unknown, or not one of text, such as rot13
        text = body.decode("utf-8", "replace")
    if text.count(REPLACEMENT) > len(text) * 0.02:
        other = body.decode("cp1256", "replace")
        return other if _arabic_share(other) > 0.3 else text
    return text


def _arabic_share(text: str) -> float:
    letters = [character for character in text[:200_000] if character.isalpha() and character > "\x7f"]
    return sum("\u0600" <= character <= "\u06ff" for character in letters) / len(letters) if letters else 0.0
