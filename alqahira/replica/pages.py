"""The replica's HTML: articles, listings and what is not found, under one set of switches. No server needed."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, Template
from markupsafe import Markup

from alqahira import site
from alqahira.replica.body import body_html, body_text
from alqahira.replica.corpus import ReplicaArticle
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import CAIRO, ReplicaOptions
from alqahira.replica.page_data import cairo_iso, json_ld, next_data, next_flight
from alqahira.replica.printed_dates import print_date

BARE_TITLE = site.BARE_TITLES.value[0]
_SCRIPT = Markup('<script src="/_next/static/chunks/app.js" defer></script>')
_CLASS_OR_ID = re.compile(r'(?<= )(class|id)="([^"]*)"')
_LATEST = 5  # headlines in the sidebar
_ABOUT_LENGTH = 150  # characters of the lead that a meta description repeats


@dataclass(frozen=True, slots=True)
class ListingPage:
    """One page of a listing: its articles, and where the next one is."""

    kind: str
    slug: str
    page: int
    articles: Sequence[ReplicaArticle]
    has_more: bool

    @property
    def path(self) -> str:
        return f"/{self.kind}/{quote(self.slug, safe='')}" if self.kind != "home" else "/"

    @property
    def name(self) -> str:
        return self.slug.replace("-", " ") if self.kind == "category" else self.slug


@lru_cache(maxsize=4096)
def _renamed(name: str) -> str:
    """Another name for a class or id, always the same one: `Stories_x3f9a1c20`."""
    return f"Stories_x{zlib.crc32(name.encode()):08x}"


def rename_classes(html: str) -> str:
    """The markup with every class and id renamed."""
    return _CLASS_OR_ID.sub(lambda m: f'{m[1]}="{" ".join(map(_renamed, m[2].split()))}"', html)


class Pages:
    """Renders what a newsroom holds. `root` is the address that absolute links begin with."""

    def __init__(
        self, options: ReplicaOptions, newsroom: Newsroom | None = None, *, root: str = site.ROOT.value
    ) -> None:
        self.options = options
        self.newsroom = newsroom or Newsroom(options)
        self.root = root
        self._environment = Environment(loader=PackageLoader("alqahira.replica"), autoescape=True)
        self._templates: dict[str, Template] = {}
        self._chrome_version = -1

    # --- whole pages ---

    def article(self, article: ReplicaArticle, *, amp: bool = False) -> str:
        """The article's page, as the server sends it."""
        return self._page(
            title=self._title(article.headline),
            head=self._article_head(article) + ("" if amp else self._article_data(article)),
            inner="" if self._is_shell(amp) else self.article_inner(article),
            scripts="" if amp else _SCRIPT,
            amp=amp,
        )

    def listing(self, listing: ListingPage) -> str:
        """A page of a listing, as the server sends it."""
        head = Markup('<link rel="alternate" type="application/rss+xml" title="RSS" href="/rss.xml">')
        if self.options.paging == "next" and listing.has_more:
            head += Markup('<link rel="next" href="{}">').format(self._next_page(listing))
        inner = "" if self._is_shell() else self.listing_inner(listing)
        return self._page(title=self._title(listing.name), head=head, inner=inner, scripts=_SCRIPT, amp=False)

    def not_found(self) -> str:
        inner = self._finish(self._render("not_found.html", **self._chrome()))
        return self._page(title=BARE_TITLE, head="", inner=inner, scripts="", amp=False)

    # --- what stands in #__next ---

    def article_inner(self, article: ReplicaArticle) -> str:
        name = "article.html" if self.options.classes == "known" else "article_redesigned.html"
        body = Markup(body_html(article.blocks))
        return self._finish(self._render(name, a=article, body=body, url=self.url(article), **self._chrome()))

    def listing_inner(self, listing: ListingPage) -> str:
        name = "listing.html" if self.options.classes == "known" else "listing_redesigned.html"
        by_control = self.options.paging == "load_more" and listing.has_more
        by_link = self.options.paging == "next" and listing.has_more
        html = self._render(
            name,
            name=listing.name,
            cards=Markup("".join(self._card(article) for article in listing.articles)),
            more=self.more_address(listing) if by_control else None,
            next=self._next_page(listing) if by_link else None,
            **self._chrome(),
        )
        return self._finish(html)

    def card(self, article: ReplicaArticle) -> str:
        return self._finish(self._card(article))

    def more_address(self, listing: ListingPage) -> str | None:
        """Where the load-more control fetches the page after this one."""
        if not listing.has_more:
            return None
        query = urlencode({"kind": listing.kind, "slug": listing.slug, "page": listing.page + 1}, quote_via=quote)
        return f"/api/listing?{query}"

    def listing_page(self, kind: str, slug: str, page: int = 1) -> ListingPage | None:
        """A page (from 1) of a listing; None where there is no such listing or page."""
        numbers = self.newsroom.numbers() if kind == "home" else self.newsroom.listing(kind, slug)
        size = self.options.page_size
        if numbers is None or page < 1 or (page > 1 and (page - 1) * size >= len(numbers)):
            return None
        found = [self.newsroom.article(number) for number in numbers[(page - 1) * size : page * size]]
        return ListingPage(kind, slug, page, [a for a in found if a], len(numbers) > page * size)

    def url(self, article: ReplicaArticle) -> str:
        return self.root + article.path

    # --- parts ---

    def _page(self, **values: Any) -> str:
        return self._render(
            "page.html", **{k: Markup(v) if k in ("head", "inner", "scripts") else v for k, v in values.items()}
        )

    def _render(self, name: str, /, **values: Any) -> str:
        template = self._templates.get(name)
        if template is None:
            template = self._templates[name] = self._environment.get_template(name)
        return template.render(values)

    def _finish(self, html: str) -> str:
        return rename_classes(html) if self.options.classes == "renamed" else html

    def _is_shell(self, amp: bool = False) -> bool:
        return self.options.render == "client" and not amp

    def _title(self, headline: str) -> str:
        wanted = self.options.title == "headline" and headline
        return f"{headline} | {site.NAME.value}" if wanted else BARE_TITLE

    def _article_head(self, article: ReplicaArticle) -> str:
        if self.options.metadata == "none":
            return ""
        url, about = self.url(article), _about(article)
        return self._render(
            "article_head.html",
            a=article,
            url=url,
            about=about,
            site_name=site.NAME.value,
            bare_title=BARE_TITLE,
            published=cairo_iso(article.listed),
            modified=cairo_iso(article.modified),
            jsonld=Markup(json_ld(article, url, about)),
        )

    def _article_data(self, article: ReplicaArticle) -> str:
        match self.options.page_data:
            case "next_data":
                return next_data(article)
            case "next_f":
                return next_flight(article)
        return ""

    def _card(self, article: ReplicaArticle) -> str:
        name = "card.html" if self.options.classes == "known" else "card_redesigned.html"
        date = print_date("egyptian", article.listed.astimezone(CAIRO)) if "listing" in article.dates else None
        return self._render(name, a=article, date=date)

    def _next_page(self, listing: ListingPage) -> str:
        return f"{listing.path}?page={listing.page + 1}"

    def _chrome(self) -> dict[str, Markup]:
        """Header, sidebar and footer: the same on every page until the newsroom changes."""
        if self._chrome_version != self.newsroom.version:
            latest = [self.newsroom.article(n) for n in self.newsroom.numbers()[:_LATEST]]
            names = [(slug, slug.replace("-", " ")) for slug in site.CATEGORIES.value]
            values = {"categories": names, "latest": [a for a in latest if a and a.headline]}
            parts = ("header", "sidebar", "footer")
            self._chrome_parts = {p: Markup(self._render(f"{p}.html", **values)) for p in parts}
            self._chrome_version = self.newsroom.version
        return self._chrome_parts


def _about(article: ReplicaArticle) -> str:
    """The meta description: the standfirst, or the lead cut short."""
    if article.description:
        return article.description
    lead = body_text(article.blocks).split("\n", 1)[0]
    return lead if len(lead) <= _ABOUT_LENGTH else lead[:_ABOUT_LENGTH].rsplit(" ", 1)[0] + "..."
