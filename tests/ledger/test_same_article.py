"""Which changes of a page's text are revisions, which are not the article of its address, and which texts are one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alqahira.article import Article
from alqahira.ledger.same_article import (
    MANY,
    RepeatedTexts,
    SeenPage,
    contradicts_address,
    difference,
    tells_address,
    text_label,
)
from alqahira.text.near_duplicates import content_hash

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HEADLINE = "الجيش السوداني يستعيد السيطرة على مدينة ود مدني"
LEAD = (
    "أعلن الجيش السوداني، اليوم الثلاثاء، استعادة السيطرة على مدينة ود مدني عاصمة ولاية الجزيرة بعد معارك عنيفة "
    "مع قوات الدعم السريع."
)
MORE = (
    "وقال المتحدث باسم القوات المسلحة إن الوحدات دخلت المدينة من المحورين الجنوبي والشرقي وسيطرت على الجسر الرئيسي "
    "ومقر قيادة الفرقة الأولى.",
    "وأظهرت مقاطع مصورة احتفال سكان الأحياء القديمة بدخول القوات، فيما فر مئات المقاتلين باتجاه الشمال.",
    "وكانت المدينة قد سقطت في ديسمبر من العام قبل الماضي، ونزح منها أكثر من نصف مليون شخص بحسب الأمم المتحدة.",
    "ودعا الاتحاد الأفريقي الطرفين إلى وقف إطلاق النار والعودة إلى طاولة المفاوضات في جدة دون شروط مسبقة.",
)
OTHER_HEADLINE = "البحرية الهندية تختبر صاروخا مضادا للسفن في خليج البنغال"
OTHER = (
    "أجرت البحرية الهندية تجربة ناجحة لصاروخ بعيد المدى أطلق من مدمرة حديثة وأصاب هدفا عائما بدقة عالية.",
    "وذكر بيان لوزارة الدفاع في نيودلهي أن المنظومة المحلية الصنع ستدخل الخدمة العام المقبل على متن الفرقاطات الجديدة.",
    "ويأتي الاختبار ضمن برنامج لتحديث الأسطول تبلغ كلفته عدة مليارات من الدولارات ويشمل غواصات نووية وحاملة طائرات.",
    "وتسعى الهند إلى تعزيز وجودها البحري في مواجهة التمدد الصيني، وفق محللين عسكريين تحدثوا إلى صحف محلية.",
)
MAINTENANCE = ("الموقع تحت الصيانة", "نعتذر، الموقع تحت الصيانة حاليا وسنعود إليكم في أقرب وقت ممكن، شكرا لصبركم معنا.")
CHALLENGE = ("Just a moment", "Checking your browser before accessing the site. Your browser will redirect shortly.")


def article(headline=HEADLINE, *paragraphs, topics=("defense",), layout="site", date=NOW, source="page_data"):
    body = "\n\n".join(paragraphs or (LEAD, *MORE))
    return Article(
        headline=headline,
        article_body=body,
        content_hash=content_hash(headline, body),
        topics=list(topics),
        layout=layout,
        date_published=date,
        date_published_source=source if date else None,
    )


SLUG = "الجيش-السوداني-يستعيد-السيطرة-على-مدينة-ود-مدني"
ON_TOPIC = (
    "الموقع تحت الصيانة",
    "تتابعون أخبار القوات المسلحة ووزارة الدفاع والمناورات العسكرية على شاشة القناة حاليا.",
)


def at(slug, one):
    return replace(one, url=f"https://alqaheranews.net/news/1/{slug}" if slug else "https://alqaheranews.net/news/1")


STUB = article("عاجل | الجيش السوداني: قواتنا دخلت ود مدني", "التفاصيل بعد قليل")
NOTHING = {"date": None, "layout": "generic", "topics": ()}
LATER = NOW + timedelta(hours=3)


@pytest.mark.parametrize(
    ("before", "after", "cause"),
    [
        # --- revisions ---
        pytest.param(article(), article(HEADLINE, LEAD.replace("الثلاثاء", "الأربعاء"), *MORE), None, id="correction"),
        pytest.param(article(), article(HEADLINE, LEAD, *MORE, OTHER[0]), None, id="paragraph added"),
        pytest.param(article(), article(HEADLINE, LEAD), None, id="cut to its first paragraph"),
        pytest.param(article(), article(OTHER_HEADLINE), None, id="headline of another story over the same text"),
        pytest.param(article(), article("تفاصيل ما جرى في وسط السودان"), None, id="headline rewritten"),
        pytest.param(article(HEADLINE, LEAD), article(HEADLINE, LEAD, *MORE * 5), None, id="one line to 21 paragraphs"),
        pytest.param(STUB, article(), None, id="breaking line to a story with another headline"),
        pytest.param(STUB, article(date=LATER), None, id="the same, its date moved on"),
        pytest.param(
            article("عاجل | انفجارات عنيفة", "عاجل"), article(), None, id="breaking line without a word in common, same date"
        ),
        pytest.param(
            article("تغطية مستمرة لمعارك ولاية الجزيرة", *MORE[:2]),
            article("تغطية مستمرة لمعارك ولاية الجزيرة", *OTHER),
            None,
            id="live blog whose entries were all replaced",
        ),
        pytest.param(
            article("تغطية مستمرة", *MORE[:2]),
            article("تغطية مستمرة", *OTHER[:2], MORE[1]),
            None,
            id="live blog that kept one entry",
        ),
        pytest.param(article(), article(layout="generic", date=None), None, id="redesign"),
        pytest.param(article(), article(topics=()), None, id="topics lost by a change of the lexicon"),
        pytest.param(article(), article(HEADLINE, LEAD, topics=()), None, id="cut, and off topic"),
        pytest.param(article(HEADLINE, "خبر"), article(HEADLINE, LEAD, *MORE), None, id="empty line filled in"),
        pytest.param(article(*ON_TOPIC, date=None), article(), None, id="notice without a date to a dated story"),
        pytest.param(
            article(*ON_TOPIC, source="sitemap"), article(), None, id="notice with the sitemap's date to a dated story"
        ),
        pytest.param(at(SLUG, article(*ON_TOPIC, date=LATER)), article(), None, id="notice to what the address names"),
        # --- no longer the article ---
        pytest.param(article(), article(OTHER_HEADLINE, *OTHER, date=LATER), "another_story", id="id used again"),
        pytest.param(article(), article(OTHER_HEADLINE, *OTHER), "another_story", id="id used again, same date"),
        pytest.param(
            article(date=None), article(OTHER_HEADLINE, *OTHER, date=None), "another_story", id="id used again, no date"
        ),
        pytest.param(STUB, article(OTHER_HEADLINE, *OTHER, date=LATER), "another_story", id="id of a line used again"),
        pytest.param(article(), article(*MAINTENANCE, **NOTHING), "other_layout", id="maintenance"),
        pytest.param(article(), article(HEADLINE, MAINTENANCE[1], **NOTHING), "other_layout", id="card's headline over it"),
        pytest.param(
            article(), article(*MAINTENANCE, topics=()), "no_longer_on_topic", id="maintenance in the site's layout"
        ),
        pytest.param(STUB, article(*MAINTENANCE, **NOTHING), "other_layout", id="maintenance instead of a breaking line"),
        pytest.param(article(), article(*CHALLENGE, **NOTHING), "other_language", id="bot check"),
        pytest.param(article(), article("كعكة الشوكولاتة", "كوب سكر وثلاث بيضات ثم نخلط الجميع جيدا", topics=()),
                     "no_longer_on_topic", id="a recipe"),
    ],
)  # fmt: skip
def test_revision_or_not_the_article(before, after, cause):
    assert difference(before, after) == cause


WORDS = " ".join((LEAD, *MORE, *OTHER)).split()
TEXTS = st.lists(st.sampled_from([word for word in WORDS if len(word) > 4]), min_size=8, max_size=200, unique=True)


@given(TEXTS, st.lists(st.sampled_from(WORDS), max_size=300))
def test_text_that_only_grows_is_the_same_article(text, more):
    before = article("عنوان", " ".join(text))
    assert difference(before, article("آخر", " ".join(text + more), date=LATER)) is None


@given(TEXTS, st.sampled_from(["generic", "site"]))
def test_same_text_is_the_same_article(text, layout):
    assert (
        difference(article("عنوان", " ".join(text)), article("آخر", " ".join(text), layout=layout, topics=())) is None
    )


# --- the words of the address -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "one", "contradicts", "tells"),
    [
        pytest.param(SLUG, article(), False, True, id="its own story"),
        pytest.param(quote(SLUG), article(), False, True, id="percent-encoded"),
        pytest.param(SLUG, article("تفاصيل ما جرى في وسط السودان"), False, True, id="headline rewritten"),
        pytest.param(SLUG, article(HEADLINE, "التفاصيل بعد قليل"), False, False, id="breaking line"),
        pytest.param(SLUG, article(OTHER_HEADLINE, *OTHER), True, False, id="another story"),
        pytest.param(SLUG, article(*ON_TOPIC), True, False, id="maintenance on the topic"),
        pytest.param("البحرية-الهندية-تختبر", article(*ON_TOPIC), True, False, id="three words"),
        pytest.param("البحرية-الهندية", article(*ON_TOPIC), False, False, id="too short to tell"),
        pytest.param("army-takes-the-city", article(*ON_TOPIC), False, False, id="not in Arabic"),
        pytest.param("2026-11-24-1000-2000", article(*ON_TOPIC), False, False, id="numbers"),
        pytest.param("x", article(*ON_TOPIC), False, False, id="one letter"),
        pytest.param("", article(*ON_TOPIC), False, False, id="no words"),
    ],
)
def test_words_of_the_address(slug, one, contradicts, tells):
    one = at(slug, one)
    assert (contradicts_address(one, one.url), tells_address(one, one.url)) == (contradicts, tells)


@pytest.mark.parametrize(
    ("after", "cause"),
    [
        pytest.param(
            article(OTHER_HEADLINE, LEAD.replace("الجيش", "الحزب"), *OTHER, date=LATER), None, id="names most"
        ),
        pytest.param(article(OTHER_HEADLINE, LEAD, MORE[1], date=LATER), None, id="same text under another headline"),
        pytest.param(article(OTHER_HEADLINE, MORE[1], *OTHER), None, id="by the site's date the same"),
        pytest.param(article(OTHER_HEADLINE, MORE[1], *OTHER, date=LATER), "another_story", id="some words in common"),
        pytest.param(article(OTHER_HEADLINE, *OTHER, date=LATER), "another_story", id="id used again"),
    ],
)
def test_revision_tells_what_the_address_names(after, cause):
    before = at(SLUG, article(HEADLINE, LEAD, MORE[1]))
    assert difference(before, at("x", after)) == cause


def test_headline_of_the_listing_says_nothing_of_the_page():
    notice = at(SLUG, article(HEADLINE, ON_TOPIC[1]))
    assert not contradicts_address(notice, notice.url)
    assert contradicts_address(notice, notice.url, has_headline=False)


# --- one text on many pages ---------------------------------------------------------------------


def pages_found(articles):
    """How many pages are found to show one text, after each of these was read."""
    texts = RepeatedTexts()
    return [len(texts.add(SeenPage(str(n), NOW, str(n), f"/news/{n}"), one)) for n, one in enumerate(articles)]


def notice(number, **given):
    return replace(article(*MAINTENANCE, **NOTHING), **given) if given else article(*MAINTENANCE, **NOTHING)


UNDATED = article(date=None)
TOWNS = ("عيترون", "حولا", "كفركلا", "الخيام", "بنت جبيل", "ميس الجبل")
STRIKE = (
    "شن الطيران الحربي الإسرائيلي غارة على بلدة {0} في جنوب لبنان، وأفادت الوكالة الوطنية للإعلام بوقوع إصابات، فيما "
    "توجهت فرق الدفاع المدني إلى {0} لرفع الأنقاض ونقل الجرحى إلى المستشفيات القريبة من المنطقة الحدودية."
)
PRICES = "أسعار-الذهب-اليوم-في-مصر"
GOLD = "سجلت أسعار الذهب في مصر اليوم ارتفاعا جديدا مع بداية التعاملات في محال الصاغة، وبلغ سعر الجرام من عيار"
FOUND = [0] * (MANY - 1) + [MANY]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("the same page", lambda n: article(*MAINTENANCE, **NOTHING)),
        ("a number of the request", lambda n: article(MAINTENANCE[0], f"{MAINTENANCE[1]} 8f3a{n}c 14:0{n}", **NOTHING)),
        ("a number in the headline", lambda n: article(f"خطأ {n}", MAINTENANCE[1], **NOTHING)),
        ("the listing's headlines", lambda n: article(f"عنوان {chr(0x628 + n)}", MAINTENANCE[1] * 2, **NOTHING)),
        ("the date of the listing", lambda n: article(*MAINTENANCE, date=NOW + timedelta(hours=n), source="listing")),
        ("one article at every address", lambda n: article()),
    ],
)
def test_one_text_at_many_addresses_is_found(name, made):
    assert pages_found(made(n) for n in range(MANY)) == FOUND


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("fewer pages", lambda n: UNDATED if n < MANY - 1 else article(OTHER_HEADLINE, *OTHER)),
        ("a notice posted every day", lambda n: article(date=NOW + timedelta(days=n))),
        (
            "a set phrase under breaking lines",
            lambda n: article(f"عاجل {chr(0x628 + n)}", "التفاصيل بعد قليل", date=None),
        ),
        ("six places in one template", lambda n: article("غارة جديدة", STRIKE.format(TOWNS[n]), date=None)),
        ("six prices in one template", lambda n: at(PRICES, article("أسعار الذهب", f"{GOLD} {40 + n}", date=None))),
        ("one headline over other texts", lambda n: article("نشرة", " ".join(WORDS[n * 12 : n * 12 + 12]), date=None)),
    ],
)
def test_honest_repetition_is_not_found(name, made):
    assert not any(pages_found(made(n) for n in range(len(TOWNS))))


def test_page_that_tells_its_address_is_not_one_of_many():
    texts = RepeatedTexts()
    pages = [at("x", UNDATED)] * (MANY - 1) + [at(SLUG, UNDATED), at("x", UNDATED)]
    sizes = [len(texts.add(SeenPage(str(n), NOW, str(n), one.url), one)) for n, one in enumerate(pages)]
    assert sizes == [0] * MANY + [MANY]
    assert (texts.is_repeated(pages[0]), texts.is_repeated(pages[-2])) == (True, False)


@pytest.mark.parametrize(
    ("text", "is_same"),
    [
        ("الطلب 8f3a1c في 14:05 بتوقيت القاهرة", True),
        ("الطلب ٧ في ٠٩:٣٠ بتوقيت القاهرة", True),
        ("الطلب في بتوقيت لندن", False),
    ],
)
def test_words_with_digits_make_no_other_text(text, is_same):
    assert (text_label("الطلب في بتوقيت القاهرة") == text_label(text)) is is_same


def test_page_counts_once_however_often_it_is_read():
    texts = RepeatedTexts()
    assert not any(texts.add(SeenPage("1", NOW, "1", "/news/1"), UNDATED) for _ in range(2 * MANY))


def test_text_that_an_earlier_run_found_is_known_at_once():
    texts = RepeatedTexts()
    texts.add_known([notice(1)])
    assert texts.is_repeated(notice(2))
    assert not texts.is_repeated(article())
