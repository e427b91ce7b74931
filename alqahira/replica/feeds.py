"""The replica's machine-read lists: robots.txt, sitemap index, monthly sitemaps, news sitemap, RSS."""

from __future__ import annotations

import gzip
import re
from datetime import datetime
from email.utils import format_datetime
from importlib import resources

from jinja2 import Environment, PackageLoader

from alqahira.replica.article import DATE_PLACES, ReplicaArticle
from alqahira.replica.metadata import cairo_iso
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.pages import Pages

_RSS_ITEMS = 30
_PLAIN_MONTHS = 2  # the newest months; older ones are sitemaps in gzip
# XML 1.0 admits no control characters (section 2.2).
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class Feeds:
    """Renders the lists of the newsroom behind `pages`."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._newsroom: Newsroom = pages.newsroom
        self._environment = Environment(loader=PackageLoader("alqahira.replica"), autoescape=True)

    def robots(self) -> str:
        text = self._pages.options.robots
        if text is None:
            text = resources.files("alqahira.replica").joinpath("templates/robots.txt").read_text("utf-8")
            if self._pages.options.sitemaps == "none":
                text = "\n".join(line for line in text.split("\n") if not line.startswith("Sitemap:"))
        return text.replace("{root}", self._pages.root)

    def sitemap_index(self) -> bytes:
        """One entry a month, the newest first."""
        newest = (self._newsroom.article(numbers[0]) for numbers in self._newsroom.months().values())
        entries = [
            (self._pages.root + path, cairo_iso(article.modified or article.listed))
            for path, article in zip(self.sitemap_paths(), newest, strict=True)
            if article
        ]
        return self._render("sitemap_index.xml", entries)

    def sitemap_paths(self) -> list[str]:
        """The months' sitemaps: `/sitemap-2026-11.xml`, older ones `.xml.gz`."""
        months = list(self._newsroom.months())
        return [f"/sitemap-{month}.xml{'' if i < _PLAIN_MONTHS else '.gz'}" for i, month in enumerate(months)]

    def sitemap(self, path: str) -> bytes | None:
        """A month's sitemap, compressed if its name says so; None where there is none of that name."""
        if path not in self.sitemap_paths():
            return None
        numbers = self._newsroom.months()[path[len("/sitemap-") :][: len("2026-11")]]
        found = (self._newsroom.article(number) for number in numbers)
        xml = self._render("sitemap.xml", [(self._pages.url(a), _last_modified(a)) for a in found if a])
        return gzip.compress(xml, mtime=0) if path.endswith(".gz") else xml

    def news_sitemap(self, now: datetime) -> bytes:
        """The last 48 hours' articles with the time of their publication."""
        entries = [(self._pages.url(a), cairo_iso(a.listed), _xml(a.headline)) for a in self._newsroom.news(now)]
        return self._render("news_sitemap.xml", entries)

    def rss(self) -> bytes:
        """The newest articles; a date only for those that carry one everywhere."""
        found = (self._newsroom.article(number) for number in self._newsroom.numbers()[:_RSS_ITEMS])
        entries = [
            (self._pages.url(a), format_datetime(a.listed) if a.dates >= set(DATE_PLACES) else None, _xml(a.headline))
            for a in found
            if a
        ]
        return self._render("rss.xml", entries)

    def _render(self, name: str, entries: object) -> bytes:
        return self._environment.get_template(name).render(entries=entries, root=self._pages.root).encode()


def _last_modified(article: ReplicaArticle) -> str | None:
    """The change a sitemap tells; nothing for an article whose date stands elsewhere only."""
    return cairo_iso(article.modified or article.listed) if "sitemap" in article.dates else None


def _xml(text: str) -> str:
    return _NOT_XML.sub("", text)
