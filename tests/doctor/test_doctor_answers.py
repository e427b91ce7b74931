"""The doctor's findings on answers made by hand, and on pages in the captured markup."""

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from scrapy import Request
from scrapy.http import Response

from alqahira import site
from alqahira.doctor.checks import Verdict
from alqahira.doctor.facts import ABOUT, FACTS, QUESTIONS
from alqahira.doctor.report import Finding, diagnose, show, to_write
from alqahira.doctor.visit import Exchange, Sample, Visit

NOW = datetime(2026, 8, 27, 12, tzinfo=UTC)


def exchange(status=200, *, kind="article", failure="", headers=None):
    response = Response("http://x/", status=status, headers=headers)
    return Exchange(kind, Request("http://x/"), response, failure)


@pytest.mark.parametrize(
    ("exchanges", "status", "message"),
    [
        ([exchange(0, failure="tls")], 4, "no secure connection (tls)"),
        ([exchange(0, failure="dns"), exchange(0, failure="robots_unreachable")], 4, "(dns)"),
        ([exchange(kind="robots"), *[exchange(403)] * 12], 1, "403 to 12 of 13 requests"),
        ([exchange(403, kind="robots"), *[exchange(403)] * 11], 1, "403 to 12 of 12 requests"),
        ([*[exchange(503, failure="challenge")] * 3, exchange(0, failure="timeout")], 1, "503 (challenge) to 3 of 4"),
        ([exchange(429)], 1, "429 to 1 of 1 requests"),
        ([exchange(kind="robots"), exchange(500), exchange(500)], 1, "shows no page: 500 to 2 of 3 requests"),
    ],
)
def test_dead_network_and_refusal_have_different_errors(exchanges, status, message):
    error = Visit("http://x", exchanges=exchanges).failure()
    assert error.exit_status == status
    assert message in str(error)


def test_interrupted_visit_is_an_error():
    error = Visit("http://x", exchanges=[exchange()], is_interrupted=True).failure()
    assert (error.exit_status, str(error)) == (1, "the visit was interrupted: no fact was checked")


@pytest.mark.parametrize("answered", [exchange(200), exchange(404, kind="missing")])
def test_one_answered_page_is_no_failure(answered):
    assert Visit("http://x", exchanges=[*[exchange(403)] * 5, answered, exchange(200)]).failure() is None


def test_rate_limits_and_challenges_are_reported():
    limited = exchange(429, headers={"Retry-After": "120"})
    challenged = exchange(403, headers={"CF-Mitigated": "challenge"}, failure="challenge")
    cookie = exchange(headers={"Set-Cookie": ["__cf_bm=abc; path=/", "a=1"]})
    visit = Visit("http://x", exchanges=[limited, challenged, cookie])
    rows = {row.fact: row for row in diagnose(visit)}
    assert rows["no rate limit"].evidence == "1 of 3 answers: 429, Retry-After: 120"
    assert rows["no challenge"].evidence == "1 of 3 answers: 403, cf-mitigated: challenge"
    assert rows["no challenge"].verdict == rows["no rate limit"].verdict == "fails"
    assert rows["cookies that are set"].evidence == "__cf_bm (1), a (1); none is sent back"


SITE = Path(__file__).parents[1] / "pages" / "site"
NEWS = f"{site.ROOT.value}/category/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1"


def rows(*answers):
    """The findings by fact; each answer is (kind, requested URL, response)."""
    visit = Visit(site.ROOT.value)
    for kind, requested, response in answers:
        request = Request(response.url)
        visit.samples.append(Sample(kind, request, response, when=NOW, requested=requested, visit=visit))
    return {row.fact: row for row in diagnose(visit)}


def answer(kind, url, body=b"", status=200, requested=""):
    content = body if isinstance(body, bytes) else (SITE / body).read_bytes()
    return kind, requested or url, Response(url, status=status, body=content)


def test_facts_hold_on_captured_pages():
    listing = answer("category", NEWS, Path("listing-plain.html"))
    article = answer("article", f"{site.ROOT.value}/news/177031/x", Path("177031.html"))
    findings = rows(listing, article)
    failed = {name for name, row in findings.items() if row.verdict == "fails"}
    # These pages have 12 posts, no headers, and an image whose clocks are further apart.
    assert failed == {"PAGE_SIZE", "conditional requests", "IMAGE_CLOCKS_AGREE_MS"}
    for fact in ("TIME_ZONE", "CAROUSELS", "CARD_LINK", "TITLE_NAME", "META_AUTHOR", "TEXT_BLOCK", "CREDIT_LINE"):
        assert findings[fact].verdict == "holds", fact


