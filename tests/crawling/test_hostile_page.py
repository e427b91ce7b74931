"""SIGTERM while a page made to be slow is read: the run ends, and what it had is published."""

from __future__ import annotations

from threading import Event

import pytest
from hostile_pages import PAGES, page
from http_server import QuietHandler, serving
from ledger_scenario import body
from scrapy_process import UNTHROTTLED, Corpus, start_scrapy

pytestmark = pytest.mark.chaos

ARTICLES = range(101, 107)
HOSTILE = 999
SETTINGS = UNTHROTTLED | {
    "ALQAHIRA_BROWSER": "never",
    "ALQAHIRA_NEAR_DUPLICATES": "off",
    "CONCURRENT_REQUESTS_PER_DOMAIN": "1",
}


@pytest.mark.parametrize("name", ["marks in the text", "pushes", "paragraphs below nested articles"])
def test_sigterm_while_a_slow_page_is_read_publishes_what_was_accepted(tmp_path, name):
    is_sent, has_others = Event(), Event()
    answered = set()

    class Site(QuietHandler):
        def do_GET(self):
            number = self.path.split("/")[2] if self.path.startswith("/news/") else ""
            if number == str(HOSTILE):
                has_others.wait(60)
                self.answer(PAGES[name].encode(), "text/html")
                is_sent.set()
            elif number:
                answered.add(number)
                own = int(number)  # one text under many addresses is no article
                headline = f"وزير الدفاع يتفقد {body(own, words=6)}".replace("\n\n", " ")
                self.answer(page(f"<p>{body(own)}</p>", headline=headline).encode(), "text/html")
                if len(answered) == len(ARTICLES):
                    has_others.set()
            elif self.path.startswith("/category/"):
                cards = "".join(f'<article><a href="/news/{n}/x">{n}</a></article>' for n in (*ARTICLES, HOSTILE))
                self.answer(f"<main>{cards}</main>".encode(), "text/html")
            else:
                self.answer(b"", "text/plain", 404)

    log = tmp_path / "crawl.log"
    with serving(Site) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        given = SETTINGS | {"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output"), "ALQAHIRA_SITE_URL": url}
        process = start_scrapy("crawl", "defense", settings=given, log=log)
        assert is_sent.wait(120), log.read_text("utf-8")
        process.terminate()
        assert process.wait(60) in (0, 1), log.read_text("utf-8")
    assert "Closing spider (shutdown)" in log.read_text("utf-8")
    assert {str(number) for number in ARTICLES} <= Corpus(tmp_path / "output", url).by_id().keys()
