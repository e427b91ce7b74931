"""Headline, credit, date and caption of pages without known markup, and when another body is the better one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alqahira.extraction import second_opinion
from alqahira.extraction.decoding import decode
from alqahira.extraction.extractor import read_page

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://news.example.com/world/812/x"
NAME = "محافظ الإقليم يفتتح جسرًا جديدًا فوق النهر بعد عامين من العمل"
STORY = (
    "<p>افتتح محافظ الإقليم صباح اليوم جسرًا جديدًا فوق النهر يربط المدينة القديمة بالأحياء الشرقية.</p>"
    "<p>وقال المحافظ إن العمل في الجسر استغرق عامين، وشارك فيه أكثر من ألف عامل ومهندس.</p>"
    "<p>ويتوقع السكان أن يخفف الجسر الازدحام عن الطريق الرئيسي في ساعات الذروة.</p>"
)


def article(above="", *, head="", heading=f"<h1>{NAME}</h1>", below="", url=URL):
    html = f"<html><head>{head}</head><body><div>{heading}{above}<div>{STORY}</div>{below}</div></body></html>"
    return read_page(html, url, now=NOW).article


def og(title):
    return f'<meta property="og:title" content="{title}">'


def ld(**fields):
    values = ",".join(f'"{name}":{value}' for name, value in fields.items())
    return f'<script type="application/ld+json">{{"@type":"NewsArticle",{values}}}</script>'


H1, NO_H1 = f"<h1>{NAME}</h1>", ""
SITE = '<meta property="og:site_name" content="جريدة النهر">'
SLOGAN = "شبكة الأخبار الأولى - كل جديد على مدار الساعة"
OTHER = "الجسر الجديد: كل ما تريد معرفته"
HEADLINES = {
    "a heading, and the site's name behind it in the titles": (H1, og(f"{NAME} - جريدة النهر"), NAME),
    "the site's name in front": (H1, og(f"جريدة النهر - {NAME}"), NAME),
    "section and site's name in JSON-LD": (H1, ld(headline=f'"{NAME} | محليات"'), NAME),
    "more than that in JSON-LD": (H1, ld(headline=f'"{NAME} | محليات من المدينة والأقاليم كلها"'), NAME),
    "another wording in the titles": (H1, og(OTHER) + f"<title>{OTHER} | النهر</title>", NAME),
    "another wording in one title": (H1, og(OTHER) + f"<title>{NAME}</title>", NAME),
    "the same words in another order": (H1, ld(headline=f'"بعد عامين من العمل: {NAME[:-18]}"'), NAME),
    "a label in the heading": (f"<h1><span>محليات</span> {NAME}</h1>", og(NAME), NAME),
    "no h1 but an h2": (f"<h2>{NAME}</h2>", f"<title>{NAME} | النهر</title>", NAME),
    "no heading element": (f"<div class=t>{NAME}</div>", f"<title>{NAME} :: النهر</title>", NAME),
    "the site's name as h1": (f"<h1>جريدة النهر</h1><h2>{NAME}</h2>", og(NAME), NAME),
    "only a title": (NO_H1, f"<title>{NAME}</title>", NAME),
    "only a title with the name of the site": (
        NO_H1,
        f'<meta property="og:site_name" content="جريدة النهر"><title>{NAME} | جريدة النهر</title>',
        NAME,
    ),
    "only a title with the host": (NO_H1, f"<title>{NAME} | News.example.com</title>", NAME),
    "only a title with the host's name": (NO_H1, f"<title>{NAME} | News</title>", NAME),
    "only a title with sections and the name of the site": (NO_H1, f"{SITE}<title>{NAME} » محليات » جريدة النهر</title>", NAME),
    "only a title with the name of the site and a writer": (NO_H1, f"{SITE}<title>{NAME} | جريدة النهر | ليلى</title>", NAME),
    "only a title with the name of the site and a colon": (NO_H1, f"{SITE}<title>جريدة النهر: {NAME}</title>", NAME),
    "only a title with the name of the site in brackets": (NO_H1, f"{SITE}<title>{NAME} (جريدة النهر)</title>", NAME),
    "a dash of the headline's own": (f"<h1>{NAME} - صور</h1>", f"{SITE}<title>{NAME} - صور - جريدة النهر</title>", f"{NAME} - صور"),
    "a title that is a file's name": (f"<p><b>{NAME}</b></p>", "<title>news1</title>", NAME),
    "a title that is the site's name, as is a banner": (f"<p>نهر الأخبار</p><p><b>{NAME}</b></p>", "<title>نهر الأخبار</title>", NAME),
    "titles that are the site's for all pages": (f"<h2>{NAME}</h2>", og(SLOGAN) + f"<title>{SLOGAN}</title>", NAME),
    "titles of the site, and an h1": (H1, og(SLOGAN) + f"<title>{SLOGAN}</title>", NAME),
    "the site's name as headline in JSON-LD": (H1, SITE + ld(headline='"جريدة النهر"'), NAME),
    "cut with dots in JSON-LD": (H1, ld(headline=f'"{NAME[:40]}..."'), NAME),
    "cut with dots in the titles": (H1, og(f"{NAME[:40]}…") + f"<title>{NAME[:40]}…</title>", NAME),
    "cut at 110 characters in JSON-LD": (f"<h1>{NAME}، {NAME}</h1>", ld(headline=f'"{f"{NAME}، {NAME}"[:110]}"'), f"{NAME}، {NAME}"),
    "dots of the headline's own": (f"<h1>{NAME}</h1>", ld(headline=f'"{NAME}..."'), f"{NAME}..."),
    "a label for screen readers in the heading": (f"<h1><span>حصري:</span> {NAME}</h1>", ld(headline=f'"{NAME}"'), NAME),
    "a date in the heading": (f"<h1>{NAME} <small>22/11/2026</small></h1>", og(NAME) + f"<title>{NAME} | النهر</title>", NAME),
    "other quotation marks in the heading": ("<h1>The river’s bridge is open</h1>", og("The river's bridge is open") + "<title>The river's bridge is open</title>", "The river's bridge is open"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HEADLINES)
def test_headline_is_what_heading_and_titles_agree_on(kind):
    heading, head, expected = HEADLINES[kind]
    assert article(heading=heading, head=head).headline == expected


CREDITS = {
    "a label without a name": ("<div>Posted by <span>admin</span> 22/11/2026</div>", "", None),
    "a role and a name": ("<p>كتب: سامي حداد</p>", "", "كتب: سامي حداد"),
    "a role and a name in two elements": (
        "<div><span>كتبت</span> <a href='/w/3'>ليلى منصور</a></div>",
        "",
        "كتبت ليلى منصور",
    ),
    "an agency and a town": ("<p>وكالات - أبوظبي</p>", "", "وكالات - أبوظبي"),
    "a name beside a date": ("<div>17-03-2026 الساعة 17:09 | ليلى منصور</div>", "", "ليلى منصور"),
    "a role and a name before a date": ("<div><b>بقلم: ليلى منصور</b> <i>25/11/2025</i></div>", "", "بقلم: ليلى منصور"),
    "a name and a town": ("<div>ليلى منصور - القاهرة</div>", "", "ليلى منصور - القاهرة"),
    "a byline without a role": ("<div class='post-author'>ليلى منصور</div>", "", "ليلى منصور"),
    "the author in JSON-LD, shown": ("<div>ليلى منصور</div>", ld(author='{"name":"ليلى منصور"}'), "ليلى منصور"),
    "the author in JSON-LD, shown with a label": ("<p>Author, ليلى منصور</p>", ld(author='"ليلى منصور"'), "ليلى منصور"),
    "the author in JSON-LD, shown in another spelling": (
        "<div>ليلى منصور</div>",
        ld(author='"ليلي منصور"'),
        "ليلى منصور",
    ),
    "the author in JSON-LD, not shown": ("", ld(author='[{"@type":"Person","name":"ليلى منصور"}]'), "ليلى منصور"),
    "the author in meta": ("", '<meta name="author" content="ليلى منصور">', "ليلى منصور"),
    "an address in meta": ("", '<meta name="author" content="https://example.org/w">', None),
    "a section": ("<div>أخبار محلية</div>", "", None),
    "a share label": ("<div>شارك الخبر</div>", "", None),
}


@pytest.mark.parametrize("kind", CREDITS)
def test_credit_is_the_line_that_names_the_writer(kind):
    above, head, expected = CREDITS[kind]
    assert article(above, head=head).credit_line == expected


def test_name_that_signs_the_story_is_the_credit_and_no_body():
    read = article("<p>ليلى منصور</p>", below="<p>ليلى منصور</p>")
    assert read.credit_line == "ليلى منصور"
    assert "ليلى" not in read.article_body


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


META = '<meta property="article:published_time" content="{}">'
DATES = {
    "to the minute, without a zone": ("<p>22 نوفمبر 2026 - 10:15 ص</p>", "", URL, utc(2026, 11, 22, 8, 15)),
    "with a label": ("<p>تم نشره الأحد 22 نوفمبر 2026 10:15 صباحًا</p>", "", URL, utc(2026, 11, 22, 8, 15)),
    "of a country by its host": ("<p>8 فيفري 2026</p>", "", "https://x.com.tn/a/1", utc(2026, 2, 7, 23)),
    "of London by its host": ("<p>March 16, 2026</p>", "", "http://x.co.uk/?p=1", utc(2026, 3, 16)),
    "with the Levant's months": ("<p>24 نيسان / أبريل 2020 09:22 مساءً</p>", "", URL, utc(2020, 4, 24, 18, 22)),
    "with its own zone": ("<p>22 نوفمبر 2026 10:15 بتوقيت جرينتش</p>", "", "https://x.ae/1", utc(2026, 11, 22, 10, 15)),
    "relative": ("<p>منذ ساعتين</p>", "", "https://x.ae/1", utc(2026, 11, 24, 10)),
    "in Arabic digits": ("", ld(datePublished='"٢٠٢٦-٠٧-٠٧T١٤:٢٩:٢١+0400"'), URL, utc(2026, 7, 7, 10, 29, 21)),
    "in two objects, one with the day alone": (
        "",
        ld(headline=f'"{NAME}"', datePublished='"2026-08-24"')
        + ld(headline=f'"{NAME}"', datePublished='"2026-08-24T06:23:13Z"'),
        URL,
        utc(2026, 8, 24, 6, 23, 13),
    ),
    "with local time as if it were UTC": (
        "<p>الإثنين، 24 أغسطس 2026 09:23 ص</p>",
        META.format("2026-08-24T09:23:13Z"),
        URL,
        utc(2026, 8, 24, 6, 23, 13),
    ),
    "with an offset that agrees": (
        "<p>الإثنين، 24 أغسطس 2026 09:23 ص</p>",
        META.format("2026-08-24T06:23:13Z"),
        URL,
        utc(2026, 8, 24, 6, 23, 13),
    ),
    "in other meta elements": ("", '<meta name="parsely-pub-date" content="2026-08-24T06:23:13Z">', URL, utc(2026, 8, 24, 6, 23, 13)),
}  # fmt: skip


@pytest.mark.parametrize("kind", DATES)
def test_date_is_in_the_zone_of_its_page(kind):
    above, head, url, expected = DATES[kind]
    assert article(above, head=head, url=url).date_published == expected


IMG = "<img src='a.jpg'>"
CAPTIONS = {
    "in a figure": (f"<figure>{IMG}<figcaption>الجسر ليلًا</figcaption></figure>", "الجسر ليلًا"),
    "a label for screen readers, then the caption": (
        f"<figure>{IMG}<figcaption><span>التعليق على الصورة،</span><p>الجسر ليلًا</p></figcaption></figure>",
        "الجسر ليلًا",
    ),
    "outside a figure": (f"<div>{IMG}<span>الجسر ليلًا</span></div>", "الجسر ليلًا"),
    "two elements around": (f"<div><a>{IMG}</a><div><div>الجسر ليلًا</div></div></div>", "الجسر ليلًا"),
    "the words of a form": ("<div class='newsletter-form'><p class='form-caption'>اشترك في نشرتنا</p></div>", None),
    "breadcrumbs beside an icon": (f"<div>{IMG}<a href='/'>الرئيسية</a> <a href='/s'>محليات</a></div>", None),
    "a share label beside an icon": (f"<div>{IMG}<span>شارك</span></div>", None),
}


@pytest.mark.parametrize("kind", CAPTIONS)
def test_caption_is_the_short_text_beside_the_image(kind):
    above, expected = CAPTIONS[kind]
    assert article(above).image_caption == expected


SHORT = "<p>افتتح محافظ الإقليم صباح اليوم جسرًا جديدًا فوق النهر يربط المدينة القديمة بالأحياء الشرقية.</p>"
NOTICE = "<p>نعمل الآن على تحسين خدماتنا في الموقع، ونعتذر لكم عن الانقطاع، وسنعود إليكم بعد وقت قصير جدًا.</p>"
TEASER = "<p>حلقة جديدة من برنامج الصباح تناقش أسعار الذهب وتأثيرها في الأسواق المحلية هذا الأسبوع.</p>"
LINKED = f"<div class=c><h3><a href='/2'>قصة أخرى من أخبار المدن</a></h3>{TEASER}</div>"
# A page without any title, and whether it is an article.
UNTITLED = {
    "a short story": (f"{H1}{SHORT}", True),
    "lines in a cell": (f"<table><tr><td>{H1}</td></tr><tr><td>{SHORT[3:-4]}</td></tr></table>", True),
    "a form around it": (f"<form>{H1}<div>{SHORT}</div></form>", True),
    "a notice of cookies in front": (f"<div class=cookie>{TEASER * 2}</div><article>{H1}{SHORT}</article>", True),
    "readers' comments, longer": (f"<article>{H1}{SHORT}</article><div id=comments>{TEASER * 4}</div>", True),
    "a short heading": (f"<h1>أهم الأخبار</h1>{SHORT}", False),
    "other stories, much longer": (f"{H1}<div>{SHORT}</div>{LINKED * 6}", False),
    "a page that is not there": (f"<h1>هذه الصفحة غير متاحة على موقعنا</h1>{NOTICE}", False),
    "maintenance": (f"<h1>الموقع قيد الصيانة في الوقت الحالي</h1>{NOTICE}", False),
}


@pytest.mark.parametrize("kind", UNTITLED)
def test_short_text_below_a_heading_is_a_story_where_no_title_contradicts(kind):
    inner, is_article = UNTITLED[kind]
    html = f"<html><body>{inner}</body></html>"
    assert (read_page(html, URL, now=NOW).article is not None) is is_article


def test_short_text_under_another_title_is_no_story():
    html = f"<html><head><title>أخبار المدن والأقاليم</title></head><body>{H1}{SHORT}</body></html>"
    assert read_page(html, URL, now=NOW).cause == "not_an_article"


TEXT = ["كلمات القصة كلها كما كتبت في أول الأمر من غير نقص ولا زيادة", "وهذه الفقرة الثانية منها كما كتبت هي أيضًا"] * 3
BODIES = {
    "a whole body in JSON-LD, of which structure shows little": (TEXT[:1], [*TEXT, *TEXT], True),
    "a summary in JSON-LD": (TEXT, TEXT[:1], False),
    "the same body": (TEXT, TEXT, False),
}


@pytest.mark.parametrize("kind", BODIES)
def test_body_that_was_cut_yields_to_the_whole_one(kind):
    body, other, expected = BODIES[kind]
    assert second_opinion.is_cut(body, other) is expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [([*TEXT, *TEXT], True), (TEXT, False), (["نص آخر تمامًا عن مباراة في كرة القدم"] * 30, False)],
)
def test_trafilatura_is_better_if_it_has_the_words_and_more(other, expected):
    assert second_opinion.is_better(other, TEXT) is expected


def test_utf_8_is_read_whatever_the_page_declares():
    assert "عنوان" in decode('<meta charset="iso-8859-1"><p>عنوان</p>'.encode())
    assert "عنوان" in decode('<meta charset="windows-1256"><p>عنوان</p>'.encode("cp1256"))
