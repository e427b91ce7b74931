"""Whole crawls in real Chromium, judged by what the site saw and by what is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal

import pytest
from aiohttp import web
from conftest import MARK, Crawl, processes
from rough_site import BODY, RoughSite

from alqahira.crawling.middlewares.user_agent import user_agent
from alqahira.extraction.load_more import LearnedRequest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

LISTING = {"path": "/category/news", "kind": "listing"}
ARTICLE = {"path": "/news/1000/x", "kind": "article"}


def page(path: str, kind: str = "article", **more: object) -> dict[str, object]:
    return {"path": path, "kind": kind, **more}


def pressed(path: str = "/category/news") -> dict[str, object]:
    """A listing whose load-more control is to be pressed."""
    return page(path, "listing", meta={"learn_load_more": True})


def assert_nothing_left(crawl: Crawl) -> None:
    assert processes(crawl.mark) == []
    assert "Traceback" not in crawl.log


class TestWhichPagesComeHere:
    def test_a_page_that_plain_http_gives_starts_no_browser(self, site, crawl):
        site.html("/news/1/x", f"<html><body><main><h1>خبر</h1><p>{BODY}</p></main><script src=/a.js></script>")
        done = crawl(page("/news/1/x"))
        assert BODY in done.page("/news/1/x")["html"]
        assert done.imported == []
        assert site.seen == ["/news/1/x"]

    def test_an_empty_shell_is_fetched_again_and_its_kind_remembered(self, site, crawl):
        done = crawl(page("/news/1/x", then=[page("/news/2/x", then=[page("/news/3/x")])]))
        assert [BODY in result["html"] for result in done.results] == [True] * 3
        # Once plainly and once in the browser; then in the browser only.
        assert [site.hits(f"/news/{n}/x") for n in (1, 2, 3)] == [2, 1, 1]
        assert done.stats["playwright/page_count"] == 3
        assert_nothing_left(done)

    def test_the_kinds_are_remembered_apart(self, site, crawl):
        crawl({**ARTICLE, "then": [LISTING]})
        assert site.hits(LISTING["path"]) == 2

    def test_always_asks_nothing_plainly(self, site, crawl):
        site.html("/news/1/x", f"<html><body><main><p>{BODY}</p>")
        done = crawl(page("/news/1/x"), page("/robots-like.txt", None), ALQAHIRA_BROWSER="always")
        assert site.hits("/news/1/x") == 1
        assert done.page("/news/1/x")["in_browser"]
        assert not done.page("/robots-like.txt")["in_browser"]

    def test_never_fails_the_shell_and_imports_nothing(self, site, crawl):
        done = crawl(ARTICLE, pressed(), ALQAHIRA_BROWSER="never")
        assert {result["cause"] for result in done.results} == {"needs_browser"}
        assert done.imported == []

    def test_validators_stay_out_of_the_browser(self, site, crawl):
        done = crawl({**ARTICLE, "headers": {"If-None-Match": '"same-for-all"'}}, ALQAHIRA_BROWSER="always")
        assert "if-none-match" not in site.headers[0]
        # The shell's ETag says nothing of the article: it must not be stored.
        assert "ETag" not in done.results[0]["headers"]


class TestWithoutChromium:
    def test_one_warning_and_all_that_needs_none_works(self, site, crawl):
        site.html("/news/1/x", f"<html><body><main><p>{BODY}</p>")
        done = crawl(
            page("/news/1/x"), page("/news/2/x"), page("/news/3/x"), environment={"PATH": "/nonexistent", "HOME": "/"}
        )
        assert BODY in done.page("/news/1/x")["html"]
        assert [done.page(f"/news/{n}/x")["cause"] for n in (2, 3)] == ["needs_browser"] * 2
        assert done.log.count("No browser: no Chromium was found") == 1

    def test_a_chromium_that_does_not_start_is_warned_of_once(self, site, crawl):
        site.html("/news/1/x", f"<html><body><main><p>{BODY}</p>")
        done = crawl(
            page("/news/1/x", then=[page("/news/2/x", then=[page("/news/3/x")])]),
            ALQAHIRA_BROWSER="always",
            PLAYWRIGHT_LAUNCH_OPTIONS={"executable_path": "/bin/false"},
        )
        assert BODY in done.page("/news/1/x")["html"]
        assert [done.page(f"/news/{n}/x")["cause"] for n in (2, 3)] == ["needs_browser"] * 2
        assert done.log.count("No browser: ") == 1


class TestWhatThePageLoads:
    def test_no_images_and_no_other_host(self, site, other_site, crawl):
        site.html(
            "/news/1/x",
            f"<main><p>{BODY}</p></main><img src=/img/a.png><img src={other_site.url}/b.png><video src=/c.mp4></video>"
            f"<script src={other_site.url}/d.js></script><iframe src=/frame></iframe><iframe src={other_site.url}/f>"
            f"</iframe><link rel=icon href=/icon.png><script>fetch('{other_site.url}/e', {{mode: 'no-cors'}});"
            f"fetch('/api/article'); fetch('/prefetched', {{headers: {{purpose: 'prefetch'}}}});"
            f"new WebSocket('{other_site.url}/ws'.replace('http', 'ws')); navigator.sendBeacon('/beacon', 'x')</script>",
        )
        done = crawl(page("/news/1/x"), ALQAHIRA_BROWSER="always")
        assert BODY in done.results[0]["html"]
        assert sorted(site.seen) == ["/api/article", "/news/1/x"]
        assert other_site.seen == []
        assert_nothing_left(done)

    def test_pop_ups_and_dialogs_do_not_stop_it(self, site, other_site, crawl):
        site.html(
            "/news/1/x",
            f"<main><p>{BODY}</p></main><script>onbeforeunload = e => e.preventDefault();"
            f"for (let i = 0; i < 5; i++) {{ window.open('/popup'); window.open('{other_site.url}/popup'); }}"
            f"alert('1'); confirm('2'); prompt('3')</script>",
        )
        done = crawl(page("/news/1/x"), ALQAHIRA_BROWSER="always")
        assert BODY in done.results[0]["html"]
        assert (site.seen, other_site.seen) == (["/news/1/x"], [])
        assert_nothing_left(done)

    @pytest.mark.parametrize(
        "html",
        [
            "<script>location.href = '{other}/away'</script>",
            "<meta http-equiv=refresh content='0;url={other}/away'>",
            "<body onload=\"document.forms[0].submit()\"><form method=post action='{other}/away'></form>",
        ],
    )
    def test_a_page_that_leads_off_the_site_is_not_followed(self, site, other_site, crawl, html):
        site.html("/news/1/x", html.format(other=other_site.url))
        done = crawl(page("/news/1/x"), ALQAHIRA_BROWSER="always")
        assert other_site.seen == []
        assert done.results[0]["cause"] == "offsite_redirect"

    def test_nor_is_a_redirect_whatever_asked_for_it(self, site, other_site, crawl):
        async def away(request: web.Request) -> web.Response:
            raise web.HTTPFound(f"{other_site.url}/away")

        site.pages["/news/1/x"] = site.pages["/data"] = site.pages["/style.css"] = away
        site.html(
            "/news/2/x",
            f"<link rel=stylesheet href=/style.css><main><p>{BODY}</p></main><script>fetch('/data')</script>",
        )
        done = crawl(page("/news/1/x"), page("/news/2/x"), ALQAHIRA_BROWSER="always")
        assert other_site.seen == []
        assert done.page("/news/1/x")["cause"] == "offsite_redirect"
        assert BODY in done.page("/news/2/x")["html"]

    def test_a_redirect_on_the_site_is_followed(self, site, crawl):
        async def moved(request: web.Request) -> web.Response:
            raise web.HTTPFound("/news/1000/x")

        site.pages["/news/1/x"] = moved
        done = crawl(page("/news/1/x"), ALQAHIRA_BROWSER="always")
        assert done.results[0]["url"] == f"{site.url}/news/1000/x"
        assert BODY in done.results[0]["html"]

    def test_a_page_that_reloads_itself_for_ever_is_left(self, site, crawl):
        site.html("/news/1/x", "<script>location.reload()</script>")
        crawl(page("/news/1/x"), ALQAHIRA_BROWSER="always", ALQAHIRA_BROWSER_DEADLINE=8)
        assert site.hits("/news/1/x") <= 6

    def test_an_error_page_keeps_its_status(self, site, crawl):

        async def broken(request: web.Request) -> web.Response:
            return web.Response(status=503, text="<html>" + SPINNER)

        site.pages["/news/1/x"] = broken
        done = crawl(page("/news/1/x"), page("/missing"), ALQAHIRA_BROWSER="always")
        assert (done.page("/news/1/x")["status"], done.page("/missing")["status"]) == (503, 404)

    def test_robots_txt_and_the_projects_user_agent_hold_here_too(self, site, crawl):
        async def rules(request: web.Request) -> web.Response:
            return web.Response(text="User-agent: *\nDisallow: /news/1/")

        site.pages["/robots.txt"] = rules
        middlewares = {
            "scrapy.downloadermiddlewares.useragent.UserAgentMiddleware": None,
            "alqahira.crawling.middlewares.robots.RobotsMiddleware": 100,
            "alqahira.crawling.middlewares.user_agent.ProjectUserAgentMiddleware": 500,
            "alqahira.crawling.middlewares.browser.BrowserMiddleware": 540,
        }
        done = crawl(
            page("/news/1/x"), page("/news/2/x"), ALQAHIRA_BROWSER="always", DOWNLOADER_MIDDLEWARES=middlewares
        )
        assert done.page("/news/1/x")["cause"] == "robots"
        assert site.hits("/news/1/x") == 0
        assert BODY in done.page("/news/2/x")["html"]
        assert {headers["user-agent"] for headers in site.headers} == {user_agent()}

    def test_a_page_larger_than_allowed_and_a_download_are_refused(self, site, crawl):
        async def attached(request: web.Request) -> web.Response:
            return web.Response(body=b"x" * 1000, headers={"Content-Disposition": "attachment; filename=x.bin"})

        site.html("/news/1/x", "<main></main><script>document.body.innerText = 'x'.repeat(20000)</script>")
        site.pages["/news/2/x"] = attached
        done = crawl(page("/news/1/x"), page("/news/2/x"), ALQAHIRA_BROWSER="always", DOWNLOAD_MAXSIZE=10_000)
        assert done.page("/news/1/x")["cause"] == "too_large"
        assert done.page("/news/2/x")["cause"] == "browser_error"
        assert_nothing_left(done)

    def test_a_page_in_another_encoding_comes_as_utf_8(self, site, crawl):
        async def windows(request: web.Request) -> web.Response:
            html = f"<html><head><meta charset=windows-1256></head><body><main><p>{BODY} «د»</p></main>"
            return web.Response(body=html.encode("cp1256"), headers={"Content-Type": "text/html; charset=windows-1256"})

        site.pages["/news/1/x"] = windows
        done = crawl(page("/news/1/x"), ALQAHIRA_BROWSER="always")
        assert f"{BODY} «د»" in done.results[0]["html"]


SPINNER = "<script>setInterval(() => {}, 10)</script>"


class TestLoadMore:
    def test_the_request_of_one_press_is_learned_and_the_page_is_as_before(self, site, crawl):
        done = crawl(pressed())
        assert site.hits("/api/list") == 2  # the page's own, and one press
        learned = learned_by(done)
        assert learned.for_page(7)[:2] == ("GET", f"{site.url}/api/list?page=6&token=s3cret")
        assert not learned.serves("other")
        assert [f"/news/{n}/x" in done.results[0]["html"] for n in (997, 996)] == [True, False]
        assert_nothing_left(done)

    def test_a_post_with_the_headers_that_the_script_set(self, site, crawl):
        site.pages["/api/search"] = site.pages["/api/menu"] = posts
        site.html(
            "/category/أخبار",
            CARDS + MENU + control(
                "fetch('/api/menu'); fetch('/api/search', {method: 'POST', headers: {'Content-Type': "
                "'application/json', 'X-Client': 'web'}, body: JSON.stringify({slug: 'أخبار', page: 2})})"
            ),
        )  # fmt: skip
        done = crawl(pressed("/category/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1"))
        method, url, headers, body = learned_by(done).for_page(3, listing_slug="رياضة")
        assert (method, url) == ("POST", f"{site.url}/api/search")
        assert headers == {"content-type": "application/json", "x-client": "web", "accept": "*/*"}
        assert json.loads(body) == {"slug": "رياضة", "page": 3}
        assert "/menu" not in site.seen  # the menu's «المزيد» leads to nothing

    def test_an_offset_and_the_listings_number_in_page_data(self, site, crawl):
        site.pages["/api/posts"] = posts
        shown = [{"id": n, "slug": f"x-{n}", "title": f"خبر {n}"} for n in range(12)]
        listing = {"category": {"id": 34}, "posts": shown}
        data = json.dumps({"props": {"pageProps": {"category": listing}}})
        site.html(
            "/category/news",
            CARDS + f"<script id=__NEXT_DATA__ type=application/json>{data}</script>"
            + control("fetch('/api/posts?category=34&offset=12')"),
        )  # fmt: skip
        learned = learned_by(crawl(pressed()))
        assert learned.for_page(4, listing_id=15)[1] == f"{site.url}/api/posts?category=15&offset=36"

    @pytest.mark.parametrize(
        ("script", "note"),
        [
            ("", "the press asked for nothing"),
            ("fetch('/api/article?page=2&key=s3cret')",
             "the press asked for GET /api/article?key=…&page=…, which lists no articles as JSON"),
            ("fetch('/api/posts?cursor=s3cret')", "no page number in GET /api/posts?cursor=…"),
            ("fetch('{other}/api/posts?page=2', {{headers: {{'x-key': 'k'}}}})", "the press asked another host: {host}"),
            ("location.href = '{other}/all'", "the press asked another host: {host}"),
            ("location.href = '/category/all?page=2'",
             "the press asked for GET /category/all?page=…, which lists no articles as JSON"),
        ],
    )  # fmt: skip
    def test_why_nothing_was_learned(self, site, other_site, crawl, script, note):
        site.pages["/api/posts"] = posts
        site.html("/category/news", CARDS + control(script.format(other=other_site.url)))
        done = crawl(pressed(), ALQAHIRA_BROWSER_DEADLINE=12)
        result = done.results[0]
        assert result["learned"] is None
        assert result["note"] == note.format(host=other_site.url.removeprefix("http://"))
        assert (result["url"], "/news/1/x" in result["html"]) == (f"{site.url}/category/news", True)
        assert other_site.seen == []
        assert processes(done.mark) == []

    @pytest.mark.parametrize(
        "control",
        [
            "<a href=/category/all>المزيد</a><a href=/menu class=load-more>المزيد</a>",
            "<ul><li><a onclick=\"fetch('/menu')\">المزيد</a></ul>",
            "<button hidden onclick=\"fetch('/menu')\">المزيد</button><button disabled>المزيد</button>",
            "<button onclick=\"fetch('/menu')\">بحث</button>",
        ],
    )
    def test_what_is_no_control_is_not_pressed(self, site, crawl, control):
        site.html("/category/news", CARDS + control)
        done = crawl(pressed())
        assert done.results[0]["note"] == "no load-more control"
        assert site.seen == ["/category/news"]

    def test_without_a_browser_the_listing_is_asked_plainly_and_the_note_says_so(self, site, crawl):
        site.html("/category/news", CARDS)
        done = crawl(pressed(), ALQAHIRA_BROWSER="never")
        assert done.results[0]["note"] == "no browser: ALQAHIRA_BROWSER=never"
        assert done.results[0]["status"] == 200
        assert done.imported == []

    def test_a_press_that_never_ends_costs_its_page(self, site, crawl):
        site.html("/category/news", CARDS + control("while (true);"))
        done = crawl(pressed(), ALQAHIRA_BROWSER_DEADLINE=6)
        assert done.results[0]["cause"] == "browser_timeout"
        assert_nothing_left(done)

    def test_an_error_page_has_no_control(self, site, crawl):
        done = crawl(pressed("/missing"))
        assert (done.results[0]["status"], done.results[0]["note"]) == (404, "no load-more control")


CARDS = "<main><a href=/news/1/x>خبر</a> <a href=/news/2/x>خبر</a></main>"
# As on the site: before the control, without an address.
MENU = "<ul><li class=menu-item-has-children><a onclick=\"fetch('/menu')\">المزيد</a></ul>"


def control(script: str) -> str:
    return f'<button class="loadMoreButton" onclick="{script}">المزيد</button>'


async def posts(_: web.Request) -> web.Response:
    return web.json_response({"posts": [{"id": n, "slug": f"x-{n}", "title": f"خبر {n}"} for n in range(3, 6)]})


def learned_by(crawl: Crawl) -> LearnedRequest:
    result = crawl.results[0]
    assert result["note"] is None
    return LearnedRequest.from_json(result["learned"])


class TestTrouble:
    def test_a_page_that_never_answers_ends_at_the_deadline(self, site, crawl):
        async def hang(request: web.Request) -> web.Response:
            await asyncio.sleep(120)
            return web.Response()

        site.pages["/news/1/x"] = site.pages["/hang.js"] = hang
        site.html("/news/2/x", "<main></main><script src=/hang.js></script>")  # never parsed to its end
        site.html("/news/3/x", f"<main><p>{BODY}</p></main><script src=/hang.js async></script>")
        done = crawl(
            page("/news/1/x"), page("/news/2/x"), page("/news/3/x"),
            ALQAHIRA_BROWSER="always", ALQAHIRA_BROWSER_DEADLINE=3,
        )  # fmt: skip
        assert [done.page(f"/news/{n}/x").get("cause") for n in (1, 2)] == ["browser_timeout"] * 2
        assert BODY in done.page("/news/3/x")["html"]  # its text was there
        assert_nothing_left(done)

    def test_a_page_in_an_endless_loop_ends_at_the_deadline_and_the_next_one_works(self, site, crawl):
        site.html("/news/1/x", f"<main><p>{BODY}</p></main><script>onload = () => {{ while (true); }}</script>")
        done = crawl(page("/news/1/x", then=[ARTICLE]), ALQAHIRA_BROWSER="always", ALQAHIRA_BROWSER_DEADLINE=4)
        assert done.page("/news/1/x")["cause"] == "browser_timeout"
        assert BODY in done.page("/news/1000/x")["html"]
        assert_nothing_left(done)

    def test_a_browser_that_is_killed_is_started_again_and_costs_at_most_the_open_pages(self, site, crawl):
        kill_once = _killer(site, times=1, mark=mark_of("killed-once"))
        site.pages["/api/article"] = kill_once
        pages = [page(f"/news/{n}/x") for n in (1, 2, 3)]
        done = crawl(*pages, ALQAHIRA_BROWSER="always", environment={MARK: mark_of("killed-once")})
        lost = [result.get("cause") for result in done.results if BODY not in result.get("html", "")]
        assert lost in ([], ["browser_crashed"], ["browser_crashed"] * 2)
        assert done.stats["playwright/browser_count"] == 2
        assert_nothing_left(done)

    def test_a_page_that_kills_each_browser_is_given_up_and_the_others_are_not(self, site, crawl):
        site.pages["/deadly"] = _killer(site, times=99, mark=mark_of("killer"))
        site.html("/news/1/x", "<main></main><script>fetch('/deadly')</script>")
        done = crawl(
            page("/news/1/x", then=[ARTICLE]), ALQAHIRA_BROWSER="always", environment={MARK: mark_of("killer")}
        )
        assert done.page("/news/1/x")["cause"] == "browser_crashed"
        assert 1 <= site.hits("/deadly") <= 4  # a browser that is slow to start may die before it asks
        assert BODY in done.page("/news/1000/x")["html"]
        assert_nothing_left(done)

    def test_a_driver_that_is_killed_is_started_again(self, site, crawl):
        site.pages["/api/article"] = _killer(site, times=1, mark=mark_of("driver"), named="run-driver")
        done = crawl(
            page("/news/1/x", then=[ARTICLE]), ALQAHIRA_BROWSER="always", environment={MARK: mark_of("driver")}
        )
        assert done.page("/news/1/x")["cause"] == "browser_crashed"
        assert BODY in done.page("/news/1000/x")["html"]
        assert_nothing_left(done)

    def test_a_renderer_that_crashes_costs_its_page_alone(self, site, crawl):
        site.pages["/api/article"] = _killer(site, times=1, mark=mark_of("renderer"), named="--type=renderer")
        done = crawl(
            page("/news/1/x", then=[ARTICLE]), ALQAHIRA_BROWSER="always", environment={MARK: mark_of("renderer")}
        )
        assert done.page("/news/1/x")["cause"] == "browser_crashed"
        assert BODY in done.page("/news/1000/x")["html"]
        assert_nothing_left(done)

    def test_no_more_pages_at_once_than_set(self, site, crawl):
        done = crawl(*(page(f"/news/{n}/x") for n in range(6)), ALQAHIRA_BROWSER="always", ALQAHIRA_BROWSER_PAGES=1)
        assert len(done.results) == 6
        assert done.stats["playwright/page_count/max_concurrent"] == 1
        assert_nothing_left(done)

    def test_a_site_that_is_down_fails_as_it_does_without_a_browser(self, site, crawl):
        async def reset(request: web.Request) -> web.Response:
            request.transport.abort()
            return web.Response()

        site.pages["/news/1/x"] = reset
        done = crawl(page("/news/1/x"), ALQAHIRA_BROWSER="always")
        assert done.results[0]["error"] == "DownloadFailedError"


def mark_of(name: str) -> str:
    """A mark that the tests beside this process, which see the same processes of the machine, do not have."""
    return f"{name}-{os.getpid()}"


def _killer(site: RoughSite, *, times: int, mark: str, named: str = "--remote-debugging-pipe"):
    """A handler that kills the browser that asks, the first few times; then it is /api/article."""
    left = times

    async def kill(request: web.Request) -> web.StreamResponse:
        nonlocal left
        if left:
            left -= 1
            for pid in processes(mark, named=named):
                os.kill(pid, signal.SIGKILL)
        return web.json_response({"title": "خبر", "body": BODY})

    return kill
