"""Bytes to text where header, page and bytes name different encodings, or none."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from alqahira.extraction.decoding import decode
from alqahira.extraction.listing import read_listing

ARABIC = "افتتحت البلدية مكتبة عامة في الحي القديم، ودعت السكان إلى زيارتها خلال أيام الأسبوع."
FRENCH = "Le ministre a été reçu à l'Élysée, où il a évoqué les réformes déjà engagées."
RUSSIAN = "Министр открыл новую библиотеку в старом районе города."

# text, encoding of the bytes, charset of the header, charset of the meta element
ENCODINGS = {
    "UTF-8, as all say": (ARABIC, "utf-8", "utf-8", "utf-8"),
    "UTF-8 under a template's old meta": (ARABIC, "utf-8", "utf-8", "windows-1256"),
    "UTF-8 under a server's old default": (ARABIC, "utf-8", "ISO-8859-1", None),
    "UTF-8 with a byte order mark": (ARABIC, "utf-8-sig", None, None),
    "ISO 8859-6 by the header": (ARABIC, "iso8859_6", "ISO-8859-6", None),
    "Windows-1256 by the header": (ARABIC, "cp1256", "windows-1256", None),
    "Windows-1256 by the meta": (ARABIC, "cp1256", None, "windows-1256"),
    "Windows-1256 by the meta, UTF-8 by the header": (ARABIC, "cp1256", "utf-8", "windows-1256"),
    "Windows-1256 by the meta, Latin-1 by the header": (ARABIC, "cp1256", "iso-8859-1", "windows-1256"),
    "Windows-1256 that nothing names": (ARABIC, "cp1256", None, None),
    "Windows-1256 called UTF-8 by all": (ARABIC, "cp1256", "utf-8", "utf-8"),
    "Windows-1256 called Latin-1 by all": (ARABIC, "cp1256", "iso-8859-1", "iso-8859-1"),
    "Windows-1256 under an unknown name": (ARABIC, "cp1256", "x-arabic", None),
    "UTF-16 by the header": (ARABIC, "utf-16-le", "utf-16le", None),
    "UTF-16 with a byte order mark": (ARABIC, "utf-16", None, None),
    "UTF-16 that nothing names": (ARABIC, "utf-16-le", None, None),
    "UTF-16 of the other order that nothing names": (ARABIC, "utf-16-be", None, None),
    "UTF-16 with Latin-1's quotation marks": ("«" + ARABIC + "»", "utf-16-le", None, None),
    "UTF-16 that says it is UTF-8": (ARABIC, "utf-16-le", "utf-8", "utf-8"),
    "UTF-16 with a byte order mark that the header calls UTF-8": (ARABIC, "utf-16", "utf-8", "utf-8"),
    "UTF-8 called Windows-1256 by all": (ARABIC, "utf-8", "windows-1256", "windows-1256"),
    "UTF-8 called UTF-16 by the header": (ARABIC, "utf-8", "utf-16", None),
    "UTF-8 with a mark under another name": (ARABIC, "utf-8-sig", "windows-1256", "windows-1256"),
    "Windows-1256 called ISO 8859-6": (ARABIC, "cp1256", "ISO-8859-6", "iso-8859-6"),
    "Windows-1256 under a name in quotes": (ARABIC, "cp1256", '"windows-1256"', None),
    "Windows-1256 under an alias": (ARABIC, "cp1256", None, "x-cp1256"),
    "Windows-1256 under an empty name": (ARABIC, "cp1256", "", "windows-1256"),
    "Latin-1": (FRENCH, "latin-1", "iso-8859-1", None),
    "Windows-1251": (RUSSIAN, "cp1251", "windows-1251", None),
    "KOI8-R by the meta": (RUSSIAN, "koi8-r", None, "koi8-r"),
}


@pytest.mark.parametrize(("text", "encoding", "header", "meta"), ENCODINGS.values(), ids=ENCODINGS)
def test_text_is_read_whatever_names_its_encoding(text, encoding, header, meta):
    text = text.replace("،", ",") if "8859" in encoding else text
    head = f'<meta charset="{meta}">' if meta else ""
    page = f"<html><head>{head}</head><body><p>{text}</p></body></html>"
    kind = None if header is None else f"text/html; charset={header}"
    assert text in decode(page.encode(encoding), kind)


def test_utf_16_is_read_behind_empty_lines():
    assert ARABIC in decode(f"\r\n\r\n<p>{ARABIC}</p>".encode("utf-16-be"))


def test_a_broken_byte_makes_no_other_encoding_of_a_page():
    page = f'<meta charset="windows-1256"><p>{ARABIC * 5}</p>'.encode() + b"<!-- \xff -->"
    assert ARABIC in decode(page)


def test_a_few_arabic_lines_in_much_markup_are_read_as_windows_1256():
    page = f'<meta charset="utf-8"><!-- {"x" * 60_000} --><p>{ARABIC * 3}</p>'.encode("cp1256")
    assert ARABIC in decode(page, "text/html; charset=utf-8")


def test_listing_in_windows_1256_gives_headlines_and_addresses():
    root, slug = "https://alqaheranews.net", "افتتاح-مكتبة"
    card = (
        f'<article><div class="post-thumb"><a class="img-link" href="/news/812/{slug}"></a></div>'
        f'<div class="post-card-content"><h5>{ARABIC}</h5></div></article>'
    )
    body = f"<main>{card}</main>".encode("cp1256")
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    (read,) = read_listing(body, root, root=root, now=now, content_type="text/html; charset=windows-1256").cards
    assert (read.url, read.headline) == (f"{root}/news/812/{quote(slug)}", ARABIC)
