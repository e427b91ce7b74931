"""JSON-LD as people and templates write it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alqahira.extraction.extractor import read_page
from alqahira.extraction.sources.near_json import mended
from alqahira.extraction.sources.values import documents_of_script

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://alqaheranews.net/news/812/x"
ROOT = "https://alqaheranews.net"

NEARLY = {
    "encoded quotes": ("{&quot;a&quot;: &quot;نص&quot;}", {"a": "نص"}),
    "quotes encoded by number": ("[{&#34;a&#34;:&#x22;b&#x22;}]", [{"a": "b"}]),
    "commas at ends": ('{"a": [1, 2,], "b": {"c": 3,},}', {"a": [1, 2], "b": {"c": 3}}),
    "two commas at an end": ('{"a": [1, ,], }', {"a": [1]}),
    "a comma, then a comment": ('{"a": 1, // last\n}', {"a": 1}),
    "comments between": ('{ // one\n"a": /* two */ 1, "b": 2}', {"a": 1, "b": 2}),
    "a comment in front": ('// data\n{"a": 1}', {"a": 1}),
    "comment signs in a string stay": ('{"a": "https://x.example/*b*/",}', {"a": "https://x.example/*b*/"}),
    "a comma and a bracket in a string stay": ('{"a": "b,} c,]",}', {"a": "b,} c,]"}),
    "quotes inside a value": ('{"a": "قال "نعم" ومضى", "b": 1}', {"a": 'قال "نعم" ومضى', "b": 1}),
    "a quoted end of a value": ('{"a": "صحيفة "النهر"", "b": 1}', {"a": 'صحيفة "النهر"', "b": 1}),
    "a quote before a colon": ('{"a": "العنوان "خبر": جديد"}', {"a": 'العنوان "خبر": جديد'}),
    "escapes of other languages": (r'{"a": "it\'s \x", "b": "c\n"}', {"a": "it's x", "b": "c\n"}),
    "a value that a script left out": ('{"a": undefined, "b": 1}', {"a": None, "b": 1}),
    "a raw line end and a tab": ('{"a": "b\n\tc",}', {"a": "b\n\tc"}),
    "a comment of HTML around it": ('<!-- {"a": 1,} -->', {"a": 1}),
    "a CDATA section around it": ('//<![CDATA[\n{"a": [],}\n//]]>', {"a": []}),
    "a byte order mark": ('\ufeff{"a": 1,}', {"a": 1}),
    "JSON in a string of JSON": (json.dumps('{"a": 1}'), {"a": 1}),
}


@pytest.mark.parametrize(("text", "value"), NEARLY.values(), ids=NEARLY)
def test_near_json_is_read(text, value):
    assert documents_of_script(text) == [value]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='ab"\\,:{}[]/*-<! \nم'),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='a"\\:,}', max_size=4), inner, max_size=3)
    ),
)


@given(st.dictionaries(st.text(max_size=5), JSON, min_size=1, max_size=3))
def test_json_is_read_unmended(value):
    assert documents_of_script(json.dumps(value)) == [value]


@given(st.text(alphabet='"\\,:{}[]/*-<!>&quot; \nم', max_size=200))
def test_nothing_is_raised_for_any_text(text):
    documents_of_script(text)


@pytest.mark.parametrize("piece", ['"', "/*", '{"a":"', "&quot;", ',"', "\\", "<!--", ", ", ",", " ", "]", '" ', "//<"])
def test_mending_takes_linear_time(piece):
    assert isinstance(mended("{" + piece * (190_000 // len(piece))), str)


H1 = "البلدية تفتتح مكتبة عامة في الحي القديم"
BODY = "".join(f"<p>{'افتتحت البلدية مكتبة عامة ودعت السكان إلى زيارتها خلال أيام الأسبوع.'}</p>" for _ in range(3))


def page(data, span=""):
    script = f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>'
    html = (
        f"<html><head>{script}</head><body><main><div class='single-content2'><div class='entry-header'><h1>{H1}</h1>"
        f"<div class='entry-meta'><span>{span}</span></div></div><div class='htmlCode'>{BODY}</div></div></main></body></html>"
    )
    return read_page(html, URL, now=NOW).article


OWN = {"@type": "NewsArticle", "headline": H1, "datePublished": "2026-11-20T10:00:00+02:00"}
SHAPES = {
    "in a list of lists": [[OWN]],
    "in a graph": {"@graph": [{"@type": "WebSite"}, OWN]},
    "as the main entity of a page": {"@type": "WebPage", "mainEntity": OWN},
    "as a part of a page": {"@type": "WebPage", "hasPart": [OWN]},
    "as the subject of a page": {"@type": "ItemPage", "subjectOf": OWN},
    "in an item of a list": {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": OWN}]},
    "of two types": OWN | {"@type": ["Thing", "schema:NewsArticle"]},
    "dated by an object": OWN | {"datePublished": {"@type": "DateTime", "@value": OWN["datePublished"]}},
    "dated by a list": OWN | {"datePublished": [OWN["datePublished"]]},
    "dated by a list of objects": OWN | {"datePublished": [{"@value": OWN["datePublished"]}]},
    "dated by seconds": OWN | {"datePublished": 1795161600},
    "dated by milliseconds as text": OWN | {"datePublished": "1795161600000"},
    "headed by an object": OWN | {"headline": {"@value": H1, "@language": "ar"}},
    "named": {"@type": "NewsArticle", "name": H1, "datePublished": OWN["datePublished"]},
    "under another wording": OWN | {"headline": "افتتاح مكتبة جديدة"},
}


@pytest.mark.parametrize("data", SHAPES.values(), ids=SHAPES)
def test_article_is_found_where_schema_org_allows_it(data):
    assert page(data).date_published == datetime(2026, 11, 20, 8, tzinfo=UTC)


OTHER = OWN | {"headline": "المنتخب يفوز بالبطولة", "keywords": "رياضة", "image": "https://x.example/a.jpg"}
OTHERS = {
    "another headline": OTHER,
    "the address of another page": OWN | {"url": f"{ROOT}/news/900/y"},
    "another main page": OWN | {"mainEntityOfPage": {"@type": "WebPage", "url": f"{ROOT}/news/900/y"}},
    "a list of other main pages": OWN | {"mainEntityOfPage": [{"@id": f"{ROOT}/news/900/y"}]},
    "another story under a name of its own": [OTHER | {"@id": "story-2"}, OTHER | {"@id": "#story-3", "url": ""}],
    "a list of other stories": {"@type": "ItemList", "itemListElement": [{"item": OTHER}, {"item": OTHER}]},
}


@pytest.mark.parametrize("data", OTHERS.values(), ids=OTHERS)
def test_data_of_another_story_is_not_this_one_s(data):
    article = page(data, "21 نوفمبر 2026")
    assert article.date_published == datetime(2026, 11, 20, 22, tzinfo=UTC)
    assert (article.keywords, article.image_url) == ([], None)


IMAGES = {
    "an address": "https://x.example/a.jpg",
    "an object": {"@type": "ImageObject", "url": "https://x.example/a.jpg"},
    "an object in an object": {"url": {"@id": "https://x.example/a.jpg"}},
    "a list in an object": {"contentUrl": ["https://x.example/a.jpg"]},
    "a list of objects": [{"url": ["https://x.example/a.jpg", "https://x.example/b.jpg"]}],
}


@pytest.mark.parametrize("value", IMAGES.values(), ids=IMAGES)
def test_image_is_found_in_objects_and_lists(value):
    assert page(OWN | {"image": value}).image_url == "https://x.example/a.jpg"
