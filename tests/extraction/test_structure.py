"""Bodies of pages without known markup: one small page for each kind of page that others make."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alqahira.extraction.extractor import read_page

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
URL = "https://news.example.org/world/812/x"
NAME = "محافظ الإقليم يفتتح جسرًا جديدًا فوق النهر بعد عامين من العمل"
STORY = [
    "افتتح محافظ الإقليم صباح اليوم جسرًا جديدًا فوق النهر يربط المدينة القديمة بالأحياء الشرقية.",
    "وقال المحافظ إن العمل في الجسر استغرق عامين، وشارك فيه أكثر من ألف عامل ومهندس.",
    "ويتوقع السكان أن يخفف الجسر الازدحام عن الطريق الرئيسي في ساعات الذروة.",
    "وأعلنت البلدية أن حركة الشاحنات الثقيلة فوق الجسر ستقتصر على ساعات الليل.",
]
LONG = "تحتفظ إدارة الموقع بحق حذف كل مشاركة تخالف شروط الاستخدام أو تسيء إلى القراء، ولا تتحمل مسؤولية ما يكتب. " * 9
OTHER = "خبر آخر لا علاقة له بالجسر ولا بالمدينة ولا بالنهر، عن مباراة انتهت بالتعادل في ملعب بعيد."


def ps(*texts):
    return "".join(f"<p>{text}</p>" for text in texts)


def page(body, *, head="", heading=f"<h1>{NAME}</h1>"):
    return f"<html><head><title>{NAME}</title>{head}</head><body>{heading}{body}</body></html>"


def read(html, url=URL):
    return read_page(html, url, now=NOW)


def body_of(html):
    article = read(html).article
    return article.article_body.split("\n\n") if article else None


LINKS = "".join(f'<li><a href="/{n}">خبر من أخبار اليوم في صفحات الموقع رقم {n}</a></li>' for n in range(8))
TEASERS = "".join(
    f'<div class="c"><h3><a href="/{n}">عنوان قصة أخرى رقم {n}</a></h3><p>{OTHER}</p></div>' for n in range(6)
)
KINDS = {
    "a form around the page": f"<form action='/x'><input type=hidden><div>{ps(*STORY)}</div></form>",
    "a form of comments below": f"<div>{ps(*STORY)}</div><form><p>{LONG}</p></form>",
    "a longer text below": f"<div><h1>{NAME}</h1><div>{ps(*STORY)}</div></div><div>{ps(LONG, LONG)}</div>",
    "a notice of cookies above": f"<div class='cookie-consent'>{ps(LONG, LONG)}</div><h1>{NAME}</h1>{ps(*STORY)}",
    "readers' comments, longer": f"<div>{ps(*STORY)}</div><div class='comments-list'>{ps(LONG, LONG, LONG)}</div>",
    "each paragraph in its own element": "<div>" + "".join(f"<div><div><p>{t}</p></div></div>" for t in STORY) + "</div>",
    "each paragraph a div": "<div>" + "".join(f"<div>{t}</div>" for t in STORY) + "</div>",
    "lines in a cell": f"<table><tr><td><font>{'<br><br>'.join(STORY)}</font></td><td><ul>{LINKS}</ul></td></tr></table>",
    "parted by an advertisement": f"<div class=t>{ps(*STORY[:2])}</div><div class=ad>إعلان</div><div class=t>{ps(*STORY[2:])}</div>",
    "parted by a post": f"<div>{ps(*STORY[:2])}<blockquote class='twitter-tweet'><p>{OTHER}</p></blockquote>{ps(*STORY[2:])}</div>",
    "a class that only begins the story": f"<div class=a><p class=s>{STORY[0]}</p></div><div class=b>"
    + "".join(f"<p class=s>{text}</p>" for text in STORY[1:])
    + "</div>",
    "a custom element": f"<story-text>{ps(*STORY)}</story-text><story-list><ul>{LINKS}</ul></story-list>",
    "an article inside main": f"<main><article>{ps(*STORY)}</article><ul>{LINKS}</ul></main>",
    "a lead outside the body": f"<div class=intro><p>{STORY[0]}</p></div><div class=x>{ps(*STORY[1:])}</div>",
    "a lead of another make outside the body": f"<p class=summary>{STORY[0]}</p>"
    f"<div class=article-body>{ps(*STORY[1:])}</div>",
    "custom elements as paragraphs": "".join(f"<story-line>{text}</story-line>" for text in STORY),
    "other stories of one make": f"<div>{ps(*STORY)}</div><div>{TEASERS}</div>",
    "another article inside": f"<div>{ps(*STORY[:2])}<article><h3>قصة أخرى</h3><p>{OTHER}</p></article>{ps(*STORY[2:])}</div>",
    "a list of links inside": f"<div>{ps(*STORY[:2])}<ul>{LINKS}</ul>{ps(*STORY[2:])}</div>",
    "an address inside": f"<div>{ps(*STORY[:2], 'https://example.org/a/b.jpg', *STORY[2:])}</div>",
    "a caption inside": f"<div>{ps(*STORY[:2])}<div><img src=a.jpg><span>صورة من الجسر</span></div>{ps(*STORY[2:])}</div>",
    "tags and share labels below": f"<div>{ps(*STORY)}<div class=social-share><p>شارك القصة مع أصدقائك الذين يهمهم أمرها الآن</p></div>"
    f"<div><a href='/t/1'>جسور</a> <a href='/t/2'>أنهار</a></div></div>",
    "date and credit above": f"<div><p>٢٢ نوفمبر ٢٠٢٦</p><p>كتب: سامي حداد</p>{ps(*STORY)}</div>",
    "signed below": f"<div><p class=author>سامي حداد</p>{ps(*STORY)}<p>سامي حداد</p></div>",
    "a policy of comments below": f"<div>{ps(*STORY, 'الآراء الواردة أدناه لا تعبر عن رأي الموقع، بل عن رأي أصحابها.')}</div>",
    "a box with links below": f"<div>{ps(*STORY)}<h4>اقرأ أيضًا</h4><ul>{LINKS}</ul></div>",
    "the story hidden behind a wall": f"<div><p>{STORY[0]}</p></div><div style='display: none'>{ps(*STORY[1:])}</div>",
    "a hidden dialog": f"<div>{ps(*STORY)}</div><div hidden>{ps(LONG)}</div>",
    "a hash with a word in it": f"<div class='Story_xf086ad65'>{ps(*STORY)}</div><ul>{LINKS}</ul>",
    "a layout named for its sidebar": f"<div class='sidebar-grid has-comments'>{ps(*STORY)}</div><ul>{LINKS}</ul>",
    "a body named for its comments": f"</body><body class='has-comments'><div>{ps(*STORY)}</div>",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_body_is_the_story_and_nothing_else(kind):
    heading = "" if f"<h1>{NAME}</h1>" in KINDS[kind] else f"<h1>{NAME}</h1>"
    assert body_of(page(KINDS[kind], heading=heading)) == STORY


WORLD = {
    "English": [
        "The governor opened a new bridge across the river on Sunday, two years after work had begun on it.",
        "Residents expect that it will take much of the traffic off the old road during the rush hours.",
    ],
    "German": [
        "Die Landrätin hat am Sonntag die neue Brücke über den Fluss eröffnet, zwei Jahre nach dem Beginn der Arbeiten.",
        "Die Anwohner hoffen, dass sie die alte Straße zu den Hauptverkehrszeiten deutlich entlasten wird.",
    ],
    "Japanese": [
        "知事は日曜日、川に架かる新しい橋の開通式を行った。工事は二年前に始まり、千人以上が携わった。",
        "住民は、朝夕の時間帯に古い道路の混雑が和らぐことを期待していると話している。",
    ],
    "Japanese in short paragraphs": [
        "知事は日曜日、川に架かる新しい橋の開通式を行った。",
        "工事は二年前に始まり、千人以上が携わったという。",
    ],
    "Persian": [
        "استاندار روز یکشنبه پل تازه‌ای را بر روی رودخانه گشود که ساخت آن دو سال پیش آغاز شده بود و هزار کارگر داشت.",
        "ساکنان امیدوارند که این پل از شلوغی جاده قدیمی در ساعت‌های پر رفت و آمد بکاهد و سفر را کوتاه کند.",
    ],
}


@pytest.mark.parametrize("language", WORLD)
def test_language_does_not_matter(language):
    html = page(f"<div>{ps(*WORLD[language])}</div><ul>{LINKS}</ul>")
    assert body_of(html) == WORLD[language]


WRAPPERS = st.lists(
    st.sampled_from(["div", "section", "main", "article", "font", "story-box", "center", "td"]), max_size=5
)


@given(outer=WRAPPERS, inner=WRAPPERS)
def test_body_does_not_depend_on_what_wraps_it(outer, inner):
    def wrap(text, tags):
        for tag in tags:
            text = f"<table><tr><td>{text}</td></tr></table>" if tag == "td" else f"<{tag}>{text}</{tag}>"
        return text

    paragraphs = "".join(wrap(f"<p>{text}</p>", inner) for text in STORY)
    assert body_of(page(f"<div>{wrap(paragraphs, outer)}</div><ul>{LINKS}</ul>")) == STORY


CARDS = "".join(
    f"<div class=card><h2><a href='/{n}'>قصة من قصص القسم رقم {n}</a></h2><p>{OTHER}</p></div>" for n in range(9)
)
BLURBS = "".join(f"<div class=b{n}><p>{n + 1}/1/2026 {OTHER}</p></div>" for n in range(9))
LISTINGS = {
    "a section": f"<title>سياسة</title><h1>سياسة</h1><div>{CARDS}</div>",
    "a home page": f"<title>الموقع</title><div><ul>{LINKS}</ul></div><div>{CARDS}</div><p>© شركة الموقع، كل الحقوق لأصحابها في كل مكان.</p>",
    "a section whose first card is an h1": f"<title>كتب</title><div><h1>{NAME}</h1></div><div><p>{OTHER}</p></div>"
    + "".join(f"<section><div class=b{n}><p>{OTHER} {OTHER}</p></div><ul>{LINKS}</ul></section>" for n in range(9)),
    "a schedule": "<title>البث</title><h1>جدول البث</h1><ul>"
    + "".join(f"<li>الساعة {n}: برنامج</li>" for n in range(20))
    + "</ul>",
}


@pytest.mark.parametrize("kind", LISTINGS)
def test_page_of_many_stories_is_no_article(kind):
    reading = read(f"<html><body>{LISTINGS[kind]}</body></html>")
    assert reading.article is None
    assert reading.cause in ("not_an_article", "no_body")


def test_story_above_the_only_heading_is_read():
    html = (
        f"<html><body><p><b>{NAME}</b></p>{ps(*STORY)}<div><h1>قصة أخرى تمامًا من أرشيف الموقع</h1></div></body></html>"
    )
    assert body_of(html) == STORY


def test_short_story_with_metadata_is_an_article():
    meta = '<meta property="article:published_time" content="2026-11-23T10:00:00+02:00">'
    html = page(f"<div>{ps(STORY[0])}</div><div>{BLURBS}</div>", head=meta)
    assert read(html).article is not None
