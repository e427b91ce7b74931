"""Whole crawls in real Chromium: their results, the requests that the site saw, and the processes left behind."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from aiohttp import web
from browser_pages import ARTICLE, LISTING, assert_nothing_left, page, pressed
from conftest import MARK, processes
from rough_site import BODY, RoughSite

from alqahira.crawling.middlewares.user_agent import user_agent

OWN_NAME = "document.getElementById('name').textContent = navigator.userAgent"

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


class TestWhichPagesAreRendered:
    def test_page_complete_over_plain_http_starts_no_browser(self, site, crawl):
        site.html("/news/1/x", f"<html><body><main><h1>خبر</h1><p>{BODY}</p></main><script src=/a.js></script>")
        done = crawl(page("/news/1/x"))
        assert BODY in done.page("/news/1/x")["html"]
        assert done.imported == []
        assert site.seen == ["/news/1/x"]

    def test_empty_shell_is_fetched_again_and_its_kind_remembered(self, site, crawl):
        done = crawl(page("/news/1/x", then=[page("/news/2/x", then=[page("/news/3/x")])]))
        assert [BODY in result["html"] for result in done.results] == [True] * 3
        # Once plainly and once in the browser; then in the browser only.
        assert [site.hits(f"/news/{n}/x") for n in (1, 2, 3)] == [2, 1, 1]
        assert done.stats["playwright/request_count/navigation"] == 3
        assert_nothing_left(done)

    def test_kinds_are_remembered_separately(self, site, crawl):
        crawl({**ARTICLE, "then": [LISTING]})
        assert site.hits(LISTING["path"]) == 2

    def test_always_makes_no_plain_request(self, site, crawl):
        site.html("/news/1/x", f"<html><body><main><p>{BODY}</p>")
        done = crawl(page("/news/1/x"), page("/robots-like.txt", None), ALQAHIRA_BROWSER="always")
        assert site.hits("/news/1/x") == 1
        assert done.page("/news/1/x")["in_browser"]
        assert not done.page("/robots-like.txt")["in_browser"]

    def test_never_fails_empty_shells_and_imports_nothing(self, site, crawl):
        done = crawl(ARTICLE, pressed(), ALQAHIRA_BROWSER="never")
        assert {result["cause"] for result in done.results} == {"needs_browser"}
        assert done.imported == []

    def test_validators_stay_out_of_the_browser(self, site, crawl):
        done = crawl({**ARTICLE, "headers": {"If-None-Match": '"same-for-all"'}}, ALQAHIRA_BROWSER="always")
        assert "if-none-match" not in site.headers[0]
        # The shell's ETag is not the article's: it must not be stored.
        assert "ETag" not in done.results[0]["headers"]


class TestWithoutChromium:
    def test_missing_chromium_is_one_warning_and_other_pages_work(self, site, crawl):
        site.html("/news/1/x", f"<html><body><main><p>{BODY}</p>")
        done = crawl(
            page("/news/1/x"), page("/news/2/x"), page("/news/3/x"), environment={"PATH": "/nonexistent", "HOME": "/"}
        )
        assert BODY in done.page("/news/1/x")["html"]
        assert [done.page(f"/news/{n}/x")["cause"] for n in (2, 3)] == ["needs_browser"] * 2
        assert done.log.count("No browser: no Chromium was found") == 1

    def test_chromium_that_does_not_start_is_one_warning(self, site, crawl):
        site.html("/news/1/x", f"<html><body><main><p>{BODY}</p>")
        done = crawl(
            page("/news/1/x", then=[page("/news/2/x", then=[page("/news/3/x")])]),
            ALQAHIRA_BROWSER="always",
            PLAYWRIGHT_LAUNCH_OPTIONS={"executable_path": "/bin/false"},
        )
        assert BODY in done.page("/news/1/x")["html"]
        assert [done.page(f"/news/{n}/x")["cause"] for n in (2, 3)] == ["needs_browser"] * 2
        assert done.log.count("No browser: ") == 1


SPINNER = "<script>setInterval(() => {}, 10)</script>"


class TestWhatThePageLoads:
    def test_no_images_or_other_hosts_are_loaded(self, site, other_site, crawl):
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

    def test_pop_ups_and_dialogs_do_not_stop_a_page(self, site, other_site, crawl):
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
    def test_navigation_off_the_site_is_refused(self, site, other_site, crawl, html):
        site.html("/news/1/x", html.format(other=other_site.url))
        done = crawl(page("/news/1/x"), ALQAHIRA_BROWSER="always")
        assert other_site.seen == []
        assert done.results[0]["cause"] == "offsite_redirect"

    def test_redirect_off_the_site_is_refused_for_every_resource(self, site, other_site, crawl):
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

    def test_redirect_on_the_site_is_followed(self, site, crawl):
        async def moved(request: web.Request) -> web.Response:
            raise web.HTTPFound("/news/1000/x")

        site.pages["/news/1/x"] = moved
        done = crawl(page("/news/1/x"), ALQAHIRA_BROWSER="always")
        assert done.results[0]["url"] == f"{site.url}/news/1000/x"
        assert BODY in done.results[0]["html"]

    def test_page_that_reloads_itself_endlessly_is_stopped(self, site, crawl):
        site.html("/news/1/x", "<script>location.reload()</script>")
        crawl(page("/news/1/x"), ALQAHIRA_BROWSER="always", ALQAHIRA_BROWSER_DEADLINE=8)
        assert site.hits("/news/1/x") <= 6

    def test_error_page_keeps_its_status(self, site, crawl):

        async def broken(request: web.Request) -> web.Response:
            return web.Response(status=503, text="<html>" + SPINNER)

        site.pages["/news/1/x"] = broken
        done = crawl(page("/news/1/x"), page("/missing"), ALQAHIRA_BROWSER="always")
        assert (done.page("/news/1/x")["status"], done.page("/missing")["status"]) == (503, 404)

    def test_robots_txt_and_user_agent_apply_in_the_browser(self, site, crawl):
        async def rules(request: web.Request) -> web.Response:
            return web.Response(text="User-agent: *\nDisallow: /news/1/")

        site.pages["/robots.txt"] = rules
        site.html("/news/2/x", f"<main><p>{BODY}</p><p id=name></p></main><script>{OWN_NAME}</script>")
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
        assert f'<p id="name">{user_agent()}</p>' in done.page("/news/2/x")["html"]
        assert {headers["user-agent"] for headers in site.headers} == {user_agent()}

    def test_too_large_page_and_download_are_refused(self, site, crawl):
        async def attached(request: web.Request) -> web.Response:
            return web.Response(body=b"x" * 1000, headers={"Content-Disposition": "attachment; filename=x.bin"})

        site.html("/news/1/x", "<main></main><script>document.body.innerText = 'x'.repeat(20000)</script>")
        site.pages["/news/2/x"] = attached
        done = crawl(page("/news/1/x"), page("/news/2/x"), ALQAHIRA_BROWSER="always", DOWNLOAD_MAXSIZE=10_000)
        assert done.page("/news/1/x")["cause"] == "too_large"
        assert done.page("/news/2/x")["cause"] == "browser_error"
        assert_nothing_left(done)

    def test_page_in_another_encoding_becomes_utf_8(self, site, crawl):
        async def windows(request: web.Request) -> web.Response:
            html = f"<html><head><meta charset=windows-1256></head><body><main><p>{BODY} «د»</p></main>"
            return web.Response(body=html.encode("cp1256"), headers={"Content-Type": "text/html; charset=windows-1256"})

        site.pages["/news/1/x"] = windows
        done = crawl(page("/news/1/x"), ALQAHIRA_BROWSER="always")
        assert f"{BODY} «د»" in done.results[0]["html"]


class TestTrouble:
    def test_page_that_never_answers_ends_at_the_deadline(self, site, crawl):
        async def hang(request: web.Request) -> web.Response:
            await asyncio.sleep(120)
            return web.Response()

        site.pages["/news/1/x"] = site.pages["/hang.js"] = hang
        site.html("/news/2/x", "<main></main><script src=/hang.js></script>")  # never parsed to its end
        done = crawl(page("/news/1/x"), page("/news/2/x"), ALQAHIRA_BROWSER="always", ALQAHIRA_BROWSER_DEADLINE=3)
        assert [result["cause"] for result in done.results] == ["browser_timeout"] * 2
        assert_nothing_left(done)

    def test_text_is_read_while_a_script_hangs(self, site, crawl):
        async def hang(request: web.Request) -> web.Response:
            await asyncio.sleep(120)
            return web.Response()

        site.pages["/hang.js"] = hang
        site.html("/news/1/x", f"<main><p>{BODY}</p></main><script src=/hang.js async></script>")
        # Half of the deadline is the wait for the network.
        done = crawl(page("/news/1/x"), ALQAHIRA_BROWSER="always", ALQAHIRA_BROWSER_DEADLINE=30)
        assert BODY in done.page("/news/1/x")["html"]
        assert_nothing_left(done)

    def test_endless_loop_ends_at_the_deadline_and_the_next_page_works(self, site, crawl):
        site.html("/news/1/x", f"<main><p>{BODY}</p></main><script>onload = () => {{ while (true); }}</script>")
        done = crawl(page("/news/1/x", then=[ARTICLE]), ALQAHIRA_BROWSER="always", ALQAHIRA_BROWSER_DEADLINE=20)
        assert done.page("/news/1/x")["cause"] == "browser_timeout"
        assert BODY in done.page("/news/1000/x")["html"]
        assert_nothing_left(done)

    def test_killed_browser_is_restarted_and_no_page_is_lost_without_any_retries(self, site, crawl):
        kill_once = _killer(site, times=1, mark=mark_of("killed-once"))
        site.pages["/api/article"] = kill_once
        pages = [page(f"/news/{n}/x") for n in (1, 2, 3)]
        done = crawl(*pages, ALQAHIRA_BROWSER="always", environment={MARK: mark_of("killed-once")})
        assert [BODY in result["html"] for result in done.results] == [True] * 3
        assert done.stats["playwright/browser_count"] == 2
        assert_nothing_left(done)

    def test_page_that_kills_every_browser_is_given_up_alone(self, site, crawl):
        site.pages["/deadly"] = _killer(site, times=99, mark=mark_of("killer"))
        site.html("/news/1/x", "<main></main><script>fetch('/deadly')</script>")
        done = crawl(
            page("/news/1/x", then=[ARTICLE]), ALQAHIRA_BROWSER="always", environment={MARK: mark_of("killer")}
        )
        assert done.page("/news/1/x")["cause"] == "browser_crashed"
        assert 1 <= site.hits("/deadly") <= 2  # a slow browser may die before its request
        assert BODY in done.page("/news/1000/x")["html"]
        assert_nothing_left(done)

    def test_killed_driver_is_restarted(self, site, crawl):
        site.pages["/api/article"] = _killer(site, times=1, mark=mark_of("driver"), named="run-driver")
        done = crawl(
            ARTICLE, ALQAHIRA_BROWSER="always", ALQAHIRA_BROWSER_DEADLINE=20, environment={MARK: mark_of("driver")}
        )
        assert BODY in done.results[0]["html"]
        assert_nothing_left(done)

    def test_crashed_renderer_is_retried(self, site, crawl):
        site.pages["/api/article"] = _killer(site, times=1, mark=mark_of("renderer"), named="--type=renderer")
        done = crawl(ARTICLE, ALQAHIRA_BROWSER="always", environment={MARK: mark_of("renderer")})
        assert BODY in done.results[0]["html"]
        assert_nothing_left(done)

    def test_no_more_pages_at_once_than_allowed(self, site, crawl):
        done = crawl(*(page(f"/news/{n}/x") for n in range(6)), ALQAHIRA_BROWSER="always", ALQAHIRA_BROWSER_PAGES=1)
        assert len(done.results) == 6
        assert done.stats["playwright/page_count/max_concurrent"] == 1
        assert_nothing_left(done)

    def test_site_that_is_down_fails_as_without_a_browser(self, site, crawl):
        async def reset(request: web.Request) -> web.Response:
            request.transport.abort()
            return web.Response()

        site.pages["/news/1/x"] = reset
        done = crawl(page("/news/1/x"), ALQAHIRA_BROWSER="always")
        assert done.results[0]["error"] == "DownloadFailedError"


def mark_of(name: str) -> str:
    """A mark that tests running in parallel do not have."""
    return f"{name}-{os.getpid()}"


def _killer(site: RoughSite, *, times: int, mark: str, named: str = "--remote-debugging-pipe"):
    """A handler like /api/article that kills the browser at the first few requests."""
    left = times

    async def kill(request: web.Request) -> web.StreamResponse:
        nonlocal left
        if left:
            left -= 1
            for pid in processes(mark, named=named):
                os.kill(pid, signal.SIGKILL)
        return web.json_response({"title": "خبر", "body": BODY})

    return kill
