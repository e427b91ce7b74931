"""A site of a few articles in one listing, for tests of what goes wrong with single pages.

with small_site(8) as site:
    site.on("/news/1001", hang)
    site.corpus(tmp_path).crawl("defense", settings=QUICK)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, TypeVar

from http_server import QuietHandler, serving
from scrapy_process import Corpus

Answer = Callable[[QuietHandler], None]

# Texts differ by their number only, so near-duplicates are not looked for.
QUICK = {
    "ALQAHIRA_BROWSER": "never",
    "ALQAHIRA_NEAR_DUPLICATES": "off",
    "ALQAHIRA_BACKOFF_BASE": "0.01",
    "RETRY_TIMES": "1",
}
FIRST = 1000


class SmallSite:
    """Articles FIRST … by number; `on` answers the paths that begin with a prefix in another way."""

    def __init__(self, articles: int, *, sitemap: bool) -> None:
        self.listed = list(range(FIRST, FIRST + articles))
        self.has_sitemap = sitemap
        self.clock = datetime.now(UTC).replace(microsecond=0)  # of its answers; the articles are an hour older at first
        self.published = self.clock - timedelta(hours=1)
        self.root = ""
        self.paths: list[str] = []  # that were asked for
        self._answers: dict[str, Answer] = {}

    def on(self, prefix: str, answer: Answer | None) -> None:
        """Answer paths that begin with `prefix` by `answer`; None: as usual again. The longest prefix wins."""
        if answer is None:
            self._answers.pop(prefix, None)
        else:
            self._answers[prefix] = answer

    def count(self, prefix: str) -> int:
        """The requests for paths that begin with `prefix`."""
        return sum(path.startswith(prefix) for path in self.paths)

    def corpus(self, folder: Path) -> Corpus:
        return Corpus(folder / "output", self.root)

    def answer(self, handler: QuietHandler) -> None:
        self.paths.append(handler.path)
        prefixes = [prefix for prefix in self._answers if handler.path.startswith(prefix)]
        if prefixes:
            self._answers[max(prefixes, key=len)](handler)
        elif handler.path == "/robots.txt":
            handler.answer(self.robots().encode(), "text/plain")
        elif handler.path.startswith("/sitemap") and self.has_sitemap:
            handler.answer(self.sitemap().encode(), "application/xml")
        elif handler.path.startswith("/category/"):
            handler.answer(self.listing().encode(), "text/html; charset=utf-8")
        elif handler.path.startswith("/news/"):
            self.answer_article(handler, int(handler.path.split("/")[2]))
        else:
            handler.answer(b"", "text/plain", 404)

    def date(self) -> str:
        """The Date header of its answers."""
        return format_datetime(self.clock, usegmt=True)

    def robots(self) -> str:
        return "User-agent: *\nAllow: /\n"

    def answer_article(self, handler: QuietHandler, number: int) -> None:
        handler.answer(article(number, self.published), "text/html; charset=utf-8")

    def listing(self) -> str:
        cards = "".join(f'<article><a href="/news/{number}/x">خبر {number}</a></article>' for number in self.listed)
        return f"<html><main>{cards}</main></html>"

    def sitemap(self) -> str:
        changed = self.published.isoformat()
        urls = "".join(
            f"<url><loc>{self.root}/news/{number}/x</loc><lastmod>{changed}</lastmod></url>" for number in self.listed
        )
        return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'


AnySite = TypeVar("AnySite", bound=SmallSite)


def article(number: int, published: datetime) -> bytes:
    """The page of an article on the section's topic."""
    text = f"أعلن المتحدث العسكري أن القوات المسلحة نفذت المناورة رقم {number} بمشاركة وحدات من الجيش. " * 5
    return (
        f'<html lang="ar"><head><meta property="article:published_time" content="{published.isoformat()}"></head>'
        f"<body><main><h1>القوات المسلحة تنفذ المناورة رقم {number}</h1><article><p>{text}</p></article></main></body></html>"
    ).encode()


def small_site(articles: int = 4, *, sitemap: bool = False) -> AbstractContextManager[SmallSite]:
    return served(SmallSite(articles, sitemap=sitemap))


@contextmanager
def served(site: AnySite) -> Iterator[AnySite]:
    """Serve the site until the block ends."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            site.answer(self)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return site.date()

    with serving(Handler) as server:
        site.root = f"http://127.0.0.1:{server.server_port}"
        yield site


# --- answers --------------------------------------------------------------------------------------


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    return lambda handler: handler.answer(body, "text/html; charset=utf-8", code, **headers)


def hang(handler: QuietHandler) -> None:
    """Never answer; ends when the client closes the connection."""
    handler.close_connection = True
    handler.rfile.read()


def endless(head: bytes, piece: bytes, *, seconds: float = 0.0) -> Answer:
    """Send `head`, then `piece` again and again until the client closes the connection."""

    def answer(handler: QuietHandler) -> None:
        handler.close_connection = True
        handler.connection.settimeout(seconds or None)
        try:
            handler.wfile.write(head)
            while True:
                handler.wfile.write(piece)
                if seconds and _is_closed(handler):
                    return
        except OSError:
            pass

    return answer


def _is_closed(handler: QuietHandler) -> bool:
    """Wait as long as the connection's timeout for the client to close it."""
    try:
        return handler.connection.recv(1) == b""
    except TimeoutError:
        return False


# --- what a run says ------------------------------------------------------------------------------


def account(corpus: Corpus) -> dict[str, Any]:
    """The account of the last run."""
    return corpus.summary()["account"]
