"""What the doctor concludes from answers that were made by hand, and from pages in the captured markup."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from scrapy import Request
from scrapy.http import Response

from alqahira import site
from alqahira.doctor.checks import Verdict
from alqahira.doctor.facts import FACTS, NO_CHECK
from alqahira.doctor.report import Finding, diagnose, to_write
from alqahira.doctor.visit import Exchange, Sample, Visit

NOW = datetime(2026, 8, 27, 12, tzinfo=UTC)


def exchange(status=200, *, kind="article", failure="", headers=None, refusal=""):
    response = Response("http://x/", status=status, headers=headers) if status else None
    return Exchange(kind, Request("http://x/"), NOW, response, failure, refusal)


@pytest.mark.parametrize(
    ("exchanges", "status", "words"),
    [
        ([exchange(0, failure="tls")], 4, "no secure connection (tls)"),
        ([exchange(0, failure="dns"), exchange(0, failure="robots_unreachable")], 4, "(dns)"),
        ([exchange(kind="robots"), *[exchange(403)] * 12], 1, "403 to 12 of 13 requests"),
        ([exchange(403, kind="robots"), *[exchange(403)] * 11], 1, "403 to 12 of 12 requests"),
        ([*[exchange(503, refusal="challenge")] * 3, exchange(0, failure="timeout")], 1, "503 (challenge) to 3 of 4"),
        ([exchange(429)], 1, "429 to 1 of 1 requests"),
        ([exchange(kind="robots"), exchange(500), exchange(500)], 1, "shows no page: 500 to 2 of 3 requests"),
    ],
)
def test_a_dead_network_is_told_from_a_refusal(exchanges, status, words):
    error = Visit("http://x", exchanges=exchanges).failure()
    assert error.exit_status == status
    assert words in str(error)


def test_an_interrupted_visit_concludes_nothing():
    error = Visit("http://x", exchanges=[exchange()], is_interrupted=True).failure()
    assert (error.exit_status, str(error)) == (1, "the visit was interrupted: no fact was checked")


@pytest.mark.parametrize("answered", [exchange(200), exchange(404, kind="missing")])
def test_one_page_that_is_answered_is_enough_to_judge(answered):
    assert Visit("http://x", exchanges=[*[exchange(403)] * 5, answered, exchange(200)]).failure() is None


def test_rate_limits_and_challenges_are_in_the_report():
    limited = exchange(429, headers={"Retry-After": "120"})
    challenged = exchange(403, headers={"CF-Mitigated": "challenge"}, refusal="challenge")
    cookie = exchange(headers={"Set-Cookie": ["__cf_bm=abc; path=/", "a=1"]})
    visit = Visit("http://x", exchanges=[limited, challenged, cookie])
    rows = {row.fact: row for row in diagnose(visit)}
    assert rows["no rate limit"].evidence == "1 of 3 answers: 429, Retry-After: 120"
    assert rows["no challenge"].evidence == "1 of 3 answers: 403, cf-mitigated: challenge"
    assert rows["no challenge"].verdict == rows["no rate limit"].verdict == "fails"
    assert rows["cookies that are set"].evidence == "__cf_bm (1), a (1); none is sent back"


SITE = Path(__file__).parents[1] / "pages" / "site"
NEWS = f"{site.ROOT.value}/category/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1"


def rows(*samples):
    return {row.fact: row for row in diagnose(Visit(site.ROOT.value, [*samples]))}


def sample(kind, url, body=b"", status=200, asked=""):
    content = body if isinstance(body, bytes) else (SITE / body).read_bytes()
    return Sample(kind, asked or url, Response(url, status=status, body=content), site.ROOT.value, NOW)


def test_the_captured_pages_hold():
    listing = sample("category", NEWS, Path("listing-plain.html"))
    article = sample("article", f"{site.ROOT.value}/news/177031/x", Path("177031.html"))
    found = rows(listing, article)
    failed = {name for name, row in found.items() if row.verdict == "fails"}
    # These pages have 12 posts, no headers, and an image whose clocks are further apart.
    assert failed == {"PAGE_SIZE", "conditional requests", "IMAGE_CLOCKS_AGREE_MS"}
    for fact in ("TIME_ZONE", "CAROUSELS", "CARD_LINK", "TITLE_NAME", "META_AUTHOR", "TEXT_BLOCK", "CREDIT_LINE"):
        assert found[fact].verdict == "holds", fact


def second_page_of(listing: str, *, current: int, apart: int) -> str:
    """The listing's page with another number, and with ids that are so far from its own."""
    data = re.search(r'(<script id="__NEXT_DATA__"[^>]*>)(.*?)</script>', listing, re.DOTALL)
    value = json.loads(data[2])
    category = value["props"]["pageProps"]["category"]
    category["pageInfo"]["currentPage"] = current
    for post in category["posts"]:
        post["id"] += apart
    return listing.replace(data[2], json.dumps(value, ensure_ascii=False).replace("</", "<\\/"))


