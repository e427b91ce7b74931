"""A site that renders itself in the browser, and misbehaves as each test needs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

SHELL = """<!doctype html><html lang="ar"><head><title>الموقع</title><link rel="stylesheet" href="/style.css"></head>
<body><div id="__next"></div><script src="/{script}.js"></script></body></html>"""

LISTING_SCRIPT = """
const root = document.getElementById('__next');
const card = n => `<article><div class="post-thumb"><a class="img-link" href="/news/${n.id}/x"><img src="/img/${n.id}.jpg">
  </a></div><div class="post-card-content"><a href="/news/${n.id}/x">عنوان الخبر رقم ${n.id}</a>
  <time datetime="${n.date}">${n.date}</time></div></article>`;
let page = 0;
async function more() {
  const answer = await (await fetch('/api/list?page=' + page++ + '&token=s3cret')).json();
  document.getElementById('cards').insertAdjacentHTML('beforeend', answer.items.map(card).join(''));
  document.getElementById('more').hidden = answer.last;
}
root.innerHTML = '<div id="cards"></div><button id="more">عرض المزيد</button>';
document.getElementById('more').onclick = more;
more();
"""

ARTICLE_SCRIPT = """
fetch('/api/article').then(a => a.json()).then(a => {
  document.getElementById('__next').innerHTML = `<main><h1>${a.title}</h1><p>${a.body}</p></main>`;
});
"""

BODY = "أعلن المتحدث باسم الوزارة أن اللجنة المشتركة ستعقد اجتماعها المقبل في العاصمة خلال أيام قليلة."


class RoughSite:
    """An aiohttp server in a thread. `seen` has the path of each request; `pages` are a test's own handlers."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.seen: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.pages: dict[str, Handler] = {}
        self.list_pages = 3
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> RoughSite:
        self._thread.start()
        assert self._ready.wait(200)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def hits(self, path: str) -> int:
        """How often the path was requested."""
        return sum(seen == path for seen in self.seen)

    def html(self, path: str, text: str) -> None:
        """Serve this page."""

        async def page(_: web.Request) -> web.Response:
            return web.Response(text=text, content_type="text/html")

        self.pages[path] = page

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        server = web.TCPSite(self._runner, self.host, 0)
        await server.start()
        self.port = server._server.sockets[0].getsockname()[1]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request.path)
        self.headers.append({key.lower(): value for key, value in request.headers.items()})
        if request.path in self.pages:
            return await self.pages[request.path](request)
        if request.path.startswith("/category/"):
            return web.Response(text=SHELL.format(script="listing"), content_type="text/html")
        if request.path.startswith("/news/"):
            return web.Response(
                text=SHELL.format(script="article"), content_type="text/html", headers={"ETag": '"same-for-all"'}
            )
        scripts = {"/listing.js": LISTING_SCRIPT, "/article.js": ARTICLE_SCRIPT}
        if request.path in scripts:
            return web.Response(text=scripts[request.path], content_type="text/javascript")
        if request.path == "/api/list":
            return web.json_response(self._list_page(int(request.query["page"])))
        if request.path == "/api/article":
            return web.json_response({"title": "اجتماع مرتقب للجنة المشتركة", "body": BODY})
        if request.path == "/style.css":
            return web.Response(text="body { background: url(/img/back.png) }", content_type="text/css")
        raise web.HTTPNotFound

    def _list_page(self, page: int) -> dict[str, object]:
        """Four articles a page, one a day, newest first."""
        first = 1000 - page * 4
        items = [
            {
                "id": n,
                "title": f"خبر {n}",
                "slug": "x",
                "date": f"2026-{1 + (1000 - n) // 28:02}-{28 - (1000 - n) % 28:02}",
            }
            for n in range(first, first - 4, -1)
        ]
        return {"items": items, "last": page + 1 >= self.list_pages}
