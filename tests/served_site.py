"""The site of `scrapy report --serve` on a small corpus: its pages in the process, and the command beside the test."""

from __future__ import annotations

import json
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from ledger_scenario import NOW, accept, body, crawled, link, opened
from lxml import html
from scrapy_process import start_scrapy

from alqahira.monitoring.report.served.database import build, open_copy
from alqahira.monitoring.report.served.pages import Pages

RUN = "20261124T100000Z-defense"
DAY = timedelta(days=1)


def pages_of(folder):
    with opened(folder, read_only=True) as ledger:
        build(ledger, folder / "corpus.db")
    return Pages(open_copy(folder / "corpus.db"), b"<p>report", "default-src 'none'")


def add(ledger, number, **given):
    """Accept an article whose fields are given; those of `crawled` by its names."""
    known = {name: given.pop(name) for name in ("text", "headline", "published", "fetched", "topics") if name in given}
    item = crawled(number, **known)
    for name, value in given.items():
        assert hasattr(item.article, name)
        setattr(item.article, name, value)
    ledger.discover([link(number)], section="defense", run_id=RUN, now=NOW)
    return accept(ledger, item)


def sample(folder: Path) -> Pages:
    """Six articles, one in three revisions, and a duplicate of the first that was dropped."""
    with opened(folder) as ledger:
        ledger.claim_site("alqaheranews.net")
        ledger.start_run(RUN, "defense", NOW)
        add(ledger, 1, headline="الأسطول الجنوبي يبحر", agencies=["mena"], article_sections=["أخبار"])
        both = {"agencies": ["mena", "reuters"], "article_sections": ["شؤون"]}
        add(ledger, 2, headline="والأسطول الشماليّ يعود", **both)
        add(ledger, 3, headline="قمة عربية", topics=["foreign_affairs"], published=NOW - DAY, countries=["EG", "IQ"])
        add(ledger, 4, headline="قمة أخرى", topics=["defense", "foreign_affairs"], published=NOW - 2 * DAY)
        add(ledger, 5, headline="مسؤول يزور المدرسة", published=None, organizations=["nato"])
        add(ledger, 6, text=body(1), headline="عن الأسطول نفسه")
        before = body(2).split()
        for hours, words in ((3, ["تغيّر", *before[1:]]), (30, ["تغيّر", *before[1:], "وانتهى"])):
            fetched = NOW + timedelta(hours=hours)
            add(ledger, 2, headline="الأسطول الشمالي يعود", text=" ".join(words), fetched=fetched, run_id=RUN, **both)
        account = {"discovered": 6, "accepted": 5, "sources": {"headline": {"site": 5, "meta": 1, "none": 2}}}
        account["monitors_failed"] = ["failed_articles"]
        ledger.finish_run(RUN, account, 1, NOW + timedelta(minutes=5), complete=False)
    return pages_of(folder)


def ask(pages, target, status=200, *, method="GET", host="127.0.0.1:8340"):
    answer = pages.answer(method, host, target)
    assert answer.status == status, answer.body.decode()
    return answer


def page(pages, target, status=200):
    return html.document_fromstring(ask(pages, target, status).body.decode())


def as_json(pages, target):
    answer = ask(pages, target)
    assert answer.content_type.startswith("application/json")
    return json.loads(answer.body)


def ids(pages, query):
    return [each["article_id"] for each in as_json(pages, f"/articles.json?{query}")["articles"]]


def text(element):
    return " ".join(element.text_content().split())


@contextmanager
def served(folder: Path, log: Path, **environment: str) -> Iterator[str]:
    """The address of the site; at the end Ctrl-C, after which the status must be 0. Its output goes to `log`."""
    settings = {"ALQAHIRA_OUTPUT_DIR": str(folder)}
    process = start_scrapy("report", "--serve", "--port", "0", settings=settings, log=log, **environment)
    try:
        while "Ctrl-C" not in log.read_text("utf-8"):
            assert process.poll() is None, log.read_text("utf-8")
            select.select([], [], [], 0.05)
        yield log.read_text("utf-8").partition(" ")[0].removesuffix(":")
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(60)
    assert status == 0
