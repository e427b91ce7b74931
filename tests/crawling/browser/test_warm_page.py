"""A page that is used again shows nothing of the visit before; one of which that is not certain is not used again."""

from __future__ import annotations

import asyncio
import html
import json
import re
from types import SimpleNamespace

import pytest
from aiohttp import web
from browser_pages import ARTICLE, assert_nothing_left, page
from conftest import MARK
from rough_site import BODY
from test_in_chromium import _killer, mark_of

from alqahira.crawling.browser import rendering
from alqahira.crawling.browser.warm_page import WarmPage

browser = [pytest.mark.browser, pytest.mark.timeout(600)]
ONE_PAGE = {"ALQAHIRA_BROWSER": "always", "ALQAHIRA_BROWSER_PAGES": 1}

# The network is busy until `work` is done, so the page is at rest only then.
BUSY = """<main><p>{body}</p></main><p id="seen"></p><script>
const opened = (name) => new Promise(done => {{
  const request = indexedDB.open(name);
  request.onsuccess = () => done(request.result);
}});
async function work() {{ {work} }}
fetch('/busy').then(answer => answer.text());
work().catch(error => String(error)).then(seen => {{
  document.getElementById('seen').textContent = JSON.stringify(seen) || '';
  fetch('/done');
}});
</script>"""

STORE = """
  document.cookie = 'name=value; max-age=1000000';
  for (const storage of [localStorage, sessionStorage]) storage.setItem('name', 'value');
  window.name = 'kept';
  window.kept = Object.prototype.kept = true;
  history.pushState({kept: true}, '', '?kept');
  await opened('database');
  (await caches.open('cache')).put('/x', new Response('x'));
  await (await navigator.storage.getDirectory()).getFileHandle('file', {create: true});
  await navigator.serviceWorker.register('/worker.js').catch(() => null);
  const writes = "let n = 0; setInterval(() => indexedDB.open('of a worker ' + n++ % 9), 1)";
  const url = URL.createObjectURL(new Blob([writes], {type: 'text/javascript'}));
  new Worker(url);
  if (window.SharedWorker) new SharedWorker(url, {extendedLifetime: true});
  const late = () => { localStorage.late = sessionStorage.late = 1; document.cookie = 'late=1'; };
  for (const name of ['unload', 'pagehide', 'beforeunload', 'visibilitychange']) addEventListener(name, late);
  setInterval(late, 1);
  new MutationObserver(late).observe(document, {childList: true, subtree: true, characterData: true});
"""

REPORT = """
  const names = [];
  for await (const name of (await navigator.storage.getDirectory()).keys()) names.push(name);
  return {
    cookie: document.cookie,
    storage: [{...localStorage}, {...sessionStorage}],
    name: window.name,
    globals: [window.kept, {}.kept].map(String),
    history: [history.state, history.length, navigation.entries().length, document.referrer, String(window.opener)],
    databases: (await indexedDB.databases()).map(each => each.name),
    caches: await caches.keys(),
    files: names,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
  };
"""


@pytest.fixture
def busy(site):
    """busy(path, work) serves a page that is at rest when its script is done."""
    done = asyncio.Queue()

    async def hold(_: web.Request) -> web.Response:
        await done.get()
        return web.Response()

    async def release(_: web.Request) -> web.Response:
        done.put_nowait(None)
        return web.Response()

    site.pages |= {"/busy": hold, "/done": release}
    return lambda path, work: site.html(path, BUSY.format(body=BODY, work=work))


def seen(result):
    return json.loads(html.unescape(re.search(r'<p id="seen">(.*?)</p>', result["html"])[1]))