@pytest.mark.parametrize(
    ("current", "apart", "verdict"),
    [(2, 1_000, "holds"), (1, 1_000, "holds"), (1, 0, "fails"), (2, 0, "fails"), (3, 1_000, "fails")],
)
def test_a_second_page_is_judged_as_the_crawl_judges_it(current, apart, verdict):
    text = (SITE / "listing-plain.html").read_text("utf-8")
    second = second_page_of(text, current=current, apart=apart).encode()
    found = rows(sample("category", NEWS, text.encode()), sample("page 2 by query", f"{NEWS}?page=2", second))
    assert found["PAGE_QUERY"].verdict == verdict


def test_a_second_page_that_is_refused_fails_with_its_status():
    listing = sample("category", NEWS, Path("listing-plain.html"))
    found = rows(listing, sample("page 2 by query", f"{NEWS}?page=2", status=404))
    assert (found["PAGE_QUERY"].verdict, found["PAGE_QUERY"].evidence) == ("fails", "/category/أخبار?page=2: 404")


def test_an_address_that_leads_to_another_article_fails():
    url = f"{site.ROOT.value}/news/177031/x"
    right = sample("without slug", url, Path("177031.html"), asked=f"{site.ROOT.value}/news/177031")
    wrong = sample("with locale", url, Path("177031.html"), asked=f"{site.ROOT.value}/ar/news/177048")
    found = rows(right, wrong)
    assert found["an article without its slug"].verdict == "holds"
    assert found["an article with a locale"].verdict == "fails"


def test_a_post_of_2022_is_read_or_not():
    url = f"{site.ROOT.value}/news/1076"
    assert rows(sample("old article", url, Path("177031.html")))["a post of 2022"].verdict == "holds"
    assert rows(sample("old article", url, Path("infographic.html")))["a post of 2022"].verdict == "not seen"
    assert rows(sample("old article", url, b"<h1>x</h1>"))["a post of 2022"].verdict == "fails"


def test_a_video_that_would_become_a_record_fails():
    url = f"{site.ROOT.value}/news/177031/x"
    assert rows(sample("video", url, Path("177031.html")))["a video is no article"].verdict == "fails"
    assert rows(sample("video", url, Path("177031.html")))["VIDEO_MARKER"].verdict == "fails"


def test_every_fact_has_a_check_or_is_known_to_need_none():
    assert set(site.facts()) == set(FACTS) | set(NO_CHECK)
    assert not set(FACTS) & set(NO_CHECK)


def test_what_is_answered_is_written_down_once_with_its_day():
    holds = Finding("PAGE_QUERY", Verdict.HOLDS, "…", "open")
    known = Finding("CARD", Verdict.FAILS, "…", "seen")
    unseen = Finding("KICKERS", Verdict.NOT_SEEN, "…", "open")
    question = Finding("a post of 2022", Verdict.FAILS, "no_body", "question", "LAYOUTS")
    assert to_write([holds, known, unseen, question], date(2026, 9, 1)) == [
        'PAGE_QUERY: holds; seen(…, "scrapy doctor, 2026-09-01")',
        'LAYOUTS (a post of 2022): fails, no_body; correct it or note "scrapy doctor, 2026-09-01"',
    ]
