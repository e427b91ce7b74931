"""Pages in the captured markup of the site are read to the letter of the right record beside each."""

from __future__ import annotations

import json
import re
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alqahira import site
from alqahira.extraction.extractor import Hints, read_page
from alqahira.extraction.listing import PageInfo, read_listing

PAGES = Path(__file__).parents[1] / "pages" / "site"
NOW = datetime(2026, 8, 27, 9, tzinfo=UTC)
ARTICLES = ("177031", "177048", "177066", "177119")
NEWS = "https://alqaheranews.net/category/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1"
PAGE_DATA = re.compile(r'<script id="__NEXT_DATA__".*?</script>', re.DOTALL)
JSON_LD = re.compile(r'<script type="application/ld\+json">.*?</script>', re.DOTALL)


def without_page_data(html: str) -> str:
    return PAGE_DATA.sub("", html)


def without_json_ld(html: str) -> str:
    return JSON_LD.sub("", html)


def renamed(html: str) -> str:
    """Every class another, as after a redesign; page data as it is."""

    def rename(match: re.Match[str]) -> str:
        return f' class="{" ".join(f"x{zlib.crc32(name.encode()):x}" for name in match[1].split())}"'

    data = PAGE_DATA.search(html)
    body = PAGE_DATA.sub("\0", html)
    return re.sub(r' class="([^"]*)"', rename, body).replace("\0", data[0] if data else "")


SOURCES = {
    "all": lambda html: html,
    "markup and JSON-LD": without_page_data,
    "page data alone": lambda html: renamed(without_json_ld(html)),
    "markup alone": lambda html: without_json_ld(without_page_data(html)),
    "structure alone": lambda html: renamed(without_json_ld(without_page_data(html))),
}


def script_of(data) -> str:
    """Page data as it stands in a page, with no end of a script in it."""
    text = json.dumps(data).replace("<", "\\u003c")
    return f'<script id="__NEXT_DATA__" type="application/json">{text}</script>'


def read(name: str, source: str = "all", hints: Hints | None = None):
    html = SOURCES[source]((PAGES / f"{name}.html").read_text("utf-8"))
    number = re.sub(r"\D", "", name) or "171314"
    return read_page(html.encode(), f"https://alqaheranews.net/news/{number}/x", now=NOW, hints=hints)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", ARTICLES)
def test_a_captured_article_gives_its_record(name, source):
    truth = json.loads((PAGES / f"{name}.truth.json").read_text("utf-8"))
    # No markup names the category: the listing that led here does.
    article = read(name, source, Hints(section="أخبار")).article
    assert article is not None
    published = datetime.fromisoformat(truth["published"])
    if source in ("markup alone", "structure alone"):  # printed to the minute
        published -= timedelta(seconds=published.second)
    assert {
        "headline": article.headline,
        "paragraphs": article.article_body.split("\n\n"),
        "credit_line": article.credit_line,
        "authors": article.authors,
        "agencies": article.agencies,
        "caption": article.image_caption,
        "published": article.date_published,
        "sections": article.article_sections,
        "tags": article.keywords,
        "image_url": article.image_url,
        "type": "post",
    } == truth | {"published": published}
    # The summaries of all four repeat the lead, an older wording of it, or the caption.
    assert (article.description, article.date_modified) == (None, None)


LEAD = "أكد الرئيس الصربي، اليوم الأربعاء، في اتصال هاتفي مع نظيره القبرصي، موقف بلجراد الثابت الداعم لوحدة الجزيرة"


