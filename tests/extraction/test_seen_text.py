"""A line of text from markup: what is seen of it, with a space where a line or block ends."""

from __future__ import annotations

import pytest

from alqahira.extraction.sources import parse_html
from alqahira.extraction.sources.site_markup import text_of

TEXTS = {
    "a line break": "افتتاح مكتبة<br>في الحي",
    "a line break and spaces": "افتتاح مكتبة <br/> في الحي",
    "two blocks": "<div>افتتاح مكتبة</div><div>في الحي</div>",
    "a block and text": "<p>افتتاح مكتبة</p>في الحي",
    "list items": "<ul><li>افتتاح مكتبة</li><li>في الحي</li></ul>",
    "no border at an inline element": "افتتاح م<b>كتب</b>ة <span>في</span> الحي",
    "a drawing's title": "<svg><title>أيقونة</title></svg>افتتاح مكتبة في الحي",
    "a script": "افتتاح مكتبة <script>var a = 1;</script>في الحي",
    "a style sheet": "<style>b{color:red}</style>افتتاح مكتبة في الحي",
    "a template": "<template>نموذج</template>افتتاح مكتبة في الحي",
    "a hidden element": "<span hidden>جديد</span>افتتاح مكتبة في الحي",
    "an element that is not displayed": '<span style="color:red; display: none">جديد</span>افتتاح مكتبة في الحي',
    "an element hidden from readers": '<i aria-hidden="true">جديد</i>افتتاح مكتبة في الحي',
}


@pytest.mark.parametrize("inner", TEXTS.values(), ids=TEXTS)
def test_text_is_what_is_seen(inner):
    heading = parse_html(f"<html><body><section>{inner}</section></body></html>").find(".//section")
    assert text_of(heading) == "افتتاح مكتبة في الحي"
