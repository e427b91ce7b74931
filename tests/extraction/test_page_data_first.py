"""A page that shows what its page data says is read without a tree, and gives exactly the record that its tree gives."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alqahira import site
from alqahira.extraction.extractor import Hints, extract_article, is_checked, read_page
from alqahira.extraction.sources import blocks, page_data_first
from alqahira.replica.body import Block
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import Pages

CAPTURED = Path(__file__).parents[1] / "pages" / "site"
NUMBER = "177119"
URL = f"https://alqaheranews.net/news/{NUMBER}/x"
PAGE = (CAPTURED / f"{NUMBER}.html").read_text("utf-8")
CAPTURE_TIME, NOW = datetime(2026, 8, 27, 9, tzinfo=UTC), datetime(2026, 11, 24, 12, tzinfo=UTC)
SCRIPT = re.compile(r'(?<=<script id="__NEXT_DATA__" type="application/json">).*?(?=</script>)', re.DOTALL)


def is_quick(page: str, url: str = URL, now: datetime = CAPTURE_TIME) -> bool:
    return page_data_first.read(page.encode("utf-8", "surrogatepass"), url, now) is not None


def both(page: str, url: str = URL, now: datetime = CAPTURE_TIME, **hints):
    """The page's reading by page data where that is possible, and by its tree."""
    quick, whole = (read_page(page, url, now=now, hints=Hints(**hints), check_share=share) for share in (0, 1))
    assert whole.drift == []
    return quick, whole


@pytest.mark.parametrize("number", ["177031", "177048", "177066", "177119"])
def test_captured_article_needs_no_tree(number, monkeypatch):
    page, url = (CAPTURED / f"{number}.html").read_text("utf-8"), f"{site.ROOT.value}/news/{number}/x"
    quick, whole = both(page, url, section="أخبار", listing_date=CAPTURE_TIME)
    assert quick == whole
    assert quick.article.layout == "site"
    monkeypatch.setattr("lxml.etree.fromstring", None)
    assert read_page(page.encode(), url, now=CAPTURE_TIME, check_share=0).article is not None


def test_captured_infographic_needs_no_tree(monkeypatch):
    page = (CAPTURED / "infographic.html").read_text("utf-8")
    number = json.loads(SCRIPT.search(page)[0])["props"]["pageProps"]["post"]["data"]["post"]["id"]
    url = f"{site.ROOT.value}/news/{number}/x"
    quick, whole = both(page, url)
    assert quick == whole
    assert quick.kind == "infographic"
    assert both(page.replace("</figure>", "</figure><textarea>", 1), url)[0].article is None
    monkeypatch.setattr("lxml.etree.fromstring", None)
    assert read_page(page, url, now=CAPTURE_TIME, check_share=0).kind == "infographic"


def replica(**options):
    options = ReplicaOptions(now=NOW, **options)
    newsroom = Newsroom(options, real_now=NOW)
    return newsroom, Pages(options, newsroom)


FACES = [
    {},
    {"title": "bare"},
    {"metadata": "none"},
    {"page_data": "none"},
    {"page_data": "next_f"},
    {"render": "client"},
    {"classes": "older"},
    {"classes": "renamed"},
]


@pytest.mark.parametrize(
    "face", [FACES[0], *(pytest.param(face, marks=pytest.mark.chaos) for face in FACES[1:])], ids=str
)
def test_page_of_the_replica_gives_the_same_both_ways(face):
    newsroom, pages = replica(**face)
    quick = 0
    for article in newsroom.articles():
        page, url = pages.article(article), pages.url(article)
        assert read_page(page, url, now=NOW, check_share=0) == read_page(page, url, now=NOW, check_share=1)
        quick += is_quick(page, url, NOW)
    # The written articles are the odd ones; the others are below.
    assert quick >= 45 if face in FACES[:2] else quick == 0


def test_ordinary_article_of_the_replica_needs_no_tree():
    newsroom, pages = replica(articles=60)
    posts = [each for each in newsroom.articles() if each.kind == "post" and each.number > 100_000]
    assert len(posts) > 50
    assert all(is_quick(pages.article(each), pages.url(each), NOW) for each in posts)


def test_page_of_another_kind_needs_no_tree():
    newsroom, pages = replica(articles=400)
    others = [each for each in newsroom.articles() if each.kind != "post" and each.number > 100_000]
    assert len({each.kind for each in others}) == 3
    for each in others:
        page, url = pages.article(each), pages.url(each)
        assert is_quick(page, url, NOW)
        assert read_page(page, url, now=NOW, check_share=0) == read_page(page, url, now=NOW, check_share=1)


@cache
def sample():
    newsroom, pages = replica(articles=1)
    article = next(each for each in newsroom.articles() if each.number > 100_000)
    return article, pages