def second_page_of(listing: str, *, current: int, apart: int) -> str:
    """The listing's page with another page number, and with ids `apart` from its own."""
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
def test_second_page_is_accepted_as_by_a_crawl(current, apart, verdict):
    text = (SITE / "listing-plain.html").read_text("utf-8")
    second = second_page_of(text, current=current, apart=apart).encode()
    findings = rows(answer("category", NEWS, text.encode()), answer("page 2 by query", f"{NEWS}?page=2", second))
    assert findings["PAGE_QUERY"].verdict == verdict


def test_refused_second_page_fails_with_its_status():
    listing = answer("category", NEWS, Path("listing-plain.html"))
    findings = rows(listing, answer("page 2 by query", f"{NEWS}?page=2", status=404))
    assert (findings["PAGE_QUERY"].verdict, findings["PAGE_QUERY"].evidence) == ("fails", "/category/أخبار?page=2: 404")


def test_address_of_another_article_fails():
    url = f"{site.ROOT.value}/news/177031/x"
    right = answer("without slug", url, Path("177031.html"), requested=f"{site.ROOT.value}/news/177031")
    wrong = answer("with locale", url, Path("177031.html"), requested=f"{site.ROOT.value}/ar/news/177048")
    findings = rows(right, wrong)
    assert findings["an article without its slug"].verdict == "holds"
    assert findings["an article with a locale"].verdict == "fails"


def test_old_post_is_read_or_not():
    url = f"{site.ROOT.value}/news/1076"
    assert rows(answer("old article", url, Path("177031.html")))["a post of 2022"].verdict == "holds"
    assert rows(answer("old article", url, Path("infographic.html")))["a post of 2022"].verdict == "not seen"
    assert rows(answer("old article", url, b"<h1>x</h1>"))["a post of 2022"].verdict == "fails"


def test_video_read_as_an_article_fails():
    url = f"{site.ROOT.value}/news/177031/x"
    assert rows(answer("video", url, Path("177031.html")))["a video is no article"].verdict == "fails"
    assert rows(answer("video", url, Path("177031.html")))["VIDEO_MARKER"].verdict == "fails"


def test_every_fact_has_a_check():
    assert set(site.facts()) == set(FACTS)
    assert set(ABOUT) <= set(QUESTIONS)
    assert set(ABOUT.values()) <= set(FACTS) | {"LAYOUTS"}


@pytest.mark.parametrize(
    ("status", "failure", "verdict"), [(0, "timeout", "not seen"), (0, "dns", "not seen"), (404, "", "fails")]
)
def test_network_failure_is_no_failed_fact(status, failure, verdict, capsys):
    visit = Visit(site.ROOT.value)
    answered = Request(NEWS), Response(NEWS, status=status), failure
    visit.samples.append(Sample("category", *answered, when=NOW, requested=NEWS, visit=visit))
    visit.exchanges += visit.samples
    findings = {row.fact: row for row in diagnose(visit)}
    assert findings["CATEGORIES"].verdict == verdict
    assert findings["CATEGORIES"].evidence.startswith(f"/category/أخبار: {failure or status}")
    show([*findings.values()], visit, date(2026, 9, 1))
    printed = capsys.readouterr().out
    assert ("# The network failed, which says nothing of a fact: " in printed) is bool(failure)
    assert ("CATEGORIES" in printed.partition("# Correct in ")[2].partition("\n")[0]) is not bool(failure)


def test_missing_page_is_not_counted_as_answered():
    findings = rows(answer("missing", f"{NEWS}-", status=404), answer("category", NEWS, Path("listing-plain.html")))
    assert (findings["ROOT"].verdict, findings["ROOT"].evidence) == ("holds", "1 pages answered with 200")


def test_answered_open_fact_is_printed_once_with_its_day():
    holds = Finding("PAGE_QUERY", Verdict.HOLDS, "…", "open")
    known = Finding("CARD", Verdict.FAILS, "…", "seen")
    unseen = Finding("KICKERS", Verdict.NOT_SEEN, "…", "open")
    question = Finding("a post of 2022", Verdict.FAILS, "no_body", "question", "LAYOUTS")
    assert to_write([holds, known, unseen, question], date(2026, 9, 1)) == [
        'PAGE_QUERY: holds; seen(…, "scrapy doctor, 2026-09-01")',
        'LAYOUTS (a post of 2022): fails, no_body; correct it or note "scrapy doctor, 2026-09-01"',
    ]
