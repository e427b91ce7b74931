"""A web server that misbehaves on purpose and records its requests; and small crawls of it.

Each host has a loopback address of its own (127.0.0.2, 127.0.0.3 …), because Scrapy has one slot per name.
Several crawls run at once in a subprocess, with the project's settings that hold for any host.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import forked
from aiohttp import web

from alqahira import settings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_last_byte = count(2)


@dataclass(frozen=True)
class Seen:
    """One request as the server saw it; `at` in monotonic seconds."""

    at: float
    path: str
    headers: dict[str, str]


@dataclass
class Host:
    """One host of the hostile server: `answers` maps a path to its handler, `seen` lists the requests."""

    root: str
    answers: dict[str, Handler] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [request.path for request in self.seen]

    def times(self, path: str = "") -> list[float]:
        return [request.at for request in self.seen if not path or request.path == path]

    def url(self, path: str) -> str:
        return self.root + path

    def on(self, path: str, *answers: web.Response | Handler, **text: Any) -> None:
        """Answers a path with each of `answers` in turn, the last one from then on."""
        left = list(answers) or [reply(**text)]

        async def handler(request: web.Request) -> web.StreamResponse:
            answer = left.pop(0) if len(left) > 1 else left[0]
            return await answer(request)

        self.answers[path] = handler


def reply(text: str | bytes = "<html>fine</html>", status: int = 200, **headers: str) -> Handler:
    """A handler that answers with a text; header names with `_` for `-`."""
    body = text.encode() if isinstance(text, str) else text
    lines = {name.replace("_", "-"): value for name, value in headers.items()}
    lines.setdefault("Content-Type", "text/html; charset=utf-8")

    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers=lines)

    return handler


def raw(*pieces: bytes, pause: float = 0.0, reset: bool = False, hang: bool = False) -> Handler:
    """A handler that writes bytes straight to the connection and closes it, waiting `pause` seconds in between."""

    async def handler(request: web.Request) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        for piece in pieces:
            if transport.is_closing():
                break
            transport.write(piece)
            await asyncio.sleep(pause)
        while hang and not transport.is_closing():
            await asyncio.sleep(0.05)
        transport.abort() if reset else transport.close()
        return web.Response()

    return handler


@contextmanager
def hostile_hosts() -> Iterator[Callable[..., Host]]:
    """Gives a function that opens another host; all are closed at the end. `tls` takes an SSL context."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runners: list[web.AppRunner] = []

    async def open_host(address: str, tls: ssl.SSLContext | None) -> Host:
        host = Host("")

        async def answer(request: web.Request) -> web.StreamResponse:
            host.seen.append(Seen(time.monotonic(), request.path_qs, dict(request.headers)))
            if request.path in host.answers:
                return await host.answers[request.path](request)
            return await (reply(status=404) if request.path == "/robots.txt" else reply())(request)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, address, 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        host.root = f"{'https' if tls else 'http'}://{address}:{port}"
        return host

    def open_now(address: str | None = None, tls: ssl.SSLContext | None = None) -> Host:
        address = address or f"127.0.0.{next(_last_byte)}"
        return asyncio.run_coroutine_threadsafe(open_host(address, tls), loop).result(10)

    try:
        yield open_now
    finally:
        for runner in runners:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


@dataclass
class Crawl:
    """One small crawl: its site, the paths (or URLs) to request, settings, and request attributes."""

    site: Host
    paths: list[str]
    settings: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)


@dataclass
class Outcome:
    """The outcome of a crawl: `causes` by requested URL, "ok" if the spider got an answer."""

    causes: dict[str, str]
    sizes: dict[str, int]
    stats: dict[str, Any]
    sitemaps: list[str]
    log: str

    def cause(self, host: Host, path: str) -> str:
        return self.causes.get(host.url(path), "nothing came back")


# Middlewares that need a site or a run's ledger have tests of their own.
_FOR_ANY_HOST = (
    "scrapy.downloadermiddlewares.robotstxt",
    "scrapy.downloadermiddlewares.retry",
    "alqahira.crawling.middlewares.politeness",
    "alqahira.crawling.middlewares.robots",
    "alqahira.crawling.middlewares.user_agent",
)


def manners() -> dict[str, Any]:
    """The project's settings that hold for any host; tests may add to DOWNLOADER_MIDDLEWARES."""
    prefixes = ("EXTENSIONS_BASE", "TELNETCONSOLE_", "REMOTE_CONTROL_", "AUTOTHROTTLE_", "RETRY_TIMES", "RETRY_GIVE_UP")
    kept = {name: value for name, value in vars(settings).items() if name.startswith(prefixes)}
    for name in ("DOWNLOADER_MIDDLEWARES", "EXTENSIONS"):
        kept[name] = {path: n for path, n in getattr(settings, name).items() if path.startswith(_FOR_ANY_HOST)}
    return kept


# Settings that make tests quick without changing what they show.
_QUICK = {
    "AUTOTHROTTLE_ENABLED": False,
    "ALQAHIRA_BACKOFF_BASE": 0.02,
    "DOWNLOAD_TIMEOUT": 60,
    "LOG_LEVEL": "INFO",
    "RETRY_TIMES": 2,
}


def run_crawls(crawls: list[Crawl], **process_settings: Any) -> list[Outcome]:
    """Runs the crawls side by side in one subprocess; `process_settings` go to all of them."""
    order = {
        "settings": manners() | _QUICK | process_settings,
        "crawls": [
            {
                "urls": [path if "://" in path else crawl.site.url(path) for path in crawl.paths],
                "settings": {"ALQAHIRA_SITE_URL": crawl.site.root, **crawl.settings},
                "request": crawl.request,
            }
            for crawl in crawls
        ],
    }
    script = str(Path(__file__).with_name("small_crawl.py"))
    status, output, log = forked.run(script, environment=os.environ, text=json.dumps(order), timeout=240)
    assert status == 0, log
    return [Outcome(**result, log=log) for result in json.loads(output)]


def run_crawl(crawl: Crawl, **process_settings: Any) -> Outcome:
    return run_crawls([crawl], **process_settings)[0]
