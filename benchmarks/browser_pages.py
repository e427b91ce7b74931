"""Pages a minute in the browser, beside scrapy-playwright: as it comes, and doing what ours does.

    python benchmarks/browser_pages.py [--articles 40] [--rounds 5]

Both render the same pages of a replica that is filled by JavaScript, in the same Chromium, and both times include
its start. Our run asks for each page by plain HTTP first, reads the sitemaps and the articles, and renders two pages at
once (ALQAHIRA_BROWSER_PAGES); scrapy-playwright opens as many as Scrapy asks for, here 16. As it comes it reads a page
when the page's `load` event has come, often before its text has; how often it had the text is a figure, too. What ours
does besides is added step by step: to wait for the text, to open two pages at once, and a context for each page, which
starts a process of Chromium's for each.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from pathlib import Path

from measure import BARE, PACE, ROUNDS, Command, Figure, run, show
from whole_run import asked, ours, replica

from alqahira.browser.chromium import find_chromium, missing_part

_GROUP = "browser"
_HANDLER = "scrapy_playwright.handler.ScrapyPlaywrightDownloadHandler"


def rendered(log: Path, root: str) -> str:
    """The pages that a browser asked for: those whose script then fetched its content."""
    addresses = asked(log, root).splitlines()
    return "\n".join(url for url in addresses if "/news/" in url or "/category/" in url or "/tag/" in url)


def measure(articles: int = 40, rounds: int = ROUNDS) -> list[Figure]:
    if missing := missing_part():
        print(f"The browser is not measured: {missing}")
        return []
    launch = {"args": ["--no-sandbox"]} | ({"executable_path": path} if (path := find_chromium()) else {})
    plain = PACE | {
        "DOWNLOAD_HANDLERS": json.dumps({"http": _HANDLER, "https": _HANDLER}),
        "PLAYWRIGHT_LAUNCH_OPTIONS": json.dumps(launch),
    }
    sides = {
        "as it comes": ("yes", "16"),
        "waiting for the text": ("text", "16"),
        "waiting, 2 pages at once": ("text", "2"),
        "waiting, 2 pages at once, a context each": ("apart", "2"),
    }
    ratios: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log, addresses = folder / "access.jsonl", folder / "addresses"
        with replica("--articles", str(articles), "--render", "client", "--log", str(log)) as root:
            for number in range(rounds):
                mine = run(ours(root, folder / f"output-{number}", articles))
                many = run(ours(root, folder / f"many-{number}", articles, ALQAHIRA_BROWSER_PAGES="16"))
                if not number:
                    addresses.write_text(rendered(log, root), "utf-8")
                command = ["-m", "scrapy", "crawl", "bare", "-a", f"urls={addresses}"]
                for side, (how, at_once) in sides.items():
                    settings = plain | {"CONCURRENT_REQUESTS_PER_DOMAIN": at_once}
                    bare = run(Command([*command, "-a", f"browser={how}"], BARE, settings))
                    ratios.setdefault(f"pages a minute beside scrapy-playwright {side}", []).append(
                        bare.wall / mine.wall
                    )
                    if how == "yes":
                        both = "pages a minute beside scrapy-playwright as it comes, both 16 at once"
                        ratios.setdefault(both, []).append(bare.wall / many.wall)
                        of_all = int(re.findall(r"(\d+) pages with text", bare.said)[0]) / len(
                            addresses.read_text("utf-8").split()
                        )
                        ratios.setdefault("pages that scrapy-playwright as it comes has the text of", []).append(of_all)
    return [Figure(_GROUP, what, tuple(found)) for what, found in ratios.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    show(measure(given.articles, given.rounds))


if __name__ == "__main__":
    main()
