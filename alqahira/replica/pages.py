"""The replica's pages and feeds under one set of switches, as the site would send them. Needs no server."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from importlib import resources
from itertools import islice
from typing import Any

from markupsafe import Markup

from alqahira import site
from alqahira.replica import page_data
from alqahira.replica.article import ReplicaArticle
from alqahira.replica.body import body_html
from alqahira.replica.newsroom import ListingPage, Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.templates import BARE_TITLE, rename_classes, render

_TITLE_END = " | القاهرة الاخبارية "
_PLACE_OF_BODY = "<!--body-->"
_PREFIXES = {"known": "", "older": "older_", "renamed": "renamed_"}
_RSS_ITEMS = 30
_PLAIN_MONTHS = 2  # the newest months; older ones are sitemaps in gzip


class Pages:
    """Renders the articles and listings of a newsroom. Absolute links begin with `root`."""

    def __init__(
        self, options: ReplicaOptions, newsroom: Newsroom | None = None, *, root: str = site.ROOT.value
    ) -> None:
        self.options = options
        self.newsroom = newsroom or Newsroom(options)
        self.root = root
        self._prefix = _PREFIXES[options.classes]
        self._older = "older_" if options.classes == "older" else ""
        self._renames = options.classes == "renamed"
        self._has_data = options.page_data != "none"

    def url(self, article: ReplicaArticle) -> str:
        """The article's absolute address."""
        return self.root + article.path

    # --- whole pages ---

    def article(self, article: ReplicaArticle) -> str:
        """The article's page, as the server sends it."""
        inner = "" if self.options.render == "client" else self.article_inner(article)
        head = f"{self._older}article_head.html" if self.options.metadata == "full" else None
        data = self.article_value(article) if self._has_data else None
        return self._page(inner, data, headline=article.headline, head=head, assets="article_assets.html", a=article)

    def listing(self, listing: ListingPage) -> str:
        """A page of a listing, as the server sends it."""
        inner = "" if self.options.render == "client" else self.listing_inner(listing)
        # The older head has no metadata, only a link to the feed.
        head = f"{self._older}listing_head.html" if self._older or self.options.metadata == "full" else None
        data = self.listing_value(listing) if self._has_data else None
        values = {"listing": listing, "next": self._next_address(listing)}
        return self._page(inner, data, headline=listing.name, head=head, assets="listing_assets.html", **values)

    def not_found(self, number: int | None = None) -> str:
        """The page for an unknown address; with the number of a withdrawn article, its empty page data too."""
        data = None if number is None else page_data.missing_value(number)
        return self._page(self._inner("not_found.html"), data, assets="article_assets.html")

    def _page(self, inner: str, data: dict[str, Any] | None = None, *, headline: str = "", **values: Any) -> str:
        title = f"{headline}{_TITLE_END}" if self.options.title == "headline" and headline else BARE_TITLE
        scripts = page_data.scripts(data, self.options.page_data) if data else ""
        values |= {"title": title, "title_end": _TITLE_END, "root": self.root, "data": scripts, "inner": Markup(inner)}
        return render(f"{self._older}page.html", **values)

    # --- the content of #__next ---

    def article_inner(self, article: ReplicaArticle) -> str:
        """Header, article, sidebar and footer."""
        if self._older and article.kind == "post":
            body = Markup(body_html(article.blocks))
        else:
            body = render("body.html", a=article, parts=page_data.article_parts(article))
        related = [] if self._older else self.newsroom.related(article)
        html = self._inner(f"{self._prefix}article.html", a=article, body=Markup(_PLACE_OF_BODY), related=related)
        # Markup by editors keeps its own classes in every layout.
        return html.replace(_PLACE_OF_BODY, body)

    def listing_inner(self, listing: ListingPage) -> str:
        """Header, cards, carousels and the control for the next page."""
        more = listing.has_more and self.options.paging != "next"
        values = {"more": more, "next": self._next_address(listing), "card": f"{self._prefix}card.html"}
        return self._inner(f"{self._prefix}listing.html", listing=listing, **values)

    def script(self) -> str:
        """The script of the pages, with the menu that it puts into the header."""
        menu = render("menu.html")
        values = {"paging": self.options.paging, "page_size": self.options.page_size}
        return render("app.js.jinja", menu=rename_classes(menu) if self._renames else menu, **values)

    def _inner(self, template: str, **values: Any) -> str:
        values |= {"root": self.root, "older": self._older}
        if self._older:
            return render(template, latest=self.newsroom.latest(), **values)
        html = render("frame.html", inside=template, **values)
        return rename_classes(html) if self._renames else html

    def _next_address(self, listing: ListingPage) -> str | None:
        """The address of the `rel=next` link."""
        is_linked = self.options.paging == "next" and listing.has_more
        return f"{listing.path}?page={listing.page + 1}" if is_linked else None

    # --- page data ---

    def article_value(self, article: ReplicaArticle) -> dict[str, Any]:
        """The whole of `__NEXT_DATA__` on the article's page."""
        views = self.newsroom.views[article.number]
        counted = self.newsroom.started - timedelta(minutes=article.number % 600) + timedelta(seconds=views)
        related = self.newsroom.related(article)
        return page_data.article_value(article, related, views=views, counted=max(counted, article.listed))

    def listing_value(self, listing: ListingPage) -> dict[str, Any]:
        """The whole of `__NEXT_DATA__` on the listing's page."""
        return page_data.listing_value(listing, self.options.pinned)

    # --- lists for machines ---

    def robots(self) -> str:
        """robots.txt."""
        path = self.options.robots or resources.files("alqahira.replica").joinpath("templates/robots.txt")
        lines = path.read_text("utf-8").split("\n")
        if self.options.sitemaps == "none" and not self.options.robots:
            lines = [line for line in lines if not line.startswith("Sitemap:")]
        return "\n".join(lines).replace("{root}", self.root)

    def feeds(self) -> dict[str, Callable[[], bytes]]:
        """By path, what makes RSS, sitemap index, news sitemap and the months' sitemaps (older ones in gzip).

        RSS has a date only for articles that carry one everywhere.
        """
        newsroom, xml = self.newsroom, self._xml
        feeds = {"/rss.xml": lambda: xml("rss.xml", articles=islice(newsroom.articles(), _RSS_ITEMS))}
        if self.options.sitemaps == "none":
            return feeds
        months = {
            f"/sitemap-{month}.xml{'' if n < _PLAIN_MONTHS else '.gz'}": numbers
            for n, (month, numbers) in enumerate(newsroom.months.items())
        }
        newest = newsroom.articles([numbers[0] for numbers in months.values()])
        feeds["/sitemap.xml"] = lambda: xml("sitemap_index.xml", entries=zip(months, newest, strict=True))
        feeds["/news-sitemap.xml"] = lambda: xml("news_sitemap.xml", articles=newsroom.news())
        return feeds | {path: partial(self._sitemap, path, numbers) for path, numbers in months.items()}

    def _sitemap(self, path: str, numbers: list[int]) -> bytes:
        content = self._xml("sitemap.xml", articles=self.newsroom.articles(numbers))
        return gzip.compress(content, mtime=0) if path.endswith(".gz") else content

    def _xml(self, template: str, **values: Any) -> bytes:
        return render(template, root=self.root, **values).encode()
