"""Text whose UTF-8 was read in another encoding and encoded again."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alqahira.extraction.extractor import read_page
from alqahira.extraction.listing import read_listing
from alqahira.extraction.sitemap import read_sitemap
from alqahira.text.mojibake import mend
from alqahira.text.normalization import clean_text

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ROOT = "https://alqaheranews.net"
URL = f"{ROOT}/news/812/x"
NAME = "البلدية تفتتح مكتبة عامة في الحي القديم"
TEXT = "قال العمدة: «المكتبة للجميع» – من الصباح حتى الساعة ٩ مساءً، “بلا رسوم”… ولن تُغلق؛ فهي لكم."


def garble(text, encoding):
    """As a program that reads UTF-8 in another encoding, in which bytes without a character are controls."""
    characters = (bytes([byte]).decode(encoding, "replace") for byte in text.encode())
    return "".join(
        chr(byte) if character == "\ufffd" else character
        for byte, character in zip(text.encode(), characters, strict=True)
    )


ENCODINGS = ["latin-1", "cp1252", "cp1256"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", [NAME, TEXT, "مصر", "قطر", f"{NAME} - BBC News", f"<b>{NAME}</b>"])
def test_garbled_text_is_put_right(text, encoding):
    assert mend(garble(text, encoding)) == text
    assert mend(garble(garble(text, encoding), encoding)) == text


@pytest.mark.parametrize("text", ["L’été à l’Élysée – «déjà»", "Größe: 5 € — “gut”", "İstanbul’da öğleden sonra"])
def test_garbled_european_text_is_put_right(text):
    assert mend(garble(text, "cp1252")) == text


RIGHT = [
    TEXT,
    "ارتفع سعر النفط، وانخفض القمح؛ حفظ «ط» و«ظ»، ع؟ غ، § 5",
    "وعدهٔ گروهٔ پچ‌پچ، عکس‌ها، ژرف و طرح‌ها",
    "É È Â Ã Ø ¿Qué? «Été» São Tomé e Príncipe, SÃO JOÃO, Ångström, 5 § 3, ©®™, £5",
    "Ø 5 mm, Ù, Ã, â€",
    "Привет — «мир»",
    "日本語の文章",
]


@pytest.mark.parametrize("text", RIGHT)
def test_text_that_is_right_stays(text):
    assert mend(text) is text


@given(st.text(alphabet="طظعغآØÙÃÂâ§„…†،«»€\x80\x99\xa0 &;م", max_size=60))
def test_mending_and_cleaning_end_with_the_first(text):
    assert mend(mend(text)) == mend(text)
    assert clean_text(clean_text(text)) == clean_text(text)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_one_field_that_is_garbled_is_put_right(encoding):
    data = {"@type": "NewsArticle", "headline": NAME, "keywords": garble("مصر", encoding), "url": URL}
    script = f'<script type="application/ld+json">{json.dumps(data)}</script>'
    html = f"<html><head>{script}</head><body><h1>{garble(NAME, encoding)}</h1><p>{TEXT}</p><p>{TEXT}</p></body></html>"
    article = read_page(html.encode(), URL, now=NOW).article
    assert (article.headline, article.article_body, article.keywords) == (NAME, f"{TEXT}\n\n{TEXT}", ["مصر"])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_whole_page_that_is_garbled_is_read(encoding):
    html = f"<html><body><h1>{NAME}</h1><div>22 نوفمبر 2026 10:15 ص</div><p>{TEXT}</p><p>{TEXT}</p></body></html>"
    for page in (garble(html, encoding), garble(html, encoding).encode()):
        article = read_page(page, URL, now=NOW).article
        assert (article.headline, article.article_body) == (NAME, f"{TEXT}\n\n{TEXT}")
        assert article.date_published == datetime(2026, 11, 22, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_listing_and_feed_that_are_garbled_are_read(encoding):
    card = f"<article><div class='post-thumb'><a class='img-link' href='/news/812/x'></a></div><div class='post-card-content'><h5>{NAME}</h5></div></article>"
    (read,) = read_listing(garble(f"<main>{card}</main>", encoding).encode(), ROOT, root=ROOT, now=NOW).cards
    feed = f"<rss><channel><item><title>{garble(NAME, encoding)}</title><link>{URL}</link></item></channel></rss>"
    (entry,) = read_sitemap(feed.encode(), f"{ROOT}/rss", root=ROOT, now=NOW).entries
    assert (read.headline, entry.headline) == (NAME, NAME)
