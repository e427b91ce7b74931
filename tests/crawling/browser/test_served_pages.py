"""`scrapy report --serve` in real Chromium, in a wide and a narrow window: hostile text does nothing, all of it fits."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hostile_texts import HOSTILE, fill
from ledger_scenario import NOW, accept, body, crawled, opened
from playwright.async_api import async_playwright
from served_site import served

from alqahira.crawling.browser.chromium import launch_options

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

WIDTHS = {"desktop": 1200, "phone": 390}
REVISED = 20
PATHS = ("", f"articles/{REVISED}", *(f"articles/{number + 1}" for number in range(len(HOSTILE))), "runs", "report")
WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', e => violations.push(e.effectiveDirective + ' ' + e.blockedURI));
"""
LOOK = """() => ({
    overflow: document.documentElement.scrollWidth - innerWidth,
    scripts: document.scripts.length,
    direction: getComputedStyle(document.body).direction,
    background: getComputedStyle(document.querySelector('header')).backgroundColor,
    links: [...document.links].map(a => a.href),
    headlines: [...document.querySelectorAll('.stories h3')].map(e => e.textContent),
    fields: [...document.querySelectorAll('.fields tbody tr')].map(
        row => [...row.children].map(e => e.getBoundingClientRect().top)),
    lines: [...document.querySelectorAll('.row.changed')].map(row => getComputedStyle(row.children[0]))
        .map(style => [style.borderLeftWidth, style.borderRightWidth]),
    sides: [...document.querySelectorAll('.row.changed')].map(
        row => [...row.children].map(e => [e.getBoundingClientRect().left, e.getBoundingClientRect().top])),
    marks: [...document.querySelectorAll('del, ins')].map(e => getComputedStyle(e).backgroundColor),
    violations: window.violations,
})"""


def fill_with_revisions(folder):
    fill(folder)
    with opened(folder) as ledger:
        for hours, text in ((0, body(99)), (5, f"فقرة\n\n{body(99)} {HOSTILE[0]} {HOSTILE[6]}")):
            item = crawled(REVISED, headline="نسخة", text=text, fetched=NOW + timedelta(hours=hours))
            accept(ledger, item)


async def visit(url):
    """What Chromium shows and does, by window and path; and what a search finds that is typed there."""
    seen, typed = {}, {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch_options(url.rstrip("/")), timeout=0)
        for name, width in WIDTHS.items():
            page = await browser.new_page(viewport={"width": width, "height": 800})
            page.set_default_timeout(0)
            messages, requests = [], []
            page.on("console", lambda message, messages=messages: messages.append(message.text))
            page.on("pageerror", lambda error, messages=messages: messages.append(str(error)))
            page.on("request", lambda request, requests=requests: requests.append(request.url))

            async def dismiss(dialog, messages=messages):
                messages.append(f"dialog: {dialog.message}")
                await dialog.dismiss()

            page.on("dialog", dismiss)
            await page.add_init_script(WATCH)
            for path in PATHS:
                messages.clear()
                requests.clear()
                await page.goto(f"{url}{path}")
                await page.screenshot(full_page=True)  # paints all of it
                view = await page.evaluate(LOOK)
                seen[name, path] = view | {"messages": list(messages), "requests": list(requests)}
            await page.goto(url)
            await page.fill("input[name=q]", "الطويلَ نِهاية")
            await page.click("button")
            typed[name] = await page.evaluate(LOOK) | {"messages": list(messages)}
            await page.close()
        await browser.close()
    return seen, typed


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    fill_with_revisions(folder)
    with served(folder, folder.parent / "served.log") as url:
        return url, *asyncio.run(visit(url))


@pytest.fixture(params=[(name, path) for name in WIDTHS for path in PATHS], ids=lambda param: f"{param[0]}-{param[1]}")
def view(request, site):
    return site[1][request.param]


def test_page_runs_nothing_and_breaks_no_policy(view):
    assert (view["scripts"], view["violations"], view["messages"]) == (0, [], [])


def test_page_asks_no_other_host(view, site):
    asked = [url for url in view["requests"] if not url.startswith("data:")]
    assert all(url.startswith(site[0]) for url in asked), asked


def test_page_reads_from_the_right_in_its_own_style_and_fits(view):
    assert (view["overflow"], view["direction"], view["background"]) == (0, "rtl", "rgb(13, 47, 84)")


def test_no_link_leads_elsewhere_but_to_the_site(view, site):
    assert all(href.startswith((site[0], "https://alqaheranews.net/news/")) for href in view["links"])


def test_hostile_headlines_are_shown_as_text(site):
    for name in WIDTHS:
        headlines = site[1][name, ""]["headlines"]
        assert {" ".join(each.split()) for each in headlines} == {*(" ".join(each.split()) for each in HOSTILE), "نسخة"}


def test_revisions_stand_side_by_side_the_older_at_the_right(site):
    wide, narrow = (site[1][name, f"articles/{REVISED}"] for name in WIDTHS)
    for (older, top), (newer, other_top) in wide["sides"]:
        assert older > newer
        assert top == other_top
    for (_, top), (_, other_top) in narrow["sides"]:
        assert top < other_top, "one below the other where there is no room"
    assert len(wide["sides"]) == 2
    assert wide["lines"] == [["1px", "0px"]] * 2, "between the two, also where one is empty"
    assert "rgba(0, 0, 0, 0)" not in wide["marks"] != []


def test_fields_are_a_table_and_on_a_phone_a_block_each(site):
    wide, narrow = (site[1][name, f"articles/{REVISED}"]["fields"] for name in WIDTHS)
    assert len(wide) == len(narrow) > 20
    assert all(name == value == source for name, value, source in wide)
    assert all(name < value < source for name, value, source in narrow)


def test_form_searches_without_a_script(site):
    for view in site[2].values():
        assert [each.split()[0] for each in view["headlines"]] == ["طويل"]
        assert (view["violations"], view["messages"]) == ([], [])
