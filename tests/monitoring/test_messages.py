"""The last line of a failed run names the cause that counts, in one short sentence."""

from __future__ import annotations

import pytest
from scrapy_process import Corpus, scrapy
from test_monitors import account, figures

from alqahira.monitoring import rules
from alqahira.monitoring.causes import describe
from alqahira.monitoring.drift import Drift

REFUSES = 'the site refuses this crawler (docs/operations.md, "The site refuses")'
LONGEST = 220  # characters


@pytest.mark.parametrize(
    ("causes", "message"),
    [
        ({"dns": 1}, "dns; its name does not resolve"),
        ({"connection_refused": 9}, "connection_refused 9; nobody listens there"),
        ({"timeout": 9, "no_body": 1}, "timeout 9, no_body 1; no answer in time"),
        ({"timeout": 8, "no_body": 2}, "timeout 8, no_body 2"),
        ({"http_403": 40}, f"http_403 40; {REFUSES}"),
        ({"http_403": 20, "challenge": 20}, f"challenge 20, http_403 20; {REFUSES}"),
        ({"soft_404": 9, "http_404": 1}, "soft_404 9, http_404 1; the site says that they are gone"),
        ({"robots": 15}, "robots 15; robots.txt forbids them to this crawler"),
        ({"offsite": 15}, "offsite 15; they lead to another host"),
        ({"same_text": 9}, "same_text 9; many addresses show one page, as a bot check or maintenance does"),
        ({"a": 5, "b": 4, "c": 3, "d": 2, "e": 1, "f": 1}, "a 5, b 4, c 3, d 2, others 2"),
        ({}, ""),
    ],
)
def test_causes_are_named_and_explained(causes, message):
    assert describe(causes) == message


def listings(**counts):
    return account() | {"listings": {"asked": 15} | counts}


@pytest.mark.parametrize(
    ("now", "stats", "message"),
    [
        (
            listings(robots_unreachable=15),
            {"alqahira/robots_unreachable/dns": 1},
            "no listing answered at https://a.b, nor robots.txt: dns; its name does not resolve",
        ),
        (listings(http_403=15), {}, f"no listing answered at https://a.b: http_403 15; {REFUSES}"),
        (listings(empty=15), {}, "no listing of https://a.b shows an article; run `scrapy doctor`"),
    ],
)
def test_listing_that_did_not_answer_says_why(now, stats, message):
    assert rules.listings_answered(figures(now, stats=stats)) == message
    assert len(message) <= LONGEST


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        (["headline"], "headline"),
        (["headline", "article_body", "image_url"], "headline, article_body, image_url"),
        (["headline", "article_body", *["keywords"] * 6], "headline, article_body, keywords and 5 more"),
    ],
)
def test_redesign_is_one_short_sentence(fields, what):
    lines = [str(Drift(field, "site", "generic", 1, 0, since="2026-11-25T06:00:00Z")) for field in fields]
    message = rules.source_drift(figures(account(accepted=9) | {"drift": lines}))
    assert message == (
        f"the site has changed: {what}: from another source than in the runs before; "
        "run `scrapy doctor` (docs/when-the-site-changes.md)"
    )
    assert len(message) <= LONGEST


def test_run_says_once_where_it_writes_and_last_why_it_failed(tmp_path):
    corpus = Corpus(tmp_path / "output", "http://127.0.0.1:1")
    ran = corpus.crawl("defense", settings={"RETRY_TIMES": "0"})
    assert ran.status == 1
    assert ran.stderr.count(f"writes to {corpus.folder}, its state is {corpus.folder}/state.db") == 1
    assert ran.stderr.splitlines()[-1] == (
        "alqahira: no listing answered at http://127.0.0.1:1, nor robots.txt: connection_refused; "
        "nobody listens there; also robots_refusals"
    )


def test_wrong_feed_is_in_the_last_line_and_the_alert():
    now = figures(account(accepted=9), feeds="the feed x was not written: No space left on device; …")
    verdict = rules.RunVerdict(now, rules.run_monitors(rules.MONITORS, now), 1, rules.is_complete(now))
    assert (verdict.exit_status, verdict.problem, verdict.complete) == (1, now.feeds, True)


@pytest.mark.parametrize("command", ["export", "crawl"])
def test_help_names_arguments(command):
    shown = " ".join(scrapy(command, "--help").stdout.split())
    names = ["since=", "until=", "max_articles="] if command == "crawl" else ["--since", "--until", "--topic"]
    assert all(name in shown for name in names)
