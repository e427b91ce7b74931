"""Pages in the captured markup of the site give exactly the record beside each."""

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


def data_of(html: str):
    return json.loads(PAGE_DATA.search(html)[0].partition(">")[2].rpartition("<")[0])


def renamed(html: str) -> str:
    """The page with other class names, as after a redesign, and the same page data."""

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
    """A script with this page data, in which `<` is escaped."""
    text = json.dumps(data).replace("<", "\\u003c")
    return f'<script id="__NEXT_DATA__" type="application/json">{text}</script>'


def read(name: str, source: str = "all", hints: Hints | None = None):
    html = SOURCES[source]((PAGES / f"{name}.html").read_text("utf-8"))
    number = re.sub(r"\D", "", name) or "171314"
    return read_page(html.encode(), f"https://alqaheranews.net/news/{number}/x", now=NOW, hints=hints)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", ARTICLES)
def test_captured_article_gives_its_record(name, source):
    truth = json.loads((PAGES / f"{name}.truth.json").read_text("utf-8"))
    # The category is only in the listing that led here.
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
    # All four summaries repeat the lead, an older wording of it, or the caption.
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
def test_summary_is_description_only_if_new(summary, description):
    html = (PAGES / "177066.html").read_text("utf-8")
    data = data_of(html)
    data["props"]["pageProps"]["post"]["data"]["post"]["summary"] = summary
    script = script_of(data)
    page = re.sub(r'<meta [^>]*description"[^>]*>', "", without_page_data(html)).replace("</body>", f"{script}</body>")
    reading = read_page(page, "https://alqaheranews.net/news/177066/x", now=NOW)
    assert reading.article.description == description


@pytest.mark.parametrize("source", [source for source in SOURCES if source != "structure alone"])
def test_captured_infographic_is_recognized(source):
    reading = read("infographic", source)
    assert (reading.article, reading.kind, reading.cause) == (None, "infographic", "infographic")


def test_infographic_in_unknown_markup_has_no_body():
    reading = read("infographic", "structure alone")
    assert (reading.article, reading.cause) == (None, "no_body")


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ('<figure class="wp-block-gallery"><div class="image-gallery"><img src="/a"></div></figure>', "album"),
        ('<iframe src="https://player.vimeo.com/video/1"></iframe>', "video"),
    ],
)
def test_page_without_text_is_classified_by_markup(html, kind):
    page = without_page_data((PAGES / "infographic.html").read_text("utf-8")).replace(" infograph-post", "")
    page = re.sub(r'<div><li class="blocks-gallery-item.*?</li></div>', html, page, flags=re.DOTALL)
    assert read_page(page, "https://alqaheranews.net/news/171314/x", now=NOW).kind == kind


@pytest.mark.parametrize("post", [{"data": {"post": None}, "success": False}, {"success": False}])
def test_page_data_without_post_is_soft_404(post):
    page = without_page_data((PAGES / "177066.html").read_text("utf-8"))
    page = page.replace("</body>", script_of({"props": {"pageProps": {"post": post}}}) + "</body>")
    assert read_page(page, "https://alqaheranews.net/news/177066/x", now=NOW).cause == "soft_404"


def moved(data, name):
    """Page data with the story at another path, as after a change of the site's back end."""
    story = data["props"]["pageProps"].pop("post")["data"]["post"]
    data["props"]["pageProps"] |= {
        "renamed": {"article": {"data": {"article": story}, "success": True}},
        "flat": {"post": {"data": story, "success": True}},
        "bare": {"story": story},
    }[name]
    return data


@pytest.mark.parametrize("where", ["renamed", "flat", "bare"])
@pytest.mark.parametrize("with_markup", [True, False])
def test_moved_page_data_gives_the_same_article(where, with_markup):
    html = (PAGES / "177119.html").read_text("utf-8")
    whole = read("177119").article
    data = moved(data_of(html), where)
    page = without_page_data(html) if with_markup else renamed(without_json_ld(without_page_data(html)))
    script = script_of(data)
    page = page.replace("</body>", f"{script}</body>")
    article = read_page(page, "https://alqaheranews.net/news/177119/x", now=NOW).article
    assert article is not None
    for name in ("headline", "article_body", "credit_line", "keywords", "article_sections", "date_published"):
        assert getattr(article, name) == getattr(whole, name)


def test_moved_page_data_gives_the_same_listing():
    html = (PAGES / "listing-plain.html").read_text("utf-8")
    data = data_of(html)
    data["props"]["pageProps"]["desk"] = data["props"]["pageProps"].pop("category")
    listing = read_listing(json.dumps(data), NEWS, root=site.ROOT.value, now=NOW)
    whole = read_listing(html, NEWS, root=site.ROOT.value, now=NOW)
    assert (listing.cards, listing.others, listing.info) == (whole.cards, whole.others, whole.info)


def test_empty_listing_ignores_carousels():
    html = (PAGES / "listing-plain.html").read_text("utf-8")
    data = data_of(html)
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
def test_captured_listing_has_its_posts_without_carousels(name, with_data):
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


def test_post_without_slug_or_title_is_listed():
    html = (PAGES / "listing-plain.html").read_text("utf-8")
    data = data_of(html)
    posts = data["props"]["pageProps"]["category"]["posts"]
    posts[1]["slug"], posts[2]["title"], posts[3]["slug"] = None, None, "\ud800"
    listing = read_listing(json.dumps(data), NEWS, root=site.ROOT.value, now=NOW)
    assert [card.key for card in listing.cards] == [str(post["id"]) for post in posts]


def test_listing_from_json_equals_listing_from_html():
    html = (PAGES / "listing-plain.html").read_text("utf-8")
    data = data_of(html)
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
