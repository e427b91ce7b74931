"""The replica as an HTTP server: addresses, conditional requests, the access log. Needs aiohttp."""

from __future__ import annotations

import asyncio
import json
import signal
import time
import zlib
from collections.abc import Callable
from datetime import datetime
from importlib import resources
from typing import IO, Any
from urllib.parse import urlsplit

from aiohttp import ETag, web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from alqahira.replica.corpus import ReplicaArticle
from alqahira.replica.feeds import Feeds
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import ListingPage, Pages


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
        middlewares: list[Middleware] = [self._not_found]
        if self.options.delay:
            middlewares.insert(0, self._delay)
        if self.options.log:
            middlewares.insert(0, access_log(self.options.log.open("a", encoding="utf-8", buffering=1)))
        app = web.Application(middlewares=middlewares)
        app.add_routes(
            [
                web.get("/", self._home),
                web.get("/{kind:category|tag}/{slug}", self._listing),
                web.get(r"/{amp:(?:amp/)?}news/{number:\d{1,19}}", self._article),
                web.get(r"/{amp:(?:amp/)?}news/{number:\d{1,19}}/{slug}{tail:(?:/amp)?}", self._article),
                web.get("/api/listing", self._api_listing),
                web.get("/api/page", self._api_page),
                web.get("/_next/static/chunks/app.js", self._script),
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
        article = self.newsroom.article(int(request.match_info["number"]))
        if article is None:
            raise web.HTTPNotFound
        if request.match_info.get("slug") != article.slug and self.options.slug == "redirect":
            raise web.HTTPMovedPermanently(article.path)
        amp = bool(request.match_info["amp"] or request.match_info.get("tail"))
        tag = f"{article.number}-{self.newsroom.revision(article.number)}-{self._face}{'-amp' * amp}"
        return _conditional(
            request, tag, article.modified or article.listed, lambda: self.pages.article(article, amp=amp).encode()
        )

    async def _home(self, request: web.Request) -> web.StreamResponse:
        return self._show_listing(request, "home", "")

    async def _listing(self, request: web.Request) -> web.StreamResponse:
        return self._show_listing(request, request.match_info["kind"], request.match_info["slug"])

    def _show_listing(self, request: web.Request, kind: str, slug: str) -> web.StreamResponse:
        # With a load-more control the site has one address for the whole listing, whatever the query says.
        page = _page_number(request) if self.options.paging == "next" else 1
        listing = self._find_listing(kind, slug, page)
        key = f"listing {kind} {slug} {page}"
        return self._cacheable(request, key, lambda: self.pages.listing(listing).encode())

    def _find_listing(self, kind: str, slug: str, page: int) -> ListingPage:
        listing = self.pages.listing_page(kind, slug, page)
        if listing is None:
            raise web.HTTPNotFound
        return listing

    # --- what the pages' script fetches ---

    async def _api_listing(self, request: web.Request) -> web.StreamResponse:
        listing = self._find_listing(
            request.query.get("kind", ""), request.query.get("slug", ""), _page_number(request)
        )
        return _json(self._listing_data(listing))

    async def _api_page(self, request: web.Request) -> web.StreamResponse:
        """What fills an empty shell; `path` is the address of the page that asks."""
        parts = urlsplit(request.query.get("path", "/"))
        segments = URL(parts.path, encoded=True).parts[1:]
        match segments:
            case ("news", number, *_) if number.isdigit() and (article := self.newsroom.article(int(number))):
                return _json({"article": _article_data(article), "html": self.pages.article_inner(article)})
            case ("category" | "tag" as kind, slug):
                listing = self._find_listing(kind, slug, 1)
            case ("",) | ():
                listing = self._find_listing("home", "", 1)
            case _:
                raise web.HTTPNotFound
        return _json(self._listing_data(listing) | {"html": self.pages.listing_inner(listing)})

    def _listing_data(self, listing: ListingPage) -> dict[str, Any]:
        items = [_article_data(article) | {"html": self.pages.card(article)} for article in listing.articles]
        return {"page": listing.page, "more": self.pages.more_address(listing), "items": items}

    async def _script(self, request: web.Request) -> web.StreamResponse:
        text = resources.files("alqahira.replica").joinpath("templates/app.js.jinja").read_text("utf-8")
        return web.Response(text=text, content_type="text/javascript", charset="utf-8")

    # --- lists for machines ---

    async def _robots(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=self.feeds.robots(), content_type="text/plain", charset="utf-8")

    async def _sitemap_index(self, request: web.Request) -> web.StreamResponse:
        return self._cacheable(request, "sitemap.xml", self.feeds.sitemap_index, "application/xml")

    async def _sitemap(self, request: web.Request) -> web.StreamResponse:
        path = f"/{request.match_info['name']}"
        if path not in self.feeds.sitemap_paths():
            raise web.HTTPNotFound
        kind = "application/gzip" if path.endswith(".gz") else "application/xml"
        return self._cacheable(request, path, lambda: self.feeds.sitemap(path) or b"", kind)

    async def _news_sitemap(self, request: web.Request) -> web.StreamResponse:
        now = self.newsroom.now()
        key = f"news-sitemap.xml {now:%Y%m%d%H}"
        return self._cacheable(request, key, lambda: self.feeds.news_sitemap(now), "application/xml")

    async def _rss(self, request: web.Request) -> web.StreamResponse:
        return self._cacheable(request, "rss.xml", self.feeds.rss, "application/rss+xml")

    def _cacheable(
        self, request: web.Request, key: str, make: Callable[[], bytes], content_type: str = "text/html"
    ) -> web.StreamResponse:
        """An answer that changes only with the newsroom."""
        state = f"{key} {self.newsroom.version} {self.newsroom.started} {self.options}"
        tag = f"{zlib.crc32(state.encode()):08x}-{self._face}"
        return _conditional(request, tag, self._changed, make, content_type)

    # --- the control address ---

    async def _revise(self, request: web.Request) -> web.StreamResponse:
        article = self.newsroom.revise(int(request.match_info["number"]))
        if article is None:
            raise web.HTTPNotFound
        self._changed = self.newsroom.now()
        return _json(_article_data(article) | {"revision": self.newsroom.revision(article.number)})

    async def _withdraw(self, request: web.Request) -> web.StreamResponse:
        if not self.newsroom.withdraw(int(request.match_info["number"])):
            raise web.HTTPNotFound
        self._changed = self.newsroom.now()
        return _json({})

    async def _publish(self, request: web.Request) -> web.StreamResponse:
        added = self.newsroom.publish(int(request.match_info["count"]))
        self._changed = self.newsroom.now()
        return _json({"items": [_article_data(article) for article in added]})

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


def _page_number(request: web.Request) -> int:
    text = request.query.get("page", "1")
    return int(text) if text.isdecimal() and len(text) < 10 else 1


def _json(value: dict[str, Any]) -> web.Response:
    return web.json_response(value, dumps=lambda v: json.dumps(v, ensure_ascii=False))


def _is_unchanged(request: web.Request, tag: str, modified: datetime) -> bool:
    """Whether the client has this representation already (RFC 9110, section 13.2.2)."""
    tags = request.if_none_match
    if tags is not None:
        return any(t.value in (tag, "*") for t in tags)
    since = request.if_modified_since
    return since is not None and modified.replace(microsecond=0) <= since


def _conditional(
    request: web.Request, tag: str, modified: datetime, make: Callable[[], bytes], content_type: str = "text/html"
) -> web.Response:
    """200 with what `make` gives, or 304 without making it."""
    if _is_unchanged(request, tag, modified):
        response = web.Response(status=304)
    else:
        charset = "utf-8" if content_type.startswith("text/") else None
        response = web.Response(body=make(), content_type=content_type, charset=charset)
    response.etag = ETag(tag)
    response.last_modified = modified
    return response


def access_log(file: IO[str]) -> Middleware:
    """A middleware that writes one JSON line for each answer, before the answer is sent."""

    @web.middleware
    async def write(request: web.Request, handler: Handler) -> web.StreamResponse:
        status, sent = 500, 0
        try:
            response = await handler(request)
            status = response.status
            body = getattr(response, "body", None)
            sent = len(body) if isinstance(body, bytes) and request.method != "HEAD" else 0
            return response
        except web.HTTPException as answer:
            status = answer.status
            raise
        finally:
            line = {
                "time": time.time(),
                "method": request.method,
                "path": request.path_qs,
                "status": status,
                "bytes": sent,
                "if_none_match": "If-None-Match" in request.headers,
                "if_modified_since": "If-Modified-Since" in request.headers,
                "user_agent": request.headers.get("User-Agent", ""),
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    return write


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
