"""The replica as an HTTP server: its addresses, and what each answers. Needs aiohttp."""

from __future__ import annotations

import asyncio
import json
import signal
import zlib
from collections.abc import Callable
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from alqahira.replica import page_data
from alqahira.replica.answers import access_log, cloudflare, conditional, page_number, to_json
from alqahira.replica.article import ReplicaArticle
from alqahira.replica.feeds import Feeds
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import ListingPage, Pages

_LISTED_BY_QUERY = ("query", "next")  # ways on for which ?page=N is another page
_MOST_POSTS = 100  # that one request of the button may ask for


class Replica:
    """One running copy of the site: the newsroom and the handlers of its addresses."""

    def __init__(self, options: ReplicaOptions) -> None:
        self.options = options
        self.newsroom = Newsroom(options)
        self.pages = Pages(options, self.newsroom)
        self.feeds = Feeds(self.pages)
        # The same article under other switches is another representation, so its ETag differs.
        face = (
            options.render,
            options.page_data,
            options.metadata,
            options.classes,
            options.title,
            self.newsroom.today,
        )
        self._face = f"{zlib.crc32(repr(face).encode()):08x}"
        self._changed = self.newsroom.started  # Last-Modified of everything that lists articles

    def application(self) -> web.Application:
        middlewares: list[Middleware] = [cloudflare(self.options), self._not_found]
        if self.options.delay:
            middlewares.insert(0, self._delay)
        if self.options.log:
            middlewares.insert(0, access_log(self.options.log.open("a", encoding="utf-8", buffering=1)))
        app = web.Application(middlewares=middlewares)
        app.add_routes(
            [
                web.get("/", self._home),
                web.get("/{kind:category|kicker|tag}/{slug}", self._listing),
                web.get(r"/{lead:/?(?:(?:ar|en|amp)/)?}news/{number:\d{1,19}}{rest:(?:/.*)?}", self._article),
                web.get("/_next/data/{build}/{locale:ar|en}/{path:.*}.json", self._next_data),
                web.get("/api/posts", self._api_posts),
                web.post("/api/posts/search", self._api_search),
                web.get("/api/page", self._api_page),
                web.get("/_next/static/chunks/app.js", self._script),
                web.get("/cdn-cgi/scripts/{path:.*}/rocket-loader.min.js", self._script),
                web.get("/{name:infograph|live|programs|breaking-news}", self._empty),
                web.get(r"/{path:(?:assets|_next/static)/.+\.(?:css|js|png|jpg)}", self._asset),
                web.get("/robots.txt", self._robots),
                web.get("/sitemap.xml", self._sitemap_index),
                web.get("/news-sitemap.xml", self._news_sitemap),
                web.get(r"/{name:sitemap-\d{4}-\d{2}\.xml(?:\.gz)?}", self._sitemap),
                web.get("/rss.xml", self._rss),
            ]
        )
        if self.options.control:
            app.add_routes(
                [
                    web.post(r"/__replica__/revise/{number:\d+}", self._revise),
                    web.post(r"/__replica__/withdraw/{number:\d+}", self._withdraw),
                    web.post(r"/__replica__/publish/{count:\d+}", self._publish),
                ]
            )
        return app

    # --- articles and listings ---

    async def _article(self, request: web.Request) -> web.StreamResponse:
        number = int(request.match_info["number"])
        article = self.newsroom.article(number)
        if article is None:
            return self._gone(number)
        rest = request.match_info["rest"].strip("/")
        amp = "amp/" in request.match_info["lead"] or rest.endswith("/amp") or rest == "amp"
        if self.options.slug == "redirect" and rest.removesuffix("amp").rstrip("/") != article.slug:
            raise web.HTTPMovedPermanently(article.path)
        tag = f"{article.number}-{self.newsroom.revision(article.number)}-{self._face}{'-amp' * amp}"

        def make() -> bytes:
            self.newsroom.views[number] += 1
            return self.pages.article(article, amp=amp).encode()

        return conditional(request, tag, article.modified or article.listed, make)

    def _gone(self, number: int) -> web.StreamResponse:
        """What an article that is not there answers; one that was withdrawn may answer otherwise."""
        if self.newsroom.is_withdrawn(number):
            if self.options.home_for_removed:
                raise web.HTTPFound("/")
            if self.options.soft_404:
                text = self.pages.not_found(number)
                return web.Response(text=text, content_type="text/html", charset="utf-8")
        raise web.HTTPNotFound

    async def _home(self, request: web.Request) -> web.StreamResponse:
        return self._show_listing(request, "home", "")

    async def _listing(self, request: web.Request) -> web.StreamResponse:
        return self._show_listing(request, request.match_info["kind"], request.match_info["slug"])

    def _show_listing(self, request: web.Request, kind: str, slug: str) -> web.StreamResponse:
        page = page_number(request.query.get("page")) if self.options.paging in _LISTED_BY_QUERY else 1
        listing = self._find_listing(kind, slug, page)
        key = f"listing {kind} {slug} {page}"
        return self._cacheable(request, key, lambda: self.pages.listing(listing).encode())

    def _find_listing(self, kind: str, slug: str, page: int) -> ListingPage:
        listing = self.pages.listing_page(kind, slug, page)
        if listing is None:
            raise web.HTTPNotFound
        return listing

    async def _empty(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=self.pages.empty(), content_type="text/html", charset="utf-8")

    # --- what the pages' script fetches ---

    async def _next_data(self, request: web.Request) -> web.StreamResponse:
        """A page's data without the page, as Next.js answers it; only `next_data` heeds the number of a page."""
        value = None
        if request.match_info["build"] == page_data.BUILD:
            page = page_number(request.query.get("page")) if self.options.paging == "next_data" else 1
            value = self._page_value(request.match_info["path"].split("/"), page)
        if value is None:
            return to_json({"notFound": True}, status=404)
        return to_json({"pageProps": value["props"]["pageProps"], "__N_SSP": True})

    def _page_value(self, segments: list[str], page: int) -> dict[str, Any] | None:
        match segments:
            case ("news", number, *_) if number.isdecimal() and (article := self.newsroom.article(int(number))):
                return self.pages.article_value(article)
            case ("category" | "kicker" | "tag" as kind, slug):
                listing = self.pages.listing_page(kind, slug, page)
            case ("index",) | ("",):
                listing = self.pages.listing_page("home", "", page)
            case _:
                return None
        return self.pages.listings.next_value(listing) if listing else None

    async def _api_posts(self, request: web.Request) -> web.StreamResponse:
        """What a press of the button asks for."""
        query = request.query
        if self.options.paging != "press":
            return to_json({"success": False, "message": "Not Found"}, status=404)
        size = page_number(query.get("limit")) if "limit" in query else self.options.page_size
        return self._posts(query.get("slug", ""), page_number(query.get("page")), size)

    async def _api_search(self, request: web.Request) -> web.StreamResponse:
        """The same for a body of JSON."""
        if self.options.paging != "press_post":
            return to_json({"success": False, "message": "Not Found"}, status=404)
        try:
            if request.content_type != "application/json":
                raise ValueError
            wanted = json.loads(await request.text())
            slug, page, size = str(wanted["categorySlug"]), int(wanted["page"]), int(wanted["pageSize"])
        except (ValueError, KeyError, TypeError):
            return to_json({"success": False, "message": "Bad Request"}, status=400)
        return self._posts(slug, max(page, 1), max(size, 1))

    def _posts(self, slug: str, page: int, size: int) -> web.StreamResponse:
        size = min(size, _MOST_POSTS)
        listing = self.pages.listings.find(slug, page, size)
        if listing is None:
            return to_json({"success": False, "message": "Not Found"}, status=404)
        listings = self.pages.listings
        return to_json({"success": True, "pageInfo": listings.info(listing, size), "posts": listings.posts(listing)})

    async def _api_page(self, request: web.Request) -> web.StreamResponse:
        """What fills an empty shell; `path` is the address of the page that asks."""
        parts = urlsplit(request.query.get("path", "/"))
        segments = [segment for segment in URL(parts.path, encoded=True).parts if segment not in ("/", "ar", "en")]
        match segments:
            case ("news", number, *_) if number.isdigit() and (article := self.newsroom.article(int(number))):
                return to_json({"article": _article_data(article), "html": self.pages.article_inner(article)})
            case ("category" | "kicker" | "tag" as kind, slug):
                listing = self._find_listing(kind, slug, 1)
            case () | []:
                listing = self._find_listing("home", "", 1)
            case _:
                raise web.HTTPNotFound
        items = [_article_data(article) for article in listing.articles]
        return to_json({"page": listing.page, "items": items, "html": self.pages.listing_inner(listing)})

    async def _script(self, request: web.Request) -> web.StreamResponse:
        text = resources.files("alqahira.replica").joinpath("templates/app.js.jinja").read_text("utf-8")
        values = {
            "paging": json.dumps(self.options.paging),
            "menu": json.dumps(self.pages.menu(), ensure_ascii=False),
            "build": page_data.BUILD,
            "page_size": str(self.options.page_size),
        }
        for name, value in values.items():
            text = text.replace("{{ " + name + " }}", value)
        return web.Response(text=text, content_type="text/javascript", charset="utf-8")

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        """Styles, scripts and pictures of the layout: there, and empty."""
        kind = {"css": "text/css", "js": "text/javascript"}.get(request.path.rpartition(".")[2], "image/png")
        return web.Response(body=b"", content_type=kind)

    # --- lists for machines ---

    async def _robots(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=self.feeds.robots(), content_type="text/plain", charset="utf-8")

    async def _sitemap_index(self, request: web.Request) -> web.StreamResponse:
        self._need_sitemaps()
        return self._cacheable(request, "sitemap.xml", self.feeds.sitemap_index, "application/xml")

    async def _sitemap(self, request: web.Request) -> web.StreamResponse:
        self._need_sitemaps()
        path = f"/{request.match_info['name']}"
        if path not in self.feeds.sitemap_paths():
            raise web.HTTPNotFound
        kind = "application/gzip" if path.endswith(".gz") else "application/xml"
        return self._cacheable(request, path, lambda: self.feeds.sitemap(path) or b"", kind)

    async def _news_sitemap(self, request: web.Request) -> web.StreamResponse:
        self._need_sitemaps()
        now = self.newsroom.now()
        key = f"news-sitemap.xml {now:%Y%m%d%H}"
        return self._cacheable(request, key, lambda: self.feeds.news_sitemap(now), "application/xml")

    async def _rss(self, request: web.Request) -> web.StreamResponse:
        return self._cacheable(request, "rss.xml", self.feeds.rss, "application/rss+xml")

    def _need_sitemaps(self) -> None:
        if self.options.sitemaps == "none":
            raise web.HTTPNotFound

    def _cacheable(
        self, request: web.Request, key: str, make: Callable[[], bytes], content_type: str = "text/html"
    ) -> web.StreamResponse:
        """An answer that changes only with the newsroom."""
        state = f"{key} {self.newsroom.version} {self.newsroom.started} {self.options}"
        tag = f"{zlib.crc32(state.encode()):08x}-{self._face}"
        return conditional(request, tag, self._changed, make, content_type)

    # --- the control address ---

    async def _revise(self, request: web.Request) -> web.StreamResponse:
        article = self.newsroom.revise(int(request.match_info["number"]))
        if article is None:
            raise web.HTTPNotFound
        self._changed = self.newsroom.now()
        return to_json(_article_data(article) | {"revision": self.newsroom.revision(article.number)})

    async def _withdraw(self, request: web.Request) -> web.StreamResponse:
        if not self.newsroom.withdraw(int(request.match_info["number"])):
            raise web.HTTPNotFound
        self._changed = self.newsroom.now()
        return to_json({})

    async def _publish(self, request: web.Request) -> web.StreamResponse:
        added = self.newsroom.publish(int(request.match_info["count"]))
        self._changed = self.newsroom.now()
        return to_json({"items": [_article_data(article) for article in added]})

    # --- middlewares ---

    @web.middleware
    async def _not_found(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return web.Response(status=404, text=self.pages.not_found(), content_type="text/html", charset="utf-8")

    @web.middleware
    async def _delay(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        await asyncio.sleep(self.options.delay)
        return await handler(request)


def _article_data(article: ReplicaArticle) -> dict[str, Any]:
    return {"id": article.number, "title": article.headline, "url": article.path}


async def serve(options: ReplicaOptions) -> None:
    """Serve until SIGTERM or SIGINT; the first line on stdout says where."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    replica = Replica(options)
    runner = web.AppRunner(replica.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
        host, port = runner.addresses[0][:2]
        replica.pages.root = f"http://{host}:{port}"
        print(f"replica listening on {replica.pages.root}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()
