"""A line of text from markup: what is seen of it, with a space where a line or block ends."""

from __future__ import annotations

import pytest

from alqahira.extraction.sources import parse_html
from alqahira.extraction.sources.blocks import paragraphs
from alqahira.extraction.sources.site_markup import text_of

TEXTS = {
    "a line break": "افتتاح مكتبة<br>في الحي",
    "a line break and spaces": "افتتاح مكتبة <br/> في الحي",
    "two blocks": "<div>افتتاح مكتبة</div><div>في الحي</div>",
    "a block and text": "<p>افتتاح مكتبة</p>في الحي",
    "list items": "<ul><li>افتتاح مكتبة</li><li>في الحي</li></ul>",
    "cells": "<table><tr><td>افتتاح مكتبة</td><td>في الحي</td></tr></table>",
    "terms": "<dl><dt>افتتاح مكتبة</dt><dd>في الحي</dd></dl>",
    "a line": "افتتاح مكتبة<hr>في الحي",
    "a line break in an element": "<b>افتتاح مكتبة<br/></b><i>في الحي</i>",
    "two sections": "<section>افتتاح مكتبة</section><section>في الحي</section>",
    "a figure": "<figure>افتتاح مكتبة</figure>في الحي",
    "custom elements": "<story-title>افتتاح مكتبة</story-title><story-part>في الحي</story-part>",
    "a place where a word may end": "افتتاح مك<wbr>تبة في الحي",
    "spaces that do not break": "افتتاح&nbsp;مكتبة&#8203; في&#160;الحي",
    "no border at an inline element": "افتتاح م<b>كتب</b>ة <span>في</span> الحي",
    "a drawing's title": "<svg><title>أيقونة</title></svg>افتتاح مكتبة في الحي",
    "a script": "افتتاح مكتبة <script>var a = 1;</script>في الحي",
    "a style sheet": "<style>b{color:red}</style>افتتاح مكتبة في الحي",
    "a template": "<template>نموذج</template>افتتاح مكتبة في الحي",
    "a hidden element": "<span hidden>جديد</span>افتتاح مكتبة في الحي",
    "an element that is not displayed": '<span style="color:red; display: none">جديد</span>افتتاح مكتبة في الحي',
    "an element that is not visible": '<b style="VISIBILITY : hidden !important">جديد</b>افتتاح مكتبة في الحي',
    "text for screen readers": '<span class="label sr-only">عاجل:</span> افتتاح مكتبة في الحي',
    "text for screen readers by WordPress": '<span class="screen-reader-text">خبر</span>افتتاح مكتبة في الحي',
    "a hidden drawing's text": '<svg aria-hidden="true"><text>سهم</text><desc>سهم</desc></svg>افتتاح مكتبة في الحي',
    "a button": "افتتاح مكتبة في الحي <button>مشاركة</button>",
    "a choice": "<select><option>كبير</option></select>افتتاح مكتبة في الحي",
    "what old browsers show": "<iframe>لا يدعم</iframe><audio>لا يدعم</audio>افتتاح مكتبة في الحي",
    "what scripts show": "<noscript>فعّل النصوص</noscript>افتتاح مكتبة في الحي",
    "deleted text": "<del>إغلاق</del> افتتاح مكتبة في الحي",
    "an advertisement": '<ins class="adsbygoogle">إعلان</ins>افتتاح مكتبة في الحي',
    "a comment": "افتتاح مكتبة <!-- قديمة -->في الحي",
    "an element hidden from readers": '<i aria-hidden="true">جديد</i>افتتاح مكتبة في الحي',
}


@pytest.mark.parametrize("inner", TEXTS.values(), ids=TEXTS)
def test_text_is_what_is_seen(inner):
    heading = parse_html(f"<html><body><section>{inner}</section></body></html>").find(".//section")
    assert text_of(heading) == "افتتاح مكتبة في الحي"


TEXT = "افتتحت البلدية مكتبة عامة ودعت السكان إلى زيارتها خلال أيام الأسبوع"
BORDERS = {
    "a figure": "<figure><img src=/a.jpg></figure>",
    "an aside": "<aside>إعلان</aside>",
    "a block": "<div></div>",
    "a line": "<hr>",
    "two line breaks": "<br><br>",
}


@pytest.mark.parametrize("kind", BORDERS)
def test_texts_at_both_sides_of_a_block_are_two_paragraphs(kind):
    body = parse_html(f"<html><body><p>{TEXT}{BORDERS[kind]}{TEXT}</p></body></html>").find("body")
    assert paragraphs(body) == [TEXT, TEXT]


def test_line_break_parts_words_of_a_paragraph():
    body = parse_html(f"<html><body><p>{TEXT}<br>{TEXT}</p></body></html>").find("body")
    assert paragraphs(body) == [f"{TEXT}\n{TEXT}"]
