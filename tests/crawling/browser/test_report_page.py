"""The report in real Chromium, in a wide and a narrow window: hostile text does nothing, nothing is requested."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_texts import ELSEWHERE, HOSTILE, fill
from playwright.async_api import async_playwright

from alqahira.crawling.browser.chromium import launch_options
from alqahira.monitoring.report.charts import NARROW, WIDE

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PROJECT = Path(__file__).parents[3]
WIDTHS = {"desktop": 1100, "phone": 360}
WATCH = """
window.violations = [];
document.addEventListener('securitypolicyviolation', e => violations.push(e.effectiveDirective + ' ' + e.blockedURI));
"""
LOOK = """() => ({
    headlines: [...document.querySelectorAll('#latest .headline')].map(e => e.textContent),
    links: [...document.querySelectorAll('#latest a')].map(a => [a.href, a.rel]),
    scripts: document.scripts.length,
    handlers: [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on|^style$/.test(a.name))).length,
    images: [...document.images].map(i => [i.complete && i.naturalWidth, i.alt]),
    shown: document.images[0].getBoundingClientRect().width,
    overflow: document.documentElement.scrollWidth - innerWidth,
    background: getComputedStyle(document.querySelector('header')).backgroundColor,
    title: document.title,
    violations: window.violations,
})"""


async def visit(page_file: Path) -> dict[str, dict]:
    """What Chromium shows and does on the page, by window. The test's own timeout is the only one."""
    seen = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**launch_options("http://127.0.0.1:9"), timeout=0)
        for name, width in WIDTHS.items():
            page = await browser.new_page(viewport={"width": width, "height": 800})
            page.set_default_timeout(0)
            messages, requests, dialogs = [], [], []
            page.on("console", lambda message, messages=messages: messages.append(message.text))
            page.on("pageerror", lambda error, messages=messages: messages.append(str(error)))
            page.on("request", lambda request, requests=requests: requests.append(request.url))

            async def dismiss(dialog, dialogs=dialogs):
                dialogs.append(dialog.message)
                await dialog.dismiss()

            page.on("dialog", dismiss)
            await page.add_init_script(WATCH)
            await page.goto(page_file.as_uri())
            await page.wait_for_function("[...document.images].every(image => image.complete)")
            await page.screenshot(full_page=True)  # paints all of it
            seen[name] = await page.evaluate(LOOK)
            seen[name] |= {"messages": messages, "requests": requests, "dialogs": dialogs}
            await page.close()
        await browser.close()
    return seen


def report(folder: Path) -> Path:
    command = [sys.executable, "-m", "scrapy", "report", "-s", f"ALQAHIRA_OUTPUT_DIR={folder}"]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, timeout=240)
    return folder / "report.html"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    fill(folder)
    return report(folder)


@pytest.fixture(scope="module")
def seen(page_file):
    return asyncio.run(visit(page_file))


@pytest.fixture(params=WIDTHS)
def view(request, seen):
    return seen[request.param]


def test_hostile_headline_is_shown_as_text(view):
    assert sorted(view["headlines"]) == sorted(HOSTILE)
    assert (view["scripts"], view["handlers"], view["dialogs"]) == (0, 0, [])


def test_page_keeps_its_policy_and_makes_no_request(view, page_file):
    assert (view["violations"], view["messages"]) == ([], [])
    assert [url for url in view["requests"] if not url.startswith("data:")] == [page_file.as_uri()]
    assert view["background"] == "rgb(13, 47, 84)", "the style sheet is in force"


def test_only_addresses_of_the_site_are_links(view):
    assert len(view["links"]) == len(HOSTILE) - len(ELSEWHERE)
    for address, rel in view["links"]:
        assert address.startswith("https://alqaheranews.net/news/")
        assert rel == "noreferrer noopener nofollow"


def test_every_plot_is_drawn_and_has_an_alternative_text(view):
    assert len(view["images"]) >= 8
    for width, alternative in view["images"]:
        assert width > 0
        assert alternative.strip()


def test_nothing_overflows_and_plots_fit_the_window(seen):
    assert [view["overflow"] for view in seen.values()] == [0, 0]
    for name, drawn, shown in (("phone", NARROW, 312), ("desktop", WIDE, WIDE)):
        assert {width for width, _ in seen[name]["images"]} == {drawn}
        assert shown - 20 < seen[name]["shown"] <= shown


def test_policy_blocks_what_escaping_would_miss(page_file, tmp_path):
    """An injection into the page is blocked, and the watch above reports it."""
    injected = (
        "<script>document.title='owned'</script><script src='http://127.0.0.1:9/x.js'></script>"
        "<img src='http://127.0.0.1:9/x'><iframe src='http://127.0.0.1:9/'></iframe>"
        "<i style='color:red' onclick='x()'></i><base href='http://127.0.0.1:9/'>"
    )
    broken = tmp_path / "broken.html"
    broken.write_text(page_file.read_text("utf-8").replace("<main", f"{injected}<main"), "utf-8")
    for view in asyncio.run(visit(broken)).values():
        assert view["title"] != "owned"
        blocked = {violation.split()[0] for violation in view["violations"]}
        assert blocked == {"script-src-elem", "img-src", "frame-src", "style-src-attr", "script-src-attr", "base-uri"}
        assert "script-src-elem http://127.0.0.1:9/x.js" in view["violations"]
