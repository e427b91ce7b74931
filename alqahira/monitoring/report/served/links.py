"""The addresses of the pages, as their templates write them: those of the served site, or of files. Pure."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Links:
    """Of the served site, whose addresses begin at its root."""

    is_static = False
    base: str = "/"

    def articles(self, query: str = "") -> str:
        """The first page, or what it shows for a query."""
        return f"{self.base}?{query}" if query else self.base

    def article(self, article_id: str) -> str:
        return f"{self.base}articles/{quote(article_id, safe='')}"

    def revision(self, article_id: str, revision: int) -> str:
        """The page of an article that compares this revision with the one before."""
        return f"?revision={revision}"

    def page(self, name: str) -> str:
        return f"{self.base}{name}"


SERVED = Links()


@dataclass(frozen=True, slots=True)
class StaticLinks(Links):
    """Of files, relative to the page, so that the site may be in any folder of its host.

    `base`: the way to the site's folder, empty or `../`. `known`: the articles that have a page.
    """

    is_static = True
    base: str = ""
    known: Container[str] = ()

    def articles(self, query: str = "") -> str:
        return f"{self.base}index.html?{query}" if query else f"{self.base}index.html"

    def article(self, article_id: str) -> str:
        """Empty if the article has no page."""
        return f"{self.base}articles/{quote(file_name(article_id))}" if article_id in self.known else ""

    def revision(self, article_id: str, revision: int) -> str:
        return f"{self.base}articles/{quote(file_name(article_id, revision))}"

    def page(self, name: str) -> str:
        return f"{self.base}{name}.html"


def file_name(article_id: str, revision: int | None = None) -> str:
    """The file of an article's page, or of the one that compares a revision; no id leads out of the folder."""
    name = quote(article_id, safe="")
    return f"{name}.html" if revision is None else f"{name}~{revision}.html"
