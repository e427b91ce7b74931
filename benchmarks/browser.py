"""Rendering a page beside scrapy-playwright in its default settings that waits for the text: pages a CPU second.

    python benchmarks/browser.py [--pages 100] [--rounds 5]

The pages are the replica's empty shells, which a script fills. Each side is a run of its own, from its start to its
end, one after the other, another one first in each round. CPU is that of all its processes: Python, Playwright's
driver and Chromium. The replica counts on neither side. A side that has not read all texts loses the round.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import islice
from pathlib import Path

from measure import BARE, PACE, ROUNDS, Command, Figure, Used, replica, run, show, turns

from alqahira import site
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions

_GROUP = "browser"
_SHELLS = {"render": "client", "page_data": "none"}
# Chromium has processes that end after their parents: this one waits for all of them, so that their usage counts.
_WITH_ALL_CHILDREN = """
import ctypes, os, subprocess, sys
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
status = subprocess.call([sys.executable, *sys.argv[1:]])
try:
    while True:
        os.wait()
except ChildProcessError:
    sys.exit(status)
"""


def rendering(spider: str, addresses: Path, root: str) -> Command:
    """`spider` is one of `bare/in_browser.py`."""
    words = ["-m", "scrapy", "crawl", spider, "-a", f"urls={addresses}", "-a", f"text={site.BODY.value}"]
    settings = PACE | {"SPIDER_MODULES": "in_browser", "ALQAHIRA_SITE_URL": root}
    return Command(["-c", _WITH_ALL_CHILDREN, *words], BARE, settings)


def rendered(spider: str, addresses: Path, root: str, pages: int) -> Used:
    """Raises RuntimeError if a page's text is missing."""
    used = run(rendering(spider, addresses, root))
    if f"{pages} texts" not in used.output:
        raise RuntimeError(f"{spider} has not read {pages} texts\n{used.output[-3000:]}")
    return used


def measure(pages: int = 100, rounds: int = ROUNDS) -> list[Figure]:
    newsroom = Newsroom(ReplicaOptions(articles=2 * pages, **_SHELLS))
    posts = list(islice((article for article in newsroom.articles() if article.kind == "post"), pages))
    switches = [f"--{name.replace('_', '-')}={value}" for name, value in _SHELLS.items()]
    with tempfile.TemporaryDirectory() as folder, replica("--articles", str(2 * pages), *switches) as root:
        addresses = Path(folder, "addresses")
        addresses.write_text("\n".join(root + post.path for post in posts), "utf-8")

        def once(number: int) -> dict[str, Used]:
            sides = ("ours", "waiting_for_text") if number % 2 else ("waiting_for_text", "ours")
            return {side: rendered(side, addresses, root, pages) for side in sides}

        once(0)  # writes the bytecode
        rows = [(row["waiting_for_text"], row["ours"]) for row in turns(rounds, once)]
    beside = f"beside scrapy-playwright waiting for the text, {pages:,} pages"
    return [
        Figure(_GROUP, f"pages a CPU second {beside}", tuple(t.cpu / o.cpu for t, o in rows), "≥ 0.9"),
        Figure(_GROUP, "pages a second, the same", tuple(t.wall / o.wall for t, o in rows)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    show(measure(given.pages, given.rounds))


if __name__ == "__main__":
    main()
