"""The text of a page's bytes. Pure."""

from __future__ import annotations

from codecs import BOM_UTF8

from w3lib.encoding import html_to_unicode

from alqahira.text.normalization import REPLACEMENT


def decode(body: bytes) -> str:
    """Bytes as the page declares them, or as Windows-1256 where that declaration cannot be right."""
    return decode_with_utf8(body)[0]


def decode_with_utf8(body: bytes) -> tuple[str, bytes | None]:
    """The text, and the bytes where they are nothing but the text in UTF-8."""
    try:
        encoding, text = html_to_unicode(None, body, default_encoding="utf-8")
    except (LookupError, ValueError):  # a declaration that names no encoding of text, such as rot13
        encoding, text = "utf-8", body.decode("utf-8", "replace")
    if REPLACEMENT in text:
        other = body.decode("cp1256", "replace")
        if _arabic_share(other) > 0.3 and text.count(REPLACEMENT) > len(text) * 0.02:
            return other, None
        return text, None
    return text, body if encoding == "utf-8" and not body.startswith(BOM_UTF8) else None


def _arabic_share(text: str) -> float:
    letters = [character for character in text[:200_000] if character.isalpha() and character > "\x7f"]
    return sum("\u0600" <= character <= "\u06ff" for character in letters) / len(letters) if letters else 0.0
