"""The site is away for six runs, with articles pending: nothing is lost, and the corpus is that of an undisturbed crawl."""

from contextlib import nullcontext
from urllib.parse import urlsplit

import pytest
from http_server import QuietHandler, serving
from replica_server import start_replica
from scrapy_process import Corpus
from undisturbed import NOW, SETTINGS, site_of

pytestmark = pytest.mark.chaos

OUTAGE = {"RETRY_TIMES": "0", "DOWNLOAD_TIMEOUT": "5", "ALQAHIRA_BACKOFF_BASE": "0.01"}


def answering(status, body=b"", *, robots=True):
    """A site that answers every request, robots.txt apart, with one response."""

    class Handler(QuietHandler):
        def do_GET(self):
            if robots and self.path == "/robots.txt":
                self.answer(b"", "text/plain")
            else:
                self.answer(body, "text/html", status)

    return Handler


FAULTS = {
    "connection refused": None,
    "robots 503": answering(503, robots=False),
    "http 403": answering(403),
    "http 429": answering(429),
    "http 503": answering(503),
    "challenge": answering(200, b"<title>Just a moment...</title>"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_outage_of_six_runs_loses_nothing(fault, tmp_path):
    with site_of(12, tmp_path) as site:
        url = site.server.url
        corpus = Corpus(tmp_path / "output", url)
        corpus.crawl("defense", "-a", "max_articles=2", settings=SETTINGS)
        assert 0 < len(corpus.by_id()) < len(site.expected)
    port = urlsplit(url).port
    with nullcontext() if FAULTS[fault] is None else serving(FAULTS[fault], port):
        for _ in range(6):
            ran = corpus.crawl("defense", settings=SETTINGS | OUTAGE)
            assert ran.status == 1, ran.stderr
    server = start_replica("--articles", "12", "--now", NOW, "--port", str(port))
    try:
        assert corpus.crawl("defense", settings=SETTINGS).status == 0
    finally:
        server.stop()
    assert site.wrong(tmp_path / "output") == []