WORDS = st.sampled_from(
    [
        *("قال", "الرئيس", "«مصر»", '"تانيوج"', "جدًّا", "2,100", "3.5", "R&D", "&quot;", "&nbsp;", "<b>", "x\u00a0y"),
        *("d'Or", "- ", "  ", "صنعاء.", "ﷺ", "é", "الوكالات", "اقرأ أيضًا:", "\n", "وكالات", "[caption]", "قـال"),
        *("\u0301", "\u200fثم", "😀"),
    ]
)
LINES = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)
PLAIN = ("<p>{}</p>", '<p style="text-align:justify;">{}</p>', "<h5><strong>{}</strong></h5>", "<p>&nbsp;{}&nbsp;</p>")
OTHERS = (
    *("<p><strong>{}</strong> {}</p>", '<p><a href="/news/1" target="_self">{}</a> {}</p>', "<p>{}<br>{}</p>", "{}"),
    *("<ul>\n<li>{}</li>\n</ul>", "<p>{}", "<p>{}</p></div>", "<p><ins>{}</ins></p>", '<p style="display:none">{}</p>'),
)


def bodies(*shapes: str):
    texts = st.builds(
        lambda shape, line: shape.replace("{}", html.escape(line, quote=False)), st.sampled_from(shapes), LINES
    )
    return st.lists(texts, min_size=1, max_size=6)


WRITERS = st.sampled_from(["متابعات", " وكالات ", "سمير الدالي", "إعداد: محمود ترك - تصميم: شريف عمرو"]) | LINES
BODIES = bodies(*PLAIN) | bodies(*PLAIN, *OTHERS)


@given(body=BODIES.map("\n".join))
def test_plain_body_is_read_as_a_parser_reads_it(body):
    read = blocks.paragraphs_of(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "plain_texts", lambda _: None)
        assert read == blocks.paragraphs_of(body)


RELATED = "<p>اقرأ أيضًا: قال قال الوكالات اقرأ أيضًا:</p>"  # boilerplate, as a line of text too


@example(headline="قال", writer="متابعات", caption=None, tags=[], description=None, body=[RELATED])
@given(
    headline=LINES, writer=WRITERS, caption=st.none() | LINES, tags=st.lists(LINES, max_size=4), description=st.none() | LINES,
    body=BODIES,
)  # fmt: skip
def test_any_post_gives_the_same_both_ways(headline, writer, caption, tags, description, body):
    article, pages = sample()
    parts = tuple(Block("", html.unescape(re.sub("<[^>]*>", "", text)), text) for text in body)
    post = dataclasses.replace(
        article, headline=headline, credit=f"{site.NAME.value} - {writer}", caption=caption, tags=tuple(tags),
        description=description, blocks=parts,
    )  # fmt: skip
    page, url = pages.article(post), pages.url(post)
    assert read_page(page, url, now=NOW, check_share=0) == read_page(page, url, now=NOW, check_share=1)


def with_post(page: str = PAGE, **changes) -> str:
    data = json.loads(SCRIPT.search(page)[0])
    post = data["props"]["pageProps"]["post"]["data"]["post"]
    post |= {name: value for name, value in changes.items() if value is not ...}
    for name in [name for name, value in changes.items() if value is ...]:
        del post[name]
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return SCRIPT.sub(lambda _: text, page)


def with_data(edit) -> str:
    text = edit(SCRIPT.search(PAGE)[0])
    return SCRIPT.sub(lambda _: text, PAGE)


