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
    "quotes encoded twice": ("{&amp;quot;a&amp;quot;: &amp;quot;b&amp;quot;}", {"a": "b"}),
    "brackets encoded too": ("&#123;&#34;a&#34;: 1&#125;", {"a": 1}),
    "single quotes": ("{'a': 'نص'}", {"a": "نص"}),
    "single quotes that are encoded": ("{&#39;a&#39;: &apos;b&apos;}", {"a": "b"}),
    "quotes of an editor": ("{“a”: “b”, ”c”: 1}", {"a": "b", "c": 1}),
    "quotes escaped as for a string": (r"{\"a\": \"b\"}", {"a": "b"}),
    "names without quotes": ('{a: 1, @type: "b", c_d: {e: null}}', {"a": 1, "@type": "b", "c_d": {"e": None}}),
    "no comma between two lines": ('{"a": "b"\n "c": 1}', {"a": "b", "c": 1}),
    "no comma after a list": ('{"a": [1] "c": 1}', {"a": [1], "c": 1}),
    "two commas between": ('{"a": 1,, "b": 2}', {"a": 1, "b": 2}),
    "a comma in front": ('{, "a": [, 1]}', {"a": [1]}),
    "no value": ('{"a": , "b": 1, "c": }', {"a": None, "b": 1, "c": None}),
    "a template that was not filled in": ('{"a": {{ image.url }}, "b": 1}', {"a": None, "b": 1}),
    "values of Python": ('{"a": None, "b": True, "c": False}', {"a": None, "b": True, "c": False}),
    "None in a string": ('{"a": "None, True",}', {"a": "None, True"}),
    "no end": ('{"a": [{"b": 1', {"a": [{"b": 1}]}),
    "no end of a list": ('{"a": {"b": "c"}, "d": ["e"', {"a": {"b": "c"}, "d": ["e"]}),
    "control characters between": ('\x02{\x00"a"\x1f: "b"\x7f}', {"a": "b"}),
    "control characters inside": ('{"a": "b\x0bc",}', {"a": "bc"}),
    "invisible characters in front": ('\u200e\u200b{"a": 1,}', {"a": 1}),
    "tags of an editor": ('<p>{"a": 1,<br />\n"b": "c"}</p>', {"a": 1, "b": "c"}),
    "a comment of HTML inside": ('{"a": "b", <!-- writer --> "c": 1}', {"a": "b", "c": 1}),
    "a variable": ('var data = {"a": 1};', {"a": 1}),
    "a call": ('show({"a": "b"});', {"a": "b"}),
    "a notice of PHP in front": (
        '<br />\n<b>Notice</b>: Undefined index in <b>x.php</b> on line 3\n{"a": 1}',
        {"a": 1},
    ),
    "single quotes among others": ("{\"a\": 1, 'b': 'c', \"d\": `e`}", {"a": 1, "b": "c", "d": "e"}),
    "a number with zeros in front": ('{"a": 007, "b": 1}', {"a": 0, "b": 1}),
    "numbers of JavaScript": ('{"a": +5, "b": .5, "c": 0x1F, "d": "e"}', {"a": None, "b": None, "c": 0, "d": "e"}),
    "a number with a point at its end": ('{"a": 5., "b": 1}', {"a": 5, "b": 1}),
    "a word for a value": ('{"a": yes, "b": 1}', {"a": None, "b": 1}),
    "a notice of PHP for a value": ('{"a": <b>Warning</b>: x in y.php, "b": 1}', {"a": None, "b": 1}),
    "an opening bracket too many": ('{{"a": 1}', {"a": 1}),
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


def test_documents_one_after_another_are_read():
    assert documents_of_script('{"a": 1}\n{"b": 2}') == [{"a": 1}, {"b": 2}]
    assert documents_of_script('{"a": 1},\n{"b": 2};') == [{"a": 1}, {"b": 2}]


@given(st.dictionaries(st.text(max_size=5), JSON, min_size=1, max_size=3))
def test_json_is_read_unmended(value):
    assert documents_of_script(json.dumps(value)) == [value]


@given(st.text(alphabet='"\\,:{}[]/*-<!>&quot; \nم', max_size=200))
def test_nothing_is_raised_for_any_text(text):
    documents_of_script(text)


