"""The replica's HTML: articles, listings and what is not found, under one set of switches. No server needed."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from alqahira import site
from alqahira.replica import page_data
from alqahira.replica.article import ReplicaArticle
from alqahira.replica.body import body_html, contents
from alqahira.replica.desks import printed_category
from alqahira.replica.images import rendition
from alqahira.replica.listing_pages import ListingPage, Listings
from alqahira.replica.metadata import cairo_iso, json_ld, machine_keywords, older_about, older_json_ld
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import CAIRO, ReplicaOptions
from alqahira.replica.printed_dates import captured_spans
from alqahira.replica.templates import Templates, rename_classes

__all__ = ["BARE_TITLE", "ListingPage", "Pages"]

BARE_TITLE = site.BARE_TITLES.value[0]
_TITLE_END = " | القاهرة الاخبارية "
_SCRIPT = Markup('<script src="/_next/static/chunks/app.js" defer></script>')
_RSS = Markup('<link rel="alternate" type="application/rss+xml" title="RSS" href="/rss.xml">')
_LATEST = 5  # headlines in the older sidebar
_HTML_CODE = Markup('<div class="htmlCode" style="width:100%;margin-bottom:20px">{}</div>')
_EMBEDED_CODE = Markup('<div class="embededCode" style="width:100%;margin-bottom:20px">{}</div>')
_PLACE_OF_BODY = "<!--body-->"


class Pages:
    """Renders what a newsroom holds. `root` is the address that absolute links begin with."""

    def __init__(
        self, options: ReplicaOptions, newsroom: Newsroom | None = None, *, root: str = site.ROOT.value
    ) -> None:
        self.options = options
        self.newsroom = newsroom or Newsroom(options)
        self.root = root
        self._render = Templates()
        self.listings = Listings(options, self.newsroom, self._render)
        self._chrome_version = -1
        self._is_older = options.classes == "older"
        self._fixed = lru_cache(maxsize=64)(self._render)  # parts that are the same on every page

    # --- whole pages ---

    def article(self, article: ReplicaArticle, *, amp: bool = False) -> str:
        """The article's page, as the server sends it."""
        return self._page(
            title=self._title(article.headline),
            head=self._article_head(article),
            assets=self._fixed("article_assets.html", build=page_data.BUILD),
            inner="" if self._is_shell(amp) else self.article_inner(article),
            data="" if amp else self._data(self.article_value(article)),
            scripts="" if amp else _SCRIPT,
            amp=amp,
        )

    def listing(self, listing: ListingPage) -> str:
        """A page of a listing, as the server sends it."""
        head = self._listing_head(listing)
        if next_page := self.listings.next_address(listing):
            head += Markup('<link rel="next" href="{}">').format(next_page)
        return self._page(
            title=self._title(listing.name),
            head=head,
            assets=self._fixed("listing_assets.html", build=page_data.BUILD, kind=listing.kind),
            inner="" if self._is_shell() else self.listing_inner(listing),
            data=self._data(self.listings.next_value(listing)),
            scripts=_SCRIPT,
        )

    def not_found(self, number: int | None = None) -> str:
        """What is shown where nothing is; with the number of an article that is gone, its empty page data too."""
        data = ""
        if number is not None:
            query = {"id": str(number), "slug": []}
            data = self._data(page_data.next_value(page_data.no_post_props(), "/news/[id]/[[...slug]]", query))
        assets = self._fixed("article_assets.html", build=page_data.BUILD)
        return self._page(title=BARE_TITLE, assets=assets, inner=self._finish(self._frame("not_found.html")), data=data)

    def empty(self) -> str:
        """A page of the menu that holds no articles: the live stream, the programmes."""
        return self._page(title=BARE_TITLE, inner=self._finish(self._frame("empty.html")))

    # --- what stands in #__next ---

    def article_inner(self, article: ReplicaArticle) -> str:
        if self._is_older:
            body = Markup(body_html(article.blocks)) if article.kind == "post" else self._body(article)
            values = {"body": body, "url": self.url(article), "image_src": article.image_src}
            return self._render("older_article.html", a=article, **values, **self._chrome())
        day = clock = None
        if "visible" in article.dates:
            day, clock = captured_spans((article.misprinted or article.listed).astimezone(CAIRO))
        related = [
            {
                "path": other.path,
                "headline": other.headline,
                "category": printed_category(other.category),
                "image": rendition(other.image_url or "", "w=500&h=300&compress=40"),
            }
            for other in self.newsroom.related(article)
        ]
        html = self._frame(
            "article.html" if self.options.classes == "known" else "renamed_article.html",
            a=article,
            day=day,
            clock=clock,
            image_src=article.image_url and rendition(article.image_url),
            body=Markup(_PLACE_OF_BODY),
            related=related,
            share=self._fixed("share.html"),
        )
        # What editors put in keeps its own classes in every layout.
        return self._finish(html).replace(_PLACE_OF_BODY, self._body(article))

    def listing_inner(self, listing: ListingPage) -> str:
        chrome = self._chrome() if self._is_older else self._chrome() | {"header": self._fixed("listing_header.html")}
        main = self.listings.main(listing, self.root, chrome)
        return self._finish(main if self._is_older else self._render("frame.html", content=main))

    def menu(self) -> str:
        """The menu that the script puts into the header."""
        return self._finish(self._render("menu.html"))

    # --- data ---

    def article_value(self, article: ReplicaArticle) -> dict[str, Any]:
        """What `__NEXT_DATA__` of the article's page holds."""
        views = self.newsroom.views[article.number]
        counted = self.newsroom.started - timedelta(minutes=article.number % 600) + timedelta(seconds=views)
        related = self.newsroom.related(article)
        props = page_data.post_props(article, related, views=views, counted=max(counted, article.listed))
        query = {"id": str(article.number), "slug": [article.slug]}
        return page_data.next_value(props, "/news/[id]/[[...slug]]", query)

    def listing_page(self, kind: str, slug: str, page: int = 1) -> ListingPage | None:
        """A page (from 1) of a listing; None where there is no such listing."""
        return self.listings.page(kind, slug, page)

    def url(self, article: ReplicaArticle) -> str:
        return self.root + article.path

    # --- parts ---

    def _page(self, **values: Any) -> str:
        template = "older_page.html" if self._is_older else "page.html"
        return self._render(template, **{k: Markup(v) if k not in ("title", "amp") else v for k, v in values.items()})

    def _finish(self, html: str) -> str:
        return rename_classes(html) if self.options.classes == "renamed" else html

    def _frame(self, name: str, **values: Any) -> str:
        inner = self._render(name, **values, **self._chrome())
        return inner if self._is_older else self._render("frame.html", content=inner)

    def _is_shell(self, amp: bool = False) -> bool:
        return self.options.render == "client" and not amp

    def _title(self, headline: str) -> str:
        return f"{headline}{_TITLE_END}" if self.options.title == "headline" and headline else BARE_TITLE

    def _data(self, value: dict[str, Any]) -> str:
        match self.options.page_data:
            case "next_data":
                return page_data.next_data(value)
            case "next_f":
                return page_data.next_flight(value)
        return ""

    def _body(self, article: ReplicaArticle) -> Markup:
        match article.kind:
            case "infographic" | "album":
                pictures = [rendition(url, "w=700&compress=85") for url in article.pictures]
                return self._render(f"{article.kind}.html", pictures=pictures)
            case "video":
                return _EMBEDED_CODE.format(Markup(page_data.video_frame(article)))
        parts = contents(article.blocks, bare=page_data.is_bare(article))
        return Markup("").join(
            (_EMBEDED_CODE if kind == "embeded" else _HTML_CODE).format(Markup(html)) for kind, html, _ in parts
        )

    def _article_head(self, article: ReplicaArticle) -> Markup:
        if self.options.metadata == "none":
            return Markup("")
        if self._is_older:
            return self._older_head(article)
        # Of a story without a picture none was captured; a listing's page names this one, too.
        image = article.image_url or f"{self.root}/assets/imgs/post-default.jpg"
        return self._render(
            "article_head.html",
            title=f"{article.headline}{_TITLE_END}",
            about=article.printed_summary,
            url=f"{self.root}/{article.path}",  # a double slash, as on the site
            image_large=rendition(image, "w=1200&h=627&compress=80"),
            image_small=rendition(image, "w=250&h=250&compress=80"),
            keywords=machine_keywords(article),
            jsonld=Markup(json_ld(article, self.root)),
        )

    def _older_head(self, article: ReplicaArticle) -> Markup:
        url, about = self.url(article), older_about(article)
        return self._render(
            "older_article_head.html",
            a=article,
            url=url,
            about=about,
            site_name=site.NAME.value,
            bare_title=BARE_TITLE,
            published=cairo_iso(article.listed),
            modified=cairo_iso(article.modified),
            jsonld=Markup(older_json_ld(article, url, about)),
        )

    def _listing_head(self, listing: ListingPage) -> Markup:
        if self._is_older:
            return _RSS
        if self.options.metadata == "none":
            return Markup("")
        url = f"{self.root}/{listing.path}"
        title = f"{listing.name}{_TITLE_END}"
        return self._render("listing_head.html", title=title, name=listing.name, url=url, root=self.root)

    def _chrome(self) -> dict[str, Markup]:
        """Header, sidebar and footer: the same on every page until the newsroom changes."""
        if self._chrome_version != self.newsroom.version:
            latest = [self.newsroom.article(n) for n in self.newsroom.numbers()[:_LATEST]]
            values = {
                "categories": list(site.CATEGORIES.value.items()),
                "latest": [a for a in latest if a and a.headline],
            }
            older = "older_" if self._is_older else ""
            parts = ("header", "sidebar", "footer") if self._is_older else ("header", "sidebar")
            self._chrome_parts = {p: self._render(f"{older}{p}.html", **values) for p in parts}
            self._chrome_version = self.newsroom.version
        return self._chrome_parts
