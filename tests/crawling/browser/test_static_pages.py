"""The site of `scrapy report --site` in real Chromium, in a folder of a host of files: hostile text does nothing, and
the script finds what the served site finds."""

from __future__ import annotations

import asyncio
from functools import partial
from http.server import SimpleHTTPRequestHandler
from urllib.parse import quote, urlsplit

import pytest
from hostile_texts import HOSTILE, fill
from http_server import serving
from ledger_scenario import NOW, body, opened
from playwright.async_api import async_playwright
from served_site import DAY, add, as_json, pages_of, sample

from alqahira.crawling.browser.chromium import launch_options
from alqahira.monitoring.report.served.queries import PER_PAGE
from alqahira.monitoring.report.served.static import write_site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WIDTHS = {"desktop": 1200, "phone": 390}
MANY = " ".join([*dict.fromkeys(body(1).split())][:12])
# One query each; the first is the page as it is written.
QUERIES = (
    *("", f"q={quote('الأسطول')}", f"q={quote('وبالأسطول')}", f"q={quote('الشَمَالـيّ')}", f"q={quote('مسئول')}"),
    *(f"q={quote('يبحر الأسطول')}", f"q={quote('وانتهى')}", f"q={quote('غيرموجودة')}", f"q={quote('؟!')}"),
    *(f"q={quote('MENA')}", f"q={quote('٣')}", "topic=foreign_affairs", "topic=defense&topic=foreign_affairs"),
    *("agency=mena", "country=IQ", f"desk={quote('أخبار')}&agency=mena", "organization=nato", "topic=none"),
    *("since=2026-11-24", "until=2026-11-23", "since=2026-11-23&until=2026-11-23", "day=2026-11-23"),
    f"topic=defense&q={quote('قمة')}&until=2026-11-30",
    f"q={quote(MANY)}", f"q={quote(MANY + ' غيرموجودة')}",
)  # fmt: skip
WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', e => violations.push(e.effectiveDirective + ' ' + e.blockedURI));
"""
READY = "() => !document.querySelector('[aria-busy]')"
LOOK = """() => ({
    overflow: document.documentElement.scrollWidth - innerWidth,
    scripts: [...document.scripts].map(e => e.getAttribute('src')),
    background: getComputedStyle(document.querySelector('header')).backgroundColor,
    links: [...document.links].map(a => a.href),
    files: [...document.querySelectorAll('.stories h3 a')].map(a => a.getAttribute('href')),
    headlines: [...document.querySelectorAll('.stories h3')].map(e => e.textContent),
    total: parseInt(document.querySelector('#results-title')?.textContent),
    facets: Object.fromEntries([...document.querySelectorAll('#filters li')].map(
        e => [e.querySelector('bdi').textContent, parseInt(e.querySelector('b').textContent)])),
    notes: [...document.querySelectorAll('.note')].map(e => e.textContent),
    chosen: [...document.querySelectorAll('.chosen .label')].map(e => e.textContent),
    violations: window.violations,
})"""


class Files(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


async def look_at(addresses, width):
    """What Chromium shows at each address, and what it says and asks for."""
    seen = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch_options(addresses[0]), timeout=0)
        page = await browser.new_page(viewport={"width": width, "height": 800})
        page.set_default_timeout(0)
        messages, requests = [], []
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        await page.add_init_script(WATCH)
        for address in addresses:
            messages.clear()
            requests.clear()
            await page.goto(address)
            await page.wait_for_function(READY)
            await page.screenshot(full_page=True)  # paints all of it
            seen[address] = await page.evaluate(LOOK) | {"messages": [*messages], "requests": [*requests]}
        await browser.close()
    return seen


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The pages of hostile texts at both widths, and the address of their site."""
    place = tmp_path_factory.mktemp("hostile")
    fill(place)
    write_site(pages_of(place).copy, b"<p>", place / "host/news")
    paths = ["index.html", "index.html?topic=defense", "index.html?q=" + quote("الطويلَ نِهاية"), "runs.html"]
    paths += [f"index.html?agency={quote(HOSTILE[0])}", f"index.html?q={quote(HOSTILE[1])}&desk={quote(HOSTILE[3])}"]
    paths += [f"articles/{number}.html" for number in range(1, len(HOSTILE) + 1)]
    with serving(partial(Files, directory=place / "host")) as server:
        url = f"http://127.0.0.1:{server.server_port}/news/"
        views = [asyncio.run(look_at([url + path for path in paths], width)) for width in WIDTHS.values()]
    return url, [(address, view) for seen in views for address, view in seen.items()]