@pytest.mark.parametrize(
    ("summary", "description"),
    [
        (LEAD, None),
        (LEAD.replace("أكد", "جدد").replace("موقف بلجراد", "على موقفه"), None),  # an older wording
        (f"{LEAD} وسيادتها واستقلالها.\nقبرص", None),
        ("القصر", None),  # the caption
        ("الرئيس الصربي يجدد لنظيره القبرصي دعم بلاده لوحدة الجزيرة", None),  # the headline
        ("", None),
        (
            "بلجراد تستضيف في القصر قمة ثلاثية الشهر المقبل وسط توتر بشأن ترسيم الحدود البحرية",
            "بلجراد تستضيف في القصر قمة ثلاثية الشهر المقبل وسط توتر بشأن ترسيم الحدود البحرية",
        ),
    ],
)
def test_a_summary_is_a_description_where_it_says_something_else(summary, description):
    html = (PAGES / "177066.html").read_text("utf-8")
    data = json.loads(PAGE_DATA.search(html)[0].partition(">")[2].rpartition("<")[0])
    data["props"]["pageProps"]["post"]["data"]["post"]["summary"] = summary
    script = script_of(data)
    page = re.sub(r'<meta [^>]*description"[^>]*>', "", without_page_data(html)).replace("</body>", f"{script}</body>")
    reading = read_page(page, "https://alqaheranews.net/news/177066/x", now=NOW)
    assert reading.article.description == description


@pytest.mark.parametrize("source", [source for source in SOURCES if source != "structure alone"])
def test_a_captured_infographic_is_known_as_one(source):
    reading = read("infographic", source)
    assert (reading.article, reading.kind, reading.cause) == (None, "infographic", "infographic")


def test_an_infographic_of_unknown_markup_is_no_article_of_its_date_and_credit():
    reading = read("infographic", "structure alone")
    assert (reading.article, reading.cause) == (None, "no_body")


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ('<figure class="wp-block-gallery"><div class="image-gallery"><img src="/a"></div></figure>', "album"),
        ('<iframe src="https://player.vimeo.com/video/1"></iframe>', "video"),
    ],
)
def test_a_page_without_text_is_what_its_markup_shows(html, kind):
    page = without_page_data((PAGES / "infographic.html").read_text("utf-8")).replace(" infograph-post", "")
    page = re.sub(r'<div><li class="blocks-gallery-item.*?</li></div>', html, page, flags=re.DOTALL)
    assert read_page(page, "https://alqaheranews.net/news/171314/x", now=NOW).kind == kind


@pytest.mark.parametrize(
    ("post", "cause"),
    [('{"data":{"post":null},"success":false}', "soft_404"), ('{"success":false}', "soft_404")],
)
def test_an_answer_without_a_post_is_a_soft_404(post, cause):
    page = without_page_data((PAGES / "177066.html").read_text("utf-8"))
    data = f'<script id="__NEXT_DATA__" type="application/json">{{"props":{{"pageProps":{{"post":{post}}}}}}}</script>'
    assert (
        read_page(page.replace("</body>", data + "</body>"), "https://alqaheranews.net/news/177066/x", now=NOW).cause
        == cause
    )


def moved(data, name):
    """Page data whose story stands elsewhere, as after a change of the site's back end."""
    story = data["props"]["pageProps"].pop("post")["data"]["post"]
    data["props"]["pageProps"] |= {
        "renamed": {"article": {"data": {"article": story}, "success": True}},
        "flat": {"post": {"data": story, "success": True}},
        "bare": {"story": story},
    }[name]
    return data


@pytest.mark.parametrize("where", ["renamed", "flat", "bare"])
@pytest.mark.parametrize("with_markup", [True, False])
def test_a_story_whose_data_stand_elsewhere_is_read_all_the_same(where, with_markup):
    html = (PAGES / "177119.html").read_text("utf-8")
    whole = read("177119").article
    data = moved(json.loads(PAGE_DATA.search(html)[0].partition(">")[2].rpartition("<")[0]), where)
    page = without_page_data(html) if with_markup else renamed(without_json_ld(without_page_data(html)))
    script = script_of(data)
    page = page.replace("</body>", f"{script}</body>")
    article = read_page(page, "https://alqaheranews.net/news/177119/x", now=NOW).article
    assert article is not None
    for name in ("headline", "article_body", "credit_line", "keywords", "article_sections", "date_published"):
        assert getattr(article, name) == getattr(whole, name)