TITLE, LEAD = "وزير الخارجية المصري: لا استقرار", "جدّد وزير الخارجية المصري"
OWN_SCRIPT = PAGE[PAGE.index('<script id="__NEXT_DATA__"') :].partition("</script>")[0] + "</script>"
LINK, NAME = '<a href="/news/1/x">السفير</a>', "السفير هاني"
LINKED = with_data(lambda text: text.replace(NAME, json.dumps(LINK, ensure_ascii=False)[1:-1].replace("<", "\\u003c")))
LINKED = LINKED.replace(f"المصرية، {NAME}", f"المصرية، {LINK}")
OTHERWISE = {
    "another headline shown": PAGE.replace(f'900">{TITLE}', f'900">{TITLE} عاجل'),
    "another headline in page data": with_post(title="خبر آخر"),
    "another headline in the head": PAGE.replace(f'content="{TITLE}', f'content="{TITLE} عاجل', 1),
    "another headline in JSON-LD": PAGE.replace(f'"headline":"{TITLE}', '"headline":"خبر آخر '),
    "markup newer than page data": PAGE.replace(f'">{LEAD} الدكتور بدر', f'">{LEAD} بدر'),
    "page data newer than markup": with_data(lambda text: text.replace(f"{LEAD} الدكتور", f"{LEAD} معالي الدكتور")),
    "last words edited": PAGE.replace("البرلمانات والمؤسسات الأوروبية.</p>\n</div>", "البرلمانات.</p>\n</div>"),
    "one paragraph more": PAGE.replace('</p>\n</div><div class="htmlCode"', '</p>\n<p>تتمة</p></div><div class="htmlCode"', 1),
    "another writer": with_post(writer="وكالات"),
    "no writer": with_post(writer=None),
    "another caption": PAGE.replace("<figcaption>", "<figcaption>أرشيفية: "),
    "another image": with_post(mainImage_url="https://fmcdn.alqaheranews.net/other"),
    "another tag": PAGE.replace("القدس الشرقية</a>", "القدس</a>"),
    "another summary": with_post(summary="موجز آخر للخبر"),
    "another time in JSON-LD": PAGE.replace('"dateModified":"2026-08-26T17', '"dateModified":"2026-08-26T19'),
    "a date of modification": PAGE.replace("<title>", '<meta property="article:modified_time" content="2026-08-26T19:00:00Z"/><title>', 1),
    "no date": with_post(publishedAt=None),
    "a field is missing": with_post(summary=...),
    "no categories": with_post(Categories=[]),
    "an unknown kind": with_post(type="poll"),
    "another article's page data": with_post(id=177120),
    "no such post": with_data(lambda text: text.replace('"page":"/news/[id]/[[...slug]]"', '"page":"/404"')),
    "page data twice": PAGE.replace("</body>", f"{OWN_SCRIPT}</body>"),
    "page data twice, first before the article": PAGE.replace("<main", f"{OWN_SCRIPT}<main"),
    "page data in a comment": PAGE.replace(OWN_SCRIPT, f"<!-- {OWN_SCRIPT} -->"),
    "page data is not strict JSON": with_data(lambda text: text.replace('"isAdmin"', '"\t":1,"isAdmin"')),
    "page data with an end too many": with_data(lambda text: text + "}"),
    "app router": PAGE.replace("</body>", '<script>self.__next_f.push([1,"1:[]"])</script></body>'),
    "a base element": PAGE.replace("<title>", '<base href="https://example.org/"/><title>', 1),
    "a canonical link": PAGE.replace("<title>", '<link rel="canonical" href="https://alqaheranews.net/news/1/x"/><title>', 1),
    "the article in a comment": PAGE.replace("<main", "<!-- <main").replace("</main>", "</main> -->"),
    "a link in the body": LINKED,
    "a part hidden": PAGE.replace('<p style="text-align:justify;">وأوضح', '<p style="display:none">وأوضح'),
    "no date shown": PAGE.replace("٢٦ أغسطس ٢٠٢٦", "قريبًا").replace("٠٨:١٣ م", ""),
    "more JSON-LD": PAGE.replace("</main>", '</main><script type="application/ld+json">{}</script>'),
    "cut": PAGE.removesuffix("</html>\n").removesuffix("</html>"),
    "redesigned": PAGE.replace("single-content2", "single-content3"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERWISE)
def test_other_page_is_read_by_its_tree(name):
    page = OTHERWISE[name]
    assert page != PAGE
    assert is_quick(PAGE)
    assert not is_quick(page)
    quick, whole = both(page)
    assert quick == whole


def test_page_under_another_number_is_read_by_its_tree():
    assert not is_quick(PAGE, f"{site.ROOT.value}/news/177120/x")
    assert not is_quick(PAGE, f"{site.ROOT.value}/infograph")


def test_misprinted_date_is_a_disagreement_either_way():
    page = PAGE.replace("٢٦ أغسطس ٢٠٢٦", "٠١ أغسطس ٢٠٢٦")
    assert is_quick(page)
    quick, whole = both(page)
    assert quick == whole
    assert [each.field for each in quick.disagreements] == ["date_published"]


def test_page_names_its_address_either_way():
    page = PAGE.replace(f"alqaheranews.net//news/{NUMBER}/", "alqaheranews.net//news/5/")
    assert is_quick(page)
    quick, whole = both(page)
    assert quick == whole
    assert quick.address_number == "5"
    assert not quick.is_of(URL, URL)


def test_difference_is_found_in_the_sample_and_the_record_is_of_the_tree(monkeypatch):
    read = page_data_first.read

    def wrong(*given):
        extracted = read(*given)
        extracted["site"].headline = extracted["page_data"].headline = "خبر آخر"
        return extracted

    truth = extract_article(PAGE, URL, now=CAPTURE_TIME)
    monkeypatch.setattr(page_data_first, "read", wrong)
    assert read_page(PAGE, URL, now=CAPTURE_TIME, check_share=0).article.headline == "خبر آخر"
    checked = read_page(PAGE, URL, now=CAPTURE_TIME, check_share=1)
    assert checked.article == truth
    assert set(checked.drift) == {"headline", "content_hash"}


def test_sample_is_by_the_article_and_grows_with_the_share():
    numbers, address = range(170_000, 172_000), f"{site.ROOT.value}/news/{{}}/a"
    few, more = ({n for n in numbers if is_checked(address.format(n), share)} for share in (0.05, 0.2))
    assert few < more
    assert abs(len(few) / len(numbers) - 0.05) < 0.02
    assert few == {n for n in numbers if is_checked(f"{site.ROOT.value}//news/{n}", 0.05)}
