"""UTF-8 that was read in another encoding and encoded again: «Ø§Ù„Ø®Ø¨Ø±» and «ط§ظ„ط®ط¨ط±» for «الخبر». Pure.

Databases and feeds do this, with a whole page or with one field of it. ftfy mends the first kind, but not the second,
which is made of Arabic letters.
"""

from __future__ import annotations

import re

_CONTINUATIONS, _ARABIC = range(0x80, 0xC0), range(0xD8, 0xDC)  # bytes of UTF-8; the first of an Arabic letter's two


def _characters(encoding: str) -> dict[str, int]:
    """The bytes beyond ASCII by their characters; those that the encoding leaves out are C1, as in browsers."""
    characters: dict[str, int] = {}
    for byte in range(0x80, 0x100):
        decoded = bytes([byte]).decode(encoding, "replace")
        characters[chr(byte) if decoded == "\ufffd" else decoded] = byte
    return characters


def _class(characters: dict[str, int], *chosen: range) -> str:
    return f"[{''.join(re.escape(c) for c, byte in characters.items() if any(byte in bytes_ for bytes_ in chosen))}]"


# Windows-1252 and Latin-1 differ in C1 alone, and pages mix them.
_WESTERN = _characters("latin-1") | _characters("cp1252")
_EASTERN = _characters("cp1256")
_NEXT, _EASTERN_NEXT = _class(_WESTERN, _CONTINUATIONS), _class(_EASTERN, _CONTINUATIONS)
_LETTER = _class(_WESTERN, _ARABIC) + _NEXT
_EASTERN_LETTER = _class(_EASTERN, _ARABIC) + _EASTERN_NEXT
_EASTERN_MARK = f"â{_EASTERN_NEXT}{{2}}"  # a quotation mark or a dash
GARBLED_ALEFS = ("Ø§", "ط§")  # which all garbled pages have
# What no text has otherwise: three Arabic letters in a row, a quotation mark or dash, two Latin letters twice garbled.
_IS_GARBLED = re.compile(
    f"(?:{_LETTER}){{3}}|(?:{_EASTERN_LETTER}|{_EASTERN_MARK}){{3}}|â[€\x80]{_NEXT}|Ã{_NEXT}(?:[ÂÃ]{_NEXT})+"
)
_OF_TWO, _OF_THREE, _OF_FOUR = (_class(_WESTERN, r) for r in (range(0xC2, 0xE0), range(0xE0, 0xF0), range(0xF0, 0xF5)))
_WESTERN_RUN = re.compile(f"(?:{_OF_TWO}{_NEXT}|{_OF_THREE}{_NEXT}{{2}}|{_OF_FOUR}{_NEXT}{{3}})+")
# The first bytes are Arabic letters in Windows-1256, so that one letter alone may be none: «النفط،».
_NO_LETTER = "[،؛؟«»\xa0\u200c\u200d]"
_EASTERN_RUN = re.compile(
    f"(?:{_class(_EASTERN, range(0xC2, 0xDC))}{_EASTERN_NEXT}|{_EASTERN_MARK}){{2,}}"
    f"|{_class(_EASTERN, _ARABIC)}(?!{_NO_LETTER}){_EASTERN_NEXT}|آ[«»\xa0]|{_EASTERN_MARK}"
)


def mend(text: str) -> str:
    """The text with what is garbled put right, however often; the text itself where nothing is. Idempotent."""
    while _IS_GARBLED.search(text):
        mended = _EASTERN_RUN.sub(lambda run: _decoded(run[0], _EASTERN), text)
        mended = _WESTERN_RUN.sub(lambda run: _decoded(run[0], _WESTERN), mended)
        if mended == text:
            break
        text = mended
    return text


def mend_page(page: str) -> str:
    """As `mend`, of a page, and at no cost where nothing is garbled."""
    return mend(page) if "§" in page and any(alef in page for alef in GARBLED_ALEFS) else page


def _decoded(run: str, characters: dict[str, int]) -> str:
    try:
        return bytes([characters[character] for character in run]).decode()
    except UnicodeDecodeError:
        return run
