"""From a page to the record: every field from its best source, or the cause why there is no article."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alqahira.extraction.decoding import decode
from alqahira.extraction.extractor import Hints, extract_article, read_page

NOW = datetime(2025, 11, 12, 9, tzinfo=UTC)
URL = "https://alqaheranews.net/news/5120/%D9%88%D8%B2%D9%8A%D8%B1?utm_source=x"
PAGE = (Path(__file__).parents[1] / "pages" / "stories.html").read_text("utf-8")
BODY = [
    "تفقد وزير الدفاع، اليوم الثلاثاء، قاعدة برنيس الجوية للوقوف على مستوى الكفاءة القتالية للأطقم الجوية والفنية.",
    "جاهزية قتالية",
    "«قواتنا الجوية قادرة على تنفيذ المهام التي تُكلَّف بها»",
    "وشملت الجولة:",
    "مراكز تدريب الأطقم الجوية.",
    "ورش إصلاح الطائرات المقاتلة.",
    "واختتم الوزير جولته بلقاء المقاتلين.\nثم استمع إلى مطالبهم وملاحظاتهم.",
    "المصدر العسكري أكد أن التدريب المشترك يبدأ الأحد المقبل بمشاركة 12 طائرة.",
]
HEADLINE = "وزير الدفاع يتفقد قاعدة برنيس الجوية"


def without(page, *patterns):
    for pattern in patterns:
        page, count = re.subn(pattern, "", page, flags=re.DOTALL)
        assert count, pattern
    return page


JSON_LD = r'<script type="application/ld\+json">.*?</script>'
META = r'<meta property="[^>]*>'
# (the page's image, whose two clocks disagree; one whose clocks agree)
IMAGE_OF_AUGUST_2023 = (
    "d0a31000-bf0e-11f0-8d1a-8d1151b68cda-file-1762872000000-5120",
    "884b7800-368d-11ee-8d1a-8d1151b68cda-file-1691569200000-5120",
)
VISIBLE_DATE = r"<span>الثلاثاء[^<]*</span>"


def renamed(page):
    """The same page with other class names, as after a redesign."""
    names = {}
    return re.sub(
        r'class="([^"]*)"',
        lambda match: f'class="{names.setdefault(match[1], f"c{len(names)}")}"',
        page.replace('alt="post-title"', 'alt=""'),
    )


def read(page, **hints):
    return read_page(page, URL, now=NOW, hints=Hints(**hints))


def test_known_markup_gives_every_field():
    article = extract_article(PAGE, URL, now=NOW)
    assert article is not None
    assert article.article_id == "5120"
    assert article.url == "https://alqaheranews.net/news/5120/%D9%88%D8%B2%D9%8A%D8%B1"
    assert article.headline == HEADLINE
    assert article.description == "جولة تفقدية شملت مراكز التدريب ومخازن الذخيرة."
    assert article.article_body.split("\n\n") == BODY
    assert article.credit_line == "القاهرة الإخبارية - أ ش أ"
    assert (article.authors, article.agencies) == ([], ["mena"])
    assert article.date_published == datetime(2025, 11, 11, 15, 15, 30, tzinfo=UTC)
    assert article.date_published_source == "jsonld"
    assert article.date_modified == datetime(2025, 11, 11, 16, tzinfo=UTC)
    assert article.image_url is not None
    assert article.image_url.startswith("https://fmcdn.alqaheranews.net/d0a31000-")
    assert article.image_caption == "جانب من الجولة التفقدية"
    assert article.article_sections == ["أخبار"]
    assert article.keywords == ["القوات الجوية", "وزارة الدفاع"]
    assert (article.in_language, article.layout) == ("ar", "site")
    assert article.word_count == sum(len(paragraph.split()) for paragraph in BODY)
    assert re.fullmatch("[0-9a-f]{64}", article.content_hash)
    assert article.date_crawled == NOW


@pytest.mark.parametrize(
    ("gone", "hints", "expected", "source"),
    [
        ([], {}, datetime(2025, 11, 11, 15, 15, 30, tzinfo=UTC), "jsonld"),
        ([JSON_LD], {}, datetime(2025, 11, 11, 15, 15, 30, tzinfo=UTC), "meta"),
        ([JSON_LD, META], {}, datetime(2025, 11, 11, 15, 15, tzinfo=UTC), "visible"),
        (
            [JSON_LD, META, VISIBLE_DATE],
            {
                "sitemap_date": datetime(2025, 11, 11, 15, tzinfo=UTC),
                "listing_date": datetime(2025, 11, 11, tzinfo=UTC),
            },
            datetime(2025, 11, 11, 15, tzinfo=UTC),
            "sitemap",
        ),
        (
            [JSON_LD, META, VISIBLE_DATE],
            {"listing_date": datetime(2025, 11, 11, 14, tzinfo=UTC)},
            datetime(2025, 11, 11, 14, tzinfo=UTC),
            "listing",
        ),
        ([JSON_LD, META, VISIBLE_DATE, "<figure>.*?</figure>"], {}, None, None),
    ],
)
def test_date_comes_from_best_source(gone, hints, expected, source):
    article = read(without(PAGE, *gone), **hints).article
    assert article is not None
    assert (article.date_published, article.date_published_source) == (expected, source)


def test_visible_date_older_than_image_yields_to_listing():
    page = without(PAGE, JSON_LD, META).replace("الثلاثاء 11 نوفمبر 2025 05:15 م", "الأحد 1 يناير 2023 12:00 ص")
    page = page.replace(*IMAGE_OF_AUGUST_2023)
    listed = datetime(2025, 11, 11, 15, 10, tzinfo=UTC)
    reading = read(page, listing_date=listed)
    assert (reading.article.date_published, reading.article.date_published_source) == (listed, "listing")
    assert ("date_published", "listing", "visible") in {(d.field, d.kept, d.other) for d in reading.disagreements}
    alone = read(page).article
    assert alone.date_published_source == "visible", "the image may also be newer than the article"


def test_image_upload_is_no_publication_date():
    article = read(without(PAGE, JSON_LD, META, VISIBLE_DATE)).article
    assert article is not None
    assert (article.date_published, article.date_published_source) == (None, None)


def test_disagreement_is_listed_and_better_source_kept():
    reading = read(PAGE.replace("2025-11-11T17:15:30+02:00", "2025-11-09T17:15:30+02:00"))
    assert reading.article is not None
    assert reading.article.date_published_source == "jsonld"
    assert [(d.field, d.kept, d.other) for d in reading.disagreements if d.other == "meta"] == [
        ("date_published", "jsonld", "meta")
    ]


def test_redesign_with_metadata_gives_the_same_article():
    article = extract_article(renamed(PAGE), URL, now=NOW)
    assert article is not None
    assert (article.headline, article.article_body.split("\n\n")) == (HEADLINE, BODY)
    assert article.date_published_source == "jsonld"
    assert article.layout == "generic"


def test_redesign_without_metadata_gives_body_headline_and_date():
    article = extract_article(renamed(without(PAGE, JSON_LD, META)), URL, now=NOW)
    assert article is not None
    assert (article.headline, article.article_body.split("\n\n")) == (HEADLINE, BODY)
    assert article.date_published == datetime(2025, 11, 11, 15, 15, tzinfo=UTC)
    assert article.credit_line == "القاهرة الإخبارية - أ ش أ"
    assert article.image_caption == "جانب من الجولة التفقدية"


@pytest.mark.parametrize(
    ("gone", "cause"),
    [
        ([JSON_LD, META, "<h1.*?</h1>"], "no_headline"),
        ([r'<div class="htmlCode">.*?</div>', "<aside>.*?</aside>"], "no_body"),
    ],
)
def test_page_without_headline_or_body_is_no_article(gone, cause):
    reading = read(without(PAGE, *gone))
    assert (reading.article, reading.cause) == (None, cause)


def test_site_name_is_no_headline():
    page = without(PAGE, JSON_LD, "<h1.*?</h1>").replace("وزير الدفاع يتفقد قاعدة برنيس الجوية | ", "")
    assert read(page).cause == "no_headline"


def test_empty_shell_is_distinguished_from_empty_page():
    shell = (
        '<html><head><title>x</title></head><body><div id="__next"></div><script src="/app.js"></script></body></html>'
    )
    assert read(shell).cause == "empty_shell"
    assert read("<html><body><p>لا شيء</p></body></html>").cause == "not_an_article"


@pytest.mark.parametrize(
    "data",
    [
        '<script id="__NEXT_DATA__" type="application/json">{"props":{"pageProps":{"post":{"id":5120,"title":"%s","content":"%s","publishedAt":"2025-11-11T15:15:30Z"}}}}</script>',
        '<script>self.__next_f.push([1,"a:{\\"post\\":{\\"id\\":5120,\\"title\\":\\"%s\\",\\"content\\":\\"%s\\",\\"publishedAt\\":\\"2025-11-11T15:15:30Z\\"}}\\n"])</script>',
    ],
)
def test_page_data_gives_article_of_empty_shell(data):
    script = data % (
        HEADLINE,
        "".join(f"<p>{paragraph}</p>" for paragraph in BODY).replace('"', "").replace("\n", "<br>"),
    )
    article = extract_article(f"<html><body><div id='__next'></div>{script}</body></html>", URL, now=NOW)
    assert article is not None
    assert (article.headline, article.article_body.split("\n\n")) == (HEADLINE, BODY)
    assert (article.layout, article.date_published_source) == ("page_data", "page_data")


def test_cp1256_page_declared_as_utf8_is_decoded():
    page = PAGE.replace("ُ", "").replace("َّ", "").encode("cp1256", "ignore")
    assert HEADLINE in decode(page)


def test_undecodable_text_is_no_article():
    page = PAGE.encode().replace("المقاتلين".encode(), "المقا".encode() + b"\xff" + "ين".encode())
    assert read(page).cause == "bad_encoding"


@pytest.mark.parametrize(
    "page",
    [
        "",
        "\0",
        b"\xff\xfe",
        "<" * 1000,
        "<div>" * 5000 + "نص",
        '<script type="application/ld+json">' + "[" * 5000,
        '<script id="__NEXT_DATA__">{"a":' * 3,
        PAGE.replace("<h1", "<h1" * 50),
        PAGE[:2000],
        "<li>" + "نص طويل بما يكفي ليكون فقرة. " * 20,
        PAGE.encode("utf-16"),
    ],
)
def test_broken_page_raises_nothing(page):
    read(page)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_page_raises_nothing(data):
    page = PAGE
    for _ in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(page)))
        end = min(len(page), start + data.draw(st.integers(0, 400)))
        page = (
            page[:start]
            + data.draw(st.sampled_from(["", "<", "</div>", "<div>", "\0", '"', page[end : end + 300]]))
            + page[end:]
        )
    reading = read(page)
    assert (reading.article is None) == (reading.cause is not None)


OTHER = "خبر آخر لا علاقة له بهذه الصفحة ولا بموضوعها، وهو طويل بما يكفي ليُظن نصًا لمقال كامل. " * 3
OTHERS_DATA = {"id": 2, "title": "خبر آخر", "body": OTHER, "publishedAt": "2020-01-01T00:00:00Z"}
OTHERS_JSON_LD = {
    "@type": "NewsArticle",
    "headline": "خبر آخر",
    "url": "https://alqaheranews.net/news/2/y",
    "datePublished": "2020-01-01T00:00:00Z",
}


def with_script(page, kind, data):
    opened = f'<script type="{kind}">' if "json" in kind else f'<script id="{kind}">'
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")  # as servers write it inside a script
    return page.replace("</head>", f"{opened}{text}</script></head>")


@pytest.mark.parametrize("markup", [PAGE, renamed(PAGE)])
@pytest.mark.parametrize(
    ("kind", "data"),
    [("__NEXT_DATA__", {"related": [OTHERS_DATA]}), ("application/ld+json", [OTHERS_JSON_LD])],
)
def test_data_of_another_article_is_ignored(markup, kind, data):
    article = read(with_script(without(markup, JSON_LD, META), kind, data)).article
    assert article.headline == HEADLINE
    assert article.date_published == datetime(2025, 11, 11, 15, 15, tzinfo=UTC)
    assert OTHER.strip() not in article.article_body


def test_json_ld_of_own_article_is_chosen():
    own = {"@type": "https://schema.org/NewsArticle", "url": URL, "datePublished": "2025-11-10T10:00:00Z"}
    article = read(with_script(without(PAGE, JSON_LD, META), "application/ld+json", [OTHERS_JSON_LD, own])).article
    assert (article.date_published, article.date_published_source) == (datetime(2025, 11, 10, 10, tzinfo=UTC), "jsonld")


@pytest.mark.parametrize(
    "wrapped", [" {} ; ", "<!-- {} -->", "//<![CDATA[\n{}\n//]]>", "/*<![CDATA[*/{}/*]]>*/", "\n // <!--\n{}\n// -->"]
)
def test_wrapped_json_ld_is_read(wrapped):
    own = json.dumps({"@type": "NewsArticle", "url": URL, "datePublished": "2025-11-10T10:00:00Z"})
    script = f'<script type="application/ld+json">{wrapped.format(own)}</script></head>'
    assert read(without(PAGE, JSON_LD, META).replace("</head>", script)).article.date_published_source == "jsonld"


@pytest.mark.parametrize("types", [[{}], [[]], ["NewsArticle", {}], {}, None, 1])
def test_invalid_json_ld_type_is_ignored(types):
    assert read(with_script(without(PAGE, JSON_LD, META), "application/ld+json", {"@type": types})).article is not None


@pytest.mark.parametrize("url", ["https://[bad/news/1/x", "//[x", "https://alqaheranews.net/news/1/\ud800"])
@pytest.mark.parametrize("name", ["url", "mainEntityOfPage", "image"])
def test_invalid_address_in_json_ld_is_ignored(name, url):
    data = json.dumps({"@type": "NewsArticle", "headline": HEADLINE, name: url})
    script = f'<script type="application/ld+json">{data}</script></head>'
    assert read(without(PAGE, JSON_LD).replace("</head>", script)).article.headline == HEADLINE


@pytest.mark.parametrize("body", ["<html/>", "<html><frameset><frame></frameset></html>", "<html><head><title>"])
def test_unparsable_body_in_page_data_is_ignored(body):
    data = {"id": 5120, "title": HEADLINE, "body": body + OTHER}
    assert read(with_script(PAGE, "__NEXT_DATA__", data)).article is not None


@pytest.mark.parametrize("charset", ["rot13", "base64", "zlib", "hex", "idna", "undefined", "punycode", "no-such"])
def test_invalid_declared_encoding_is_ignored(charset):
    page = PAGE.replace('<meta charset="utf-8">', f'<meta charset="{charset}">')
    assert read(page.encode()).article.headline == HEADLINE


def test_markup_in_json_ld_body_is_parsed():
    data = {"@type": "NewsArticle", "headline": HEADLINE, "articleBody": f"<p>{OTHER}</p><script>x</script>"}
    assert (
        read(with_script("<html><head></head></html>", "application/ld+json", data)).article.article_body
        == OTHER.strip()
    )


def test_site_name_as_heading_is_skipped():
    page = f"<header><h1>القاهرة الإخبارية</h1></header><main><h1>{HEADLINE}</h1><div><p>{OTHER}</p><p>{OTHER}</p></div></main>"
    assert read(page).article.headline == HEADLINE


def test_trafilatura_gives_body_when_no_source_has_one():
    reading = read(f"<meta property='og:title' content='{HEADLINE}'>" + f"<pre>{OTHER}</pre>" * 3)
    assert (reading.article.headline, reading.article.layout) == (HEADLINE, "generic")
    assert OTHER.strip() in reading.article.article_body


def test_number_is_that_of_the_story_in_page_data():
    html = (Path(__file__).parents[1] / "pages" / "site" / "177066.html").read_text("utf-8")
    now = datetime(2026, 8, 27, 9, tzinfo=UTC)
    assert read_page(html, "https://alqaheranews.net/news/177000/x", now=now).number == "177066"
    assert read_page(html, "https://alqaheranews.net/news/177066/x", now=now).number == "177066"


@pytest.mark.parametrize("headline", ["عذرا، الصفحة غير موجودة", "الخبر غير متاح", "404", "خطأ"])
def test_not_found_headline_is_soft_404(headline):
    links = "".join(
        f'<li><a href="/news/{n}/x">قصف عنيف على مواقع عسكرية شرق البلاد ومقتل جنود {n}</a></li>' for n in range(6)
    )
    html = f"<html><body><h1>{headline}</h1><p>يمكنك العودة إلى الصفحة الرئيسية أو متابعة أحدث أخبارنا من هنا.</p><ul>{links}</ul></body></html>"
    assert read(html).cause == "soft_404"


def test_one_line_story_in_page_data_is_article():
    html = (Path(__file__).parents[1] / "pages" / "site" / "177066.html").read_text("utf-8")
    script = re.search(r'<script id="__NEXT_DATA__"[^>]*>(.*?)</script>', html, re.DOTALL)
    data = json.loads(script[1])
    post = data["props"]["pageProps"]["post"]["data"]["post"]
    post["postContent"] = [{"type": "html", "order": 0, "content": f"<p>{post['title']}.</p>"}]
    page = f'<html><body><script id="__NEXT_DATA__" type="application/json">{json.dumps(data)}</script></body></html>'
    article = read_page(
        page, "https://alqaheranews.net/news/177066/x", now=datetime(2026, 8, 27, 9, tzinfo=UTC)
    ).article
    assert article is not None
    assert article.article_body == f"{post['title']}."
