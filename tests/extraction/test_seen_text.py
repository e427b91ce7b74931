"""A line of text from markup: what is seen of it, with a space where a line or block ends."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alqahira.extraction.extractor import read_page
from alqahira.extraction.sources import parse_html
from alqahira.extraction.sources.blocks import paragraphs
from alqahira.extraction.sources.site_markup import text_of

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://news.example/812/x"
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


NAME = "البلدية تفتتح مكتبة عامة في الحي القديم"
START, END = "البلدية تفتتح مكتبة عامة", "في الحي القديم"
HEADINGS = {
    "a paragraph": f"<p>{NAME}</p>",
    "two paragraphs": f"<p>{START}</p>\n<p>{END}</p>",
    "a cell": f"<table><tr><td>{NAME}</td></tr></table>",
    "a list": f"<ul><li>{START}</li><li>{END}</li></ul>",
    "a block and text": f"<center>{START}</center>{END}",
    "a line": f"{START}<hr>{END}",
    "two line breaks": f"{START}<br><br>{END}",
    "custom elements": f"<story-label>{START}</story-label><story-title>{END}</story-title>",
    "an encoded line break": f"{START}&lt;br /&gt;{END}",
    "a label and the rest, side by side": f'<span class="kicker">{START}</span><span class="title">{END}</span>',
    "spans that are displayed as blocks": f'<span style="display: block">{START}</span><span style="display:block">{END}</span>',
    "what Bootstrap hides": f'<span class="d-none">خبر</span>{NAME}',
    "what Tailwind hides": f'<i class="hidden text-sm">خبر</i>{NAME}',
    "what cannot be seen": f'<b style="opacity: 0">خبر</b>{NAME}',
    "text of no size": f'<b style="font-size:0px">خبر</b>{NAME}',
    "text beyond the screen": f'<b style="position:absolute; left:-9999px">خبر</b>{NAME}',
    "text that is clipped": f'<b style="clip: rect(0 0 0 0)">خبر</b>{NAME}',
    "an icon that is a word": f'<i class="material-icons">share</i>{NAME}',
    "a link to itself": f'{NAME}<a class="headerlink" href="#x">¶</a>',
    "a link to an editor": f'{NAME} <span class="edit-link"><a href="/e">تحرير</a></span>',
    "a control for sharing": f'{NAME}<a class="share" href="#">شارك</a>',
    "a dialog": f"{NAME}<dialog>نافذة</dialog>",
    "an image with a caption": f"{NAME}<figure><img src=/a.jpg><figcaption>صورة</figcaption></figure>",
}  # fmt: skip


@pytest.mark.parametrize("name", ["entry-header", "title"])  # of the site's markup, and of none
@pytest.mark.parametrize("kind", HEADINGS)
def test_headline_is_what_its_heading_shows(kind, name):
    body = f"<div class=htmlCode><p>{TEXT}.</p><p>{TEXT} القادم.</p></div>"
    html = f"<html><body><main><div class=single-content2><div class={name}><h1>{HEADINGS[kind]}</h1></div>{body}</div></main></body></html>"
    assert read_page(html, "https://alqaheranews.net/news/812/x", now=NOW).article.headline == NAME


SHOWN = {
    "a label and a colon for screen readers": '<span class="kicker">مكتبة</span><span class="hide">: </span><span>جديدة</span>',
    "a label and a colon": '<span class="kicker">مكتبة</span><span class="mark">: </span><span class="t">جديدة</span>',
    "on some screens": 'مكتبة<span class="d-none d-md-inline">: جديدة</span>',
    "a first letter of its own": '<span class="drop">م</span>كتبة: <b>جديدة</b>',
}


@pytest.mark.parametrize("kind", SHOWN)
def test_what_a_heading_shows_stays(kind):
    assert text_of(parse_html(f"<html><body><h1>{SHOWN[kind]}</h1></body></html>").find(".//h1")) == "مكتبة: جديدة"


def test_heading_without_its_end_does_not_swallow_the_story():
    story = "".join(f"<div>{TEXT} رقم {n} من كل شهر.</div>" for n in range(6))
    article = read_page(
        f"<html><head><title>{NAME}</title></head><body><h1>{NAME}<div>{story}</div></body></html>", URL, now=NOW
    ).article
    assert article.article_body.count("\n\n") == 5


def test_readings_of_signs_are_no_text():
    html = "<html><body><h1>図書館が開く</h1><div><ruby>図書館<rt>としょかん</rt></ruby>が開いた。</div></body></html>"
    assert paragraphs(parse_html(html).find(".//div")) == ["図書館が開いた。"]


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