@pytest.mark.parametrize(
    "piece",
    [
        '"',
        "/*",
        '{"a":"',
        "&quot;",
        ',"',
        "\\",
        "<!--",
        ", ",
        ",",
        " ",
        "]",
        '" ',
        "//<",
        "{{",
        "{%",
        "a:",
        "{ ,",
        "&amp;",
        '"a" "b":',
    ],
)
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
    "in a graph of lists": {"@graph": [[{"@type": "WebSite"}], [OWN]]},
    "in a graph of one": {"@graph": OWN},
    "in a part of the main entity": {"@type": "WebSite", "hasPart": {"@type": "WebPage", "mainEntity": [OWN]}},
    "as what a page is about": {"@type": "WebPage", "about": OWN},
    "as what mentions a page": {"@type": "WebPage", "@reverse": {"mainEntityOfPage": OWN}},
    "included": {"@included": [OWN]},
    "of a type with an address": OWN | {"@type": ["https://schema.org/AnalysisNewsArticle"]},
    "of a type in lower case": OWN | {"@type": "newsArticle"},
    "of a rare type": OWN | {"@type": "ReviewNewsArticle"},
    "of a type under its alias": {"type": "NewsArticle", "headline": H1, "datePublished": OWN["datePublished"]},
    "with a prefix": {"@type": "schema:Article", "schema:name": H1, "schema:datePublished": OWN["datePublished"]},
    "expanded": [
        {
            "@type": ["http://schema.org/NewsArticle"],
            "http://schema.org/headline": [{"@value": H1}],
            "http://schema.org/datePublished": [{"@value": OWN["datePublished"], "@type": "Date"}],
        }
    ],
    "with another story first": [OWN | {"headline": "المنتخب يفوز بالبطولة", "datePublished": "2020-01-01"}, OWN],
    "as a live blog with updates": OWN
    | {
        "@type": "LiveBlogPosting",
        "liveBlogUpdate": [{"@type": "BlogPosting", "headline": "تحديث", "datePublished": "2026-11-23"}],
    },
    "headed in two languages": OWN
    | {"headline": [{"@language": "en", "@value": "Library"}, {"@language": "ar", "@value": H1}]},
    "dated by milliseconds as text": OWN | {"datePublished": "1795161600000"},
    "headed by an object": OWN | {"headline": {"@value": H1, "@language": "ar"}},
    "named": {"@type": "NewsArticle", "name": H1, "datePublished": OWN["datePublished"]},
    "of a type that is an object": OWN | {"@type": {"@id": "http://schema.org/NewsArticle/"}},
    "with names in other cases": {"@type": "NewsArticle", "Headline": H1, "datepublished": OWN["datePublished"]},
    "with spaces in names": {"@type": "NewsArticle", "headline ": H1, " datePublished": OWN["datePublished"]},
    "dated by its page": {
        "@graph": [
            {"@type": "WebPage", "@id": URL, "datePublished": OWN["datePublished"]},
            {"@type": "NewsArticle", "headline": H1, "isPartOf": {"@id": URL}},
        ]
    },
    "dated by its creation": {"@type": "NewsArticle", "headline": H1, "dateCreated": OWN["datePublished"]},
    "under another wording": OWN | {"headline": "افتتاح مكتبة جديدة"},
}


DATES = {
    "seconds in an object": {"@value": 1795161600},
    "milliseconds": 1795161600000,
    "milliseconds of .NET": "/Date(1795161600000)/",
    "milliseconds of .NET with an offset": "/Date(1795161600000+0200)/",
    "microseconds": 1795161600000000,
    "a list after nothing": [None, OWN["datePublished"]],
    "a list after a placeholder": ["0001-01-01T00:00:00Z", OWN["datePublished"]],
    "an ordered list": {"@list": [OWN["datePublished"]]},
    "a set of objects": {"@set": [{"@value": OWN["datePublished"]}]},
    "an object of PHP": {"date": "2026-11-20 10:00:00.000000", "timezone_type": 3, "timezone": "Africa/Cairo"},
    "an object of PHP in UTC": {"date": "2026-11-20 08:00:00.000000", "timezone_type": 3, "timezone": "UTC"},
    "an object of PHP with an offset": {"date": "2026-11-20 11:00:00.000000", "timezone_type": 1, "timezone": "+03:00"},
    "an object of MongoDB": {"$date": "2026-11-20T08:00:00Z"},
    "a number of MongoDB": {"$date": {"$numberLong": "1795161600000"}},
    "an object of Firestore": {"_seconds": 1795161600, "_nanoseconds": 0},
    "an object of a framework": {"iso": "2026-11-20T08:00:00Z"},
    "a value with a label": {"value": "2026-11-20 10:00"},
    "a timestamp in an object": {"timestamp": 1795161600},
    "ISO 8601 without signs": "20261120T080000Z",
    "digits alone": "20261120100000",
    "Java's": "Fri Nov 20 10:00:00 EET 2026",
    "digits in Arabic": "٢٠٢٦-١١-٢٠T١٠:٠٠:٠٠+٠٢:٠٠",
}
NO_DATES = [
    True,
    0,
    12,
    1e20,
    -1795161600,
    [],
    {},
    [[]],
    {"@value": None},
    {"date": {"date": {"date": {"date": "x"}}}},
    "0",
]


@pytest.mark.parametrize("value", DATES.values(), ids=DATES)
def test_date_is_read_in_all_forms_that_data_has(value):
    assert page(OWN | {"datePublished": value}).date_published == datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.mark.parametrize("value", NO_DATES, ids=str)
def test_value_that_is_no_date_gives_none(value):
    assert page(OWN | {"datePublished": value}).date_published is None


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