class TestNextVisit:
    pytestmark = browser

    def test_nothing_of_the_visit_before_is_there(self, site, crawl, busy):
        busy("/news/1/x", REPORT)
        busy("/news/2/x", STORE)
        visits = page("/news/1/x", then=[page("/news/2/x", then=[page("/news/1/x")])])
        done = crawl(visits, **ONE_PAGE)
        assert done.stats["playwright/page_count"] == 1
        first, _, last = done.results
        assert seen(last) == seen(first)
        assert seen(first)["databases"] == []
        assert_nothing_left(done)

    def test_requests_and_cookies_are_those_of_a_first_visit(self, site, crawl):
        async def script(_: web.Request) -> web.Response:
            headers = {"Cache-Control": "max-age=1000000", "ETag": '"1"', "Set-Cookie": "a=b; Max-Age=10000; HttpOnly"}
            return web.Response(text="1", content_type="text/javascript", headers=headers)

        site.pages["/a.js"] = script
        for n in (1, 2):
            site.html(f"/news/{n}/x", f"<script src=/a.js></script><main><p>{BODY}</p></main>")
        done = crawl(page("/news/1/x", then=[page("/news/2/x")]), **ONE_PAGE)
        assert done.stats["playwright/page_count"] == 1
        assert site.seen == ["/news/1/x", "/a.js", "/news/2/x", "/a.js"]
        first, second = (dict(headers, referer="") for headers in (site.headers[1], site.headers[3]))
        assert first == second


class TestWhichPagesAreUsedAgain:
    pytestmark = browser

    def test_visits_open_one_page_for_each_that_is_allowed_at_once(self, site, crawl):
        for allowed in (1, 2):
            pages = [page(f"/news/{n}/x") for n in range(6)]
            done = crawl(*pages, **ONE_PAGE | {"ALQAHIRA_BROWSER_PAGES": allowed})
            assert [BODY in result["html"] for result in done.results] == [True] * 6
            assert done.stats["playwright/page_count"] == done.stats["playwright/context_count"] == allowed
            assert done.stats["playwright/request_count/navigation"] == 6

    @pytest.mark.parametrize(
        "work",
        [
            "window.open('about:blank')",
            "window.open('/popup', '_blank', 'noopener')",
            "if (!location.search) location.search = '?again'",
            "setInterval(() => fetch('/api/article'), 50)",
        ],
        ids=["pop-up", "pop-up without opener", "second document", "never idle"],
    )
    def test_page_that_may_leave_something_is_not(self, site, crawl, work):
        site.html("/news/1/x", f"<main><p>{BODY}</p></main><script>{work}</script>")
        done = crawl(page("/news/1/x", then=[ARTICLE]), **ONE_PAGE, ALQAHIRA_BROWSER_DEADLINE=20)
        assert [BODY in result["html"] for result in done.results] == [True] * 2
        assert done.stats["playwright/page_count"] == 2
        assert_nothing_left(done)

    def test_page_that_failed_is_not(self, site, crawl):
        site.html("/news/1/x", "<main></main><script>document.body.innerText = 'x'.repeat(20000)</script>")
        done = crawl(page("/news/1/x", then=[ARTICLE]), **ONE_PAGE, DOWNLOAD_MAXSIZE=10_000)
        assert BODY in done.page(ARTICLE["path"])["html"]
        assert done.stats["playwright/page_count"] == 2

    def test_page_that_crashed_between_two_visits_is_replaced(self, site, crawl):
        site.pages["/plain"] = _killer(site, times=1, mark=mark_of("between"), named="--type=renderer")
        visits = {**ARTICLE, "then": [page("/plain", None, then=[page("/news/2/x")])]}
        done = crawl(visits, **ONE_PAGE, environment={MARK: mark_of("between")})
        assert BODY in done.page("/news/2/x")["html"]
        assert_nothing_left(done)


class HangingPage(WarmPage):
    async def clear(self) -> None:
        await asyncio.Event().wait()


class Context:
    is_closed = False

    async def close(self) -> None:
        self.is_closed = True


def test_page_that_hangs_when_it_is_left_is_closed(monkeypatch):
    monkeypatch.setattr(rendering, "_CLOSE_SECONDS", 0.01)
    context = Context()
    handler = SimpleNamespace(context_wrappers={"page-1": SimpleNamespace(context=context)})
    renderer = object.__new__(rendering.Renderer)
    renderer._handler, renderer._warm_pages = handler, []
    asyncio.run(renderer._leave(handler, HangingPage("page-1", "http://localhost")))
    assert (context.is_closed, renderer._warm_pages) == (True, [])
