"""The replica as an HTTP server: its addresses, and the answer of each. Needs aiohttp."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import time
import zlib
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ETag, web
from aiohttp.typedefs import Handler
from yarl import URL

from alqahira.replica import page_data
from alqahira.replica.article import ReplicaArticle
from alqahira.replica.newsroom import ListingPage, Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import Pages
from alqahira.replica.templates import BUILD, render

_PAGED_BY_QUERY = ("query", "next")  # values of `paging` under which ?page=N is another page
_MOST_POSTS = 100  # that one request of the button may get
_ASSETS = {"css": "text/css", "js": "text/javascript", "png": "image/png", "jpg": "image/png"}
# Robots' files and the parts of a page come from a cache and set no cookies.
_NO_PAGES = ("/robots.txt", "/sitemap", "/news-sitemap.xml", "/rss.xml", "/assets/", "/_next/static/", "/__replica__/")
# The switches that make another representation of an article, with another ETag.
_VARIANTS = ("render", "page_data", "metadata", "classes", "title")


class Replica:
    """One running copy of the site: the newsroom and the handlers of its addresses."""

    def __init__(self, options: ReplicaOptions) -> None:
        self.options = options
        self.newsroom = Newsroom(options)
        self.pages = Pages(options, self.newsroom)
        self._variant = repr([self.newsroom.today, *(getattr(options, name) for name in _VARIANTS)])
        self._changed = self.newsroom.started  # Last-Modified of everything that lists articles
        self._log = options.log.open("a", encoding="utf-8", buffering=1) if options.log else None

    def application(self) -> web.Application:
        """The routes, behind one middleware for delays, refusals, headers and the log."""
        app = web.Application(middlewares=[self._answer])
        app.add_routes(
            [
                web.get("/", self._listing),
                web.get("/{kind:category|kicker|tag}/{slug}", self._listing),
                web.get(r"/{lead:/?(?:(?:ar|en|amp)/)?}news/{number:\d{1,19}}{rest:(?:/.*)?}", self._article),
                web.get("/_next/data/{build}/{locale:ar|en}/{path:.*}.json", self._next_data),
                web.get("/api/posts", self._api_posts),
                web.post("/api/posts/search", self._api_search),
                web.get("/api/page", self._api_page),
                web.get("/_next/static/chunks/app.js", self._script),
                web.get("/cdn-cgi/scripts/{path:.*}/rocket-loader.min.js", self._script),
                web.get(r"/{path:(?:assets|_next/static)/.+}.{kind:css|js|png|jpg}", self._asset),
                web.get("/robots.txt", self._robots),
                web.get(r"/{path:[^/]+\.xml(?:\.gz)?}", self._feed),
            ]
        )
        if self.options.control:
            app.router.add_post(r"/__replica__/{action:revise|withdraw|publish}/{number:\d+}", self._control)
        return app

    # --- pages ---

    async def _article(self, request: web.Request) -> web.StreamResponse:
        number = int(request.match_info["number"])
        if self.options.instead != "none":
            return _html(render(f"instead_{self.options.instead}.html", ray=secrets.token_hex(8)))
        article = self.newsroom.article(number)
        if article is None:
            # The switches choose the answer for a withdrawn article.
            if number in self.newsroom.withdrawn and self.options.home_for_removed:
                raise web.HTTPFound("/")
            if number in self.newsroom.withdrawn and self.options.soft_404:
                return _html(self.pages.not_found(number))
            raise web.HTTPNotFound
        if self.options.slug == "redirect" and request.match_info["rest"].strip("/") != article.slug:
            raise web.HTTPMovedPermanently(article.path)

        def make() -> bytes:
            self.newsroom.views[number] += 1
            return self.pages.article(article).encode()

        return self._conditional(request, f"{number} {self.newsroom.revisions[number]}", article.changed, make)

    async def _listing(self, request: web.Request) -> web.StreamResponse:
        kind, slug = request.match_info.get("kind", "home"), request.match_info.get("slug", "")
        page = _page_number(request.query.get("page")) if self.options.paging in _PAGED_BY_QUERY else 1
        listing = self.newsroom.listing_page(kind, slug, page)
        if listing is None:
            raise web.HTTPNotFound
        return self._list(request, f"{kind} {slug} {page}", lambda: self.pages.listing(listing).encode(), "text/html")

    async def _script(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=self.pages.script(), content_type="text/javascript")

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        """Styles, scripts and pictures of the layout: there, and empty."""
        return web.Response(body=b"", content_type=_ASSETS[request.match_info["kind"]])

    # --- what the pages' script fetches ---

    def _at(self, segments: list[str], page: int) -> ReplicaArticle | ListingPage | None:
        """The article or listing at the path of a page."""
        match segments:
            case ("news", number, *_) if number.isdecimal():
                return self.newsroom.article(int(number))
            case ("category" | "kicker" | "tag" as kind, slug):
                return self.newsroom.listing_page(kind, slug, page)
            case () | [] | ("index",) | ("",):
                return self.newsroom.listing_page("home", "", page)
        return None

    async def _next_data(self, request: web.Request) -> web.StreamResponse:
        """A page's data without the page, as Next.js answers it; only with `--paging next_data` is `page` read."""
        page = _page_number(request.query.get("page")) if self.options.paging == "next_data" else 1
        target = self._at(request.match_info["path"].split("/"), page)
        if target is None or request.match_info["build"] != BUILD:
            return _json({"notFound": True}, status=404)
        value = (
            self.pages.listing_value(target) if isinstance(target, ListingPage) else self.pages.article_value(target)
        )
        return _json({"pageProps": value["props"]["pageProps"], "__N_SSP": True})

    async def _api_page(self, request: web.Request) -> web.StreamResponse:
        """The content of an empty shell; `path` is the address of its page."""
        path = URL(urlsplit(request.query.get("path", "/")).path, encoded=True)
        target = self._at([segment for segment in path.parts if segment not in ("/", "ar", "en")], 1)
        if target is None:
            raise web.HTTPNotFound
        html = self.pages.listing_inner(target) if isinstance(target, ListingPage) else self.pages.article_inner(target)
        return _json({"html": html})

    async def _api_posts(self, request: web.Request) -> web.StreamResponse:
        """The next posts, as the button requests them."""
        query = request.query
        if self.options.paging != "press":
            return _refusal("Not Found", 404)
        size = _page_number(query.get("limit")) if "limit" in query else self.options.page_size
        return self._posts(query.get("slug", ""), _page_number(query.get("page")), size)

    async def _api_search(self, request: web.Request) -> web.StreamResponse:
        """The same, requested by a body of JSON."""
        if self.options.paging != "press_post":
            return _refusal("Not Found", 404)
        try:
            if request.content_type != "application/json":
                raise ValueError
            body = json.loads(await request.text())
            slug, page, size = str(body["categorySlug"]), int(body["page"]), int(body["pageSize"])
        except (ValueError, KeyError, TypeError):
            return _refusal("Bad Request", 400)
        return self._posts(slug, max(page, 1), max(size, 1))

    def _posts(self, slug: str, page: int, size: int) -> web.StreamResponse:
        """The page of the listing with this slug, of whatever kind."""
        kinds = ("category", "kicker", "tag") if slug else ("home",)
        pages = (self.newsroom.listing_page(kind, slug, page, min(size, _MOST_POSTS)) for kind in kinds)
        listing = next(filter(None, pages), None)
        if listing is None:
            return _refusal("Not Found", 404)
        info = page_data.page_info(listing.total, listing.size, page)
        posts = page_data.listing_posts(listing.articles, self.options.pinned)
        return _json({"success": True, "pageInfo": info, "posts": posts})

    # --- lists for machines ---

    async def _robots(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=self.pages.robots())

    async def _feed(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        make = self.pages.feeds().get(path)
        if make is None:
            raise web.HTTPNotFound
        hour = f" {self.newsroom.now():%Y%m%d%H}" if path == "/news-sitemap.xml" else ""
        kind = "gzip" if path.endswith(".gz") else "rss+xml" if path == "/rss.xml" else "xml"
        return self._list(request, path + hour, make, f"application/{kind}")

    # --- conditional requests ---

    def _list(self, request: web.Request, key: str, make: Callable[[], bytes], kind: str) -> web.StreamResponse:
        """An answer that changes only with the newsroom."""
        state = f"{key} {self.newsroom.version} {self.newsroom.started} {self.options!r}"
        return self._conditional(request, state, self._changed, make, kind)

    def _conditional(
        self, request: web.Request, key: str, modified: datetime, make: Callable[[], bytes], kind: str = "text/html"
    ) -> web.StreamResponse:
        """200 with what `make` gives; 304 without making it if the client has it (RFC 9110, section 13.2.2)."""
        tag = f"{zlib.crc32(key.encode()):08x}-{zlib.crc32(self._variant.encode()):08x}"
        tags, since = request.if_none_match, request.if_modified_since
        if tags is not None:
            is_known = any(known.value in (tag, "*") for known in tags)
        else:
            is_known = since is not None and modified.replace(microsecond=0) <= since
        if is_known:
            response = web.Response(status=304)
        else:
            charset = "utf-8" if kind.startswith("text/") else None
            response = web.Response(body=make(), content_type=kind, charset=charset)
        response.etag = ETag(tag)
        response.last_modified = modified
        return response

    # --- the control address ---

    async def _control(self, request: web.Request) -> web.StreamResponse:
        """Revise or withdraw an article, or publish a number of them."""
        action, number = request.match_info["action"], int(request.match_info["number"])
        if action == "publish":
            items = [{"id": article.number, "url": article.path} for article in self.newsroom.publish(number)]
        elif article := self.newsroom.revise(number) if action == "revise" else self.newsroom.withdraw(number):
            items = [{"id": article.number, "url": article.path}]
        else:
            raise web.HTTPNotFound
        self._changed = self.newsroom.now()
        return _json({"items": items})

    # --- in front of the site ---

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Delay, challenge, 404 page, Cloudflare's headers, a line in the log."""
        await asyncio.sleep(self.options.delay)
        path, ray = request.path, secrets.token_hex(8)
        is_challenged = self.options.challenge != "none" and not path.startswith(("/robots.txt", "/__replica__/"))
        try:
            response = self._challenge(ray) if is_challenged else await handler(request)
        except web.HTTPNotFound:
            response = _html(self.pages.not_found(), 404)
        except web.HTTPException as other:
            response = web.Response(status=other.status, headers=other.headers, text=other.text)
        if self.options.cookies:
            response.headers.update({"Server": "cloudflare", "CF-RAY": f"{ray}-CAI"})
            if not path.startswith(_NO_PAGES):
                cookie = f"__cf_bm={secrets.token_urlsafe(32)}; path=/; HttpOnly; SameSite=None"
                response.headers.add("Set-Cookie", cookie)
        self._write_log(request, response)
        return response

    def _challenge(self, ray: str) -> web.Response:
        if self.options.challenge == "forbidden":
            return _html(render("blocked.html", ray=ray), 403)
        response = _html(render("challenge.html", ray=ray))
        response.headers["cf-mitigated"] = "challenge"
        return response

    def _write_log(self, request: web.Request, response: web.StreamResponse) -> None:
        """One line of JSON, before the answer is sent."""
        if self._log is None:
            return
        body = getattr(response, "body", None)
        line = {
            "time": time.time(),
            "method": request.method,
            "path": request.path_qs,
            "status": response.status,
            "bytes": len(body) if isinstance(body, bytes) and request.method != "HEAD" else 0,
            "if_none_match": "If-None-Match" in request.headers,
            "if_modified_since": "If-Modified-Since" in request.headers,
            "user_agent": request.headers.get("User-Agent", ""),
        }
        self._log.write(json.dumps(line, ensure_ascii=False) + "\n")


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/html")


def _json(value: dict[str, Any], status: int = 200) -> web.Response:
    return web.json_response(value, status=status, dumps=lambda v: json.dumps(v, ensure_ascii=False))


def _refusal(message: str, status: int) -> web.Response:
    return _json({"success": False, "message": message}, status)


def _page_number(text: str | None) -> int:
    """The number in a query; 1 for anything else."""
    return max(int(text), 1) if text and text.isascii() and text.isdecimal() and len(text) < 10 else 1


async def serve(options: ReplicaOptions) -> None:
    """Serve until SIGTERM or SIGINT; the first line on stdout has the address."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    replica = Replica(options)
    runner = web.AppRunner(replica.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", options.port).start()
        replica.pages.root = f"http://127.0.0.1:{runner.addresses[0][1]}"
        print(f"replica listening on {replica.pages.root}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()