def test_pages_fit_break_no_policy_and_ask_no_other_host(hostile):
    url, views = hostile
    for address, view in views:
        state = (view["violations"], view["messages"], view["overflow"], view["background"])
        assert state == ([], [], 0, "rgb(13, 47, 84)"), address
        assert set(view["scripts"]) <= {"search.js"}
        asked = [each for each in view["requests"] if not each.startswith("data:")]
        assert all(each.startswith(url) for each in asked), asked


def test_no_link_leads_elsewhere_but_to_the_site(hostile):
    url, views = hostile
    for _, view in views:
        assert all(href.startswith((url, "https://alqaheranews.net/news/")) for href in view["links"])


def test_hostile_texts_are_listed_as_text(hostile):
    _, views = hostile
    listed = [view for address, view in views if address.endswith(("index.html", "topic=defense"))]
    assert len(listed) == 4
    for view in listed:
        assert {" ".join(each.split()) for each in view["headlines"]} == {" ".join(each.split()) for each in HOSTILE}
    labelled = [view["headlines"] for address, view in views if "agency=" in address]
    assert labelled == [[HOSTILE[0]]] * 2


def found_by(pages, query):
    """What the served site gives: articles, labels with their counts."""
    answer = as_json(pages, f"/articles.json?{query}")
    return [each["article_id"] for each in answer["articles"]], answer["total"]


def test_script_finds_what_the_served_site_finds(tmp_path):
    pages = sample(tmp_path)
    write_site(pages.copy, b"<p>", tmp_path / "site")
    with serving(partial(Files, directory=tmp_path / "site")) as server:
        url = f"http://127.0.0.1:{server.server_port}/index.html?"
        seen = asyncio.run(look_at([url + query for query in QUERIES], 1200))
    for address, view in seen.items():
        ids, total = found_by(pages, urlsplit(address).query)
        assert ([file.removeprefix("articles/") for file in view["files"]], view["total"]) == (
            [f"{each}.html" for each in ids],
            total,
        ), address
        assert view["messages"] == []
        served = pages.answer("GET", "127.0.0.1", f"/?{urlsplit(address).query}").body.decode()
        assert all(f"<bdi>{text}</bdi></a> <b>{n}</b>" in served for text, n in view["facets"].items()), address
    assert seen[f"{url}topic=foreign_affairs"]["facets"]["الدفاع"] == 1
    shortened = [address for address, view in seen.items() if any("12 كلمة" in note for note in view["notes"])]
    assert shortened == [f"{url}q={quote(MANY + ' غيرموجودة')}"]
    assert seen[shortened[0]]["total"] == seen[f"{url}q={quote(MANY)}"]["total"] > 0
    assert seen[f"{url}since=2026-11-24"]["chosen"] == ["من 24 نوفمبر 2026 ✕"]


def test_form_and_pages_keep_what_is_chosen(tmp_path):
    with opened(tmp_path) as ledger:
        for number in range(1, 2 * PER_PAGE + 2):
            add(ledger, number, published=NOW - number * DAY, agencies=["mena"])
    write_site(pages_of(tmp_path).copy, b"<p>", tmp_path / "site")

    async def browse(url):
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(**launch_options(url), timeout=0)
            page = await browser.new_page()
            page.set_default_timeout(0)
            files = []
            await page.goto(f"{url}index.html")
            for step in (
                lambda: page.click("#filters a:has-text('أ ش أ')"),
                lambda: page.click("a[rel=next]"),
                lambda: page.click("a[rel=next]"),
                lambda: page.fill("input[name=q]", "«الخبر رقم 7»"),
            ):
                await step()
                await page.wait_for_function(READY)
                files.append((await page.evaluate(LOOK))["files"])
            await page.click("form.search button")
            await page.wait_for_function(READY)
            last = await page.evaluate(LOOK)
            await browser.close()
        return files, last

    with serving(partial(Files, directory=tmp_path / "site")) as server:
        files, last = asyncio.run(browse(f"http://127.0.0.1:{server.server_port}/"))
    numbers = [f"articles/{number}.html" for number in range(1, 2 * PER_PAGE + 2)]
    assert files[:3] == [numbers[:PER_PAGE], numbers[PER_PAGE : 2 * PER_PAGE], numbers[2 * PER_PAGE :]]
    assert last["files"] == ["articles/7.html"]
    assert last["chosen"] == ["«الخبر رقم 7» ✕", "أ ش أ ✕"]