def test_a_listing_whose_data_stand_elsewhere_is_read_all_the_same():
    html = (PAGES / "listing-plain.html").read_text("utf-8")
    data = json.loads(PAGE_DATA.search(html)[0].partition(">")[2].rpartition("<")[0])
    data["props"]["pageProps"]["desk"] = data["props"]["pageProps"].pop("category")
    listing = read_listing(json.dumps(data), NEWS, root=site.ROOT.value, now=NOW)
    whole = read_listing(html, NEWS, root=site.ROOT.value, now=NOW)
    assert (listing.cards, listing.others, listing.info) == (whole.cards, whole.others, whole.info)


def test_an_empty_desk_is_empty_whatever_its_carousels_show():
    html = (PAGES / "listing-plain.html").read_text("utf-8")
    data = json.loads(PAGE_DATA.search(html)[0].partition(">")[2].rpartition("<")[0])
    data["props"]["pageProps"]["category"] |= {"posts": [], "pageInfo": {"currentPage": 1, "totalPages": 0}}
    carousels = html[html.index('<div class="slick') : html.index('<button class="loadMoreButton"')]
    html = without_page_data(html).replace("</main>", f"{carousels}</main>")
    html = re.sub(r'<article><div class="post-card-1.*?</article>', "", html, flags=re.DOTALL)
    script = script_of(data)
    listing = read_listing(html.replace("</main>", f"</main>{script}"), NEWS, root=site.ROOT.value, now=NOW)
    assert (listing.cards, listing.has_more) == ([], False)
    assert listing.others


@pytest.mark.parametrize("name", ["listing", "listing-plain"])
@pytest.mark.parametrize("with_data", [True, False], ids=["page data", "cards alone"])
def test_a_captured_listing_lists_its_posts_and_no_carousel(name, with_data):
    truth = json.loads((PAGES / "listing.truth.json").read_text("utf-8"))
    html = (PAGES / f"{name}.html").read_text("utf-8")
    html = html if with_data else without_page_data(html)
    listing = read_listing(html, NEWS, root=site.ROOT.value, now=NOW)
    posts = [card for card in truth["cards"] if card["kind"] == "post"]
    assert [card.key for card in listing.cards] == [str(number) for number in truth["chronological_posts"]]
    assert [card.headline for card in listing.cards] == [card["headline"].strip() for card in posts]
    assert [card.url for card in listing.cards] == [site.ROOT.value + card["path"] for card in posts]
    assert (listing.section, listing.has_load_more, listing.next_urls) == ("أخبار", True, [])
    if with_data:
        assert [card.date for card in listing.cards] == [datetime.fromisoformat(card["published"]) for card in posts]
        assert listing.info == PageInfo(1, 2366, 28391)
        assert {card.key: card.kind for card in listing.others} == {
            str(card["id"]): card["kind"]
            for card in (*truth["cards"], *truth["videos_without_link"])
            if card["kind"] != "post"
        }


def test_a_post_without_a_slug_or_a_title_is_a_post():
    html = (PAGES / "listing-plain.html").read_text("utf-8")
    data = json.loads(PAGE_DATA.search(html)[0].partition(">")[2].rpartition("<")[0])
    posts = data["props"]["pageProps"]["category"]["posts"]
    posts[1]["slug"], posts[2]["title"], posts[3]["slug"] = None, None, "\ud800"
    listing = read_listing(json.dumps(data), NEWS, root=site.ROOT.value, now=NOW)
    assert [card.key for card in listing.cards] == [str(post["id"]) for post in posts]


def test_the_data_of_a_listing_alone_gives_the_same():
    html = (PAGES / "listing-plain.html").read_text("utf-8")
    data = json.loads(PAGE_DATA.search(html)[0].partition(">")[2].rpartition("<")[0])
    answer = json.dumps({"pageProps": data["props"]["pageProps"], "__N_SSP": True})
    url = "https://alqaheranews.net/_next/data/x/en/category/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1.json?page=1"
    whole = read_listing(html, NEWS, root=site.ROOT.value, now=NOW)
    alone = read_listing(answer.encode(), url, root=site.ROOT.value, now=NOW)
    assert (alone.cards, alone.others, alone.info, alone.section) == (
        whole.cards,
        whole.others,
        whole.info,
        whole.section,
    )
