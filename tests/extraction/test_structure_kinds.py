"""Pages in markup that nobody knows: signs without spaces, lines in one cell, a subtitle in the story, sections."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alqahira.extraction.extractor import read_page

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NAME = "الري: تطهير مئتي كيلومتر من الترع قبل الموسم الشتوي"
STORY = [
    "أعلنت وزارة الري بدء تطهير الترع الرئيسية في أربع محافظات استعدادًا لموسم الزراعة الشتوي.",
    "وقال المتحدث باسم الوزارة إن الأعمال تشمل مئتي كيلومتر، وتنتهي قبل نهاية الشهر الجاري.",
    "وأضاف أن المزارعين سيحصلون على حصصهم من المياه وفق جدول معلن في مكاتب الري بالمراكز.",
]
PARAGRAPHS = "".join(f"<p>{text}</p>" for text in STORY)
CHINESE = [
    "市政府今天上午宣布，四个区的供水管网改造工程正式开工，预计年底前完成全部施工。",
    "负责人表示，工程涉及两百公里管道，施工期间不会影响居民正常用水，也不会提高水价。",
]
JAPANESE = [
    "市は二十日、四つの区で水道管の更新工事を始めたと発表した。工事は年末までに終わる予定だ。",
    "担当者によると、対象は二百キロメートルで、工事中の断水はないという。費用は県が出す。",
]
CARDS = "".join(
    f"<article class=card><a href='/{n}'><h3>عنوان خبر رقم {n} عن الزراعة والري في محافظات الدلتا</h3></a>"
    f"<p>ملخص الخبر رقم {n} في جملة واحدة تحكي ما جرى في المحافظة خلال هذا اليوم.</p></article>"
    for n in range(9)
)
ROWS = "".join(
    f"<tr><td><a href='/n{n}.aspx'>عنوان خبر رقم {n} عن الزراعة والري في المحافظات</a><br>ملخص الخبر رقم {n} في جملة واحدة"
    f" تحكي ما جرى في المحافظة خلال هذا اليوم <a href='/n{n}.aspx'>المزيد</a></td></tr>"
    for n in range(9)
)


def read(body, title="", url="https://news.example/x"):
    return read_page(f"<html><head><title>{title}</title></head><body>{body}</body></html>", url, now=NOW)


def signs(name, story, date):
    links = "".join(f"<a href=/{n}>相关新闻标题第{n}条内容在这里显示出来</a>" for n in range(6))
    return f"<h1>{name}</h1><div>{date}</div><div>{''.join(f'<p>{p}</p>' for p in story)}</div><div>{links}</div>"


ARTICLES = {
    "Chinese": (
        signs("四区供水管网改造工程开工", CHINESE, "2026年11月20日 16:30"),
        "四区供水管网改造工程开工_新闻频道",
        ("四区供水管网改造工程开工", CHINESE, datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        "https://news.example.cn/1",
    ),
    "Japanese": (
        signs("四区で水道管の更新工事始まる", JAPANESE, "2026年11月20日 17時30分"),
        "四区で水道管の更新工事始まる：北河新聞",
        ("四区で水道管の更新工事始まる", JAPANESE, datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        "https://news.example.jp/1",
    ),
    "section, title and date in one cell": (
        f"<form><table><tr><td><span>محافظات</span><br><span>{NAME}</span><br><span>20/11/2026 10:30:00 ص</span><br>"
        f"<img src=/n.jpg><br><span>{PARAGRAPHS.replace('<p>', '<div>').replace('</p>', '</div>')}</span></td></tr></table></form>",
        "بوابة الأقاليم",
        (NAME, STORY, datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        "https://news.example/NewsDetails.aspx?id=5",
    ),
    "subtitle, writer and date without names": (
        f"<main><div><h1>{NAME}</h1><p class=c1>خطة عاجلة تشمل أربع محافظات وتنتهي قبل نهاية الشهر</p><div><div>هالة منصور</div>"
        f"<div>منذ 3 ساعات</div></div></div>{''.join(f'<div class=c2><p class=c3>{text}</p></div>' for text in STORY)}</main>",
        NAME,
        (NAME, STORY, datetime(2026, 11, 24, 9, tzinfo=UTC)),
        "https://news.example/1",
    ),
    "Joomla's names of months": (
        f"<div><span>الجمعة، 20 تشرين2/نوفمبر 2026 10:30</span><h2>{NAME}</h2>{PARAGRAPHS}</div>",
        NAME,
        (NAME, STORY, datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        "https://news.example/1",
    ),
    "a date with a label in another language": (
        f"<div><h1>{NAME}</h1><div>Giriş Tarihi: 20.11.2026 10:30 | Son Güncelleme: 20.11.2026 11:00</div>{PARAGRAPHS}</div>",
        NAME,
        (NAME, STORY, datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        "https://news.example/1",
    ),
    "a label in the heading, and in one of the titles": (
        f"<meta property=og:title content='عاجل | {NAME}'><h1><b>عاجل</b> {NAME}</h1><div>20/11/2026 10:30</div>{PARAGRAPHS}",
        NAME,
        (NAME, STORY, datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        "https://news.example/1",
    ),
    "a short story beside many others": (
        f"<h1>{NAME}</h1><div>20/11/2026 10:30</div><div><p>{STORY[0]}</p></div>{CARDS}",
        NAME,
        (NAME, STORY[:1], datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
        "https://news.example/1",
    ),
}


@pytest.mark.parametrize("kind", ARTICLES)
def test_article_is_read(kind):
    body, title, expected, url = ARTICLES[kind]
    article = read(body, title, url).article
    assert (article.headline, article.article_body.split("\n\n"), article.date_published) == expected


LISTINGS = {
    "a section": (f"<h1>محافظات</h1>{CARDS}", "محافظات - النهر"),
    "a section with a sentence": (
        f"<h1>أخبار الزراعة والري في المحافظات</h1><p>تجدون هنا كل أخبار الزراعة والري من مراسلينا في المحافظات.</p>{CARDS}",
        "أخبار الزراعة والري في المحافظات",
    ),
    "a home page": (f"<h2>أهم الأخبار</h2>{CARDS}", "النهر - أخبار مصر والعالم لحظة بلحظة"),
    "a search": (f"<h1>نتائج البحث عن الري والزراعة في الدلتا</h1>{CARDS}", "نتائج البحث عن الري والزراعة في الدلتا"),
    "a writer": (
        f"<h1>هالة منصور</h1><p>صحفية تكتب عن الزراعة والمياه في الدلتا منذ عشر سنوات.</p>{CARDS}",
        "هالة منصور",
    ),
    "a table of 2003": (f"<form><table>{ROWS}</table></form>", "بوابة الأقاليم - الأخبار"),
    "a page that is not there": (
        f"<h1>عفوا، لم نجد الصفحة التي طلبتها</h1><p>ربما نقلت الصفحة إلى عنوان آخر، يمكنك البحث في الموقع.</p>{CARDS}",
        "عفوا، لم نجد الصفحة التي طلبتها",
    ),
}


@pytest.mark.parametrize("kind", LISTINGS)
def test_page_of_many_stories_is_none(kind):
    assert read(*LISTINGS[kind]).cause == "not_an_article"
