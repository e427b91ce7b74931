"""Reading a page beside general extractors and a bare lxml parse, on pages of 30, 100 and 300 KB: CPU a page.

    python benchmarks/extraction_speed.py [--python .venv-comparison/bin/python] [--rounds 5]

The pages are the replica's with all metadata and page data, filled up half with cards of other articles and half with
scripts; «by markup alone»: the same without page data. The
general extractors run in an environment of their own (`make comparison`), one process a round, in turn with ours;
loading with the first page does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from itertools import islice
from pathlib import Path
from statistics import mean

from lxml import html as lxml_html
from measure import ROOT, ROUNDS, Figure, show, turns

from alqahira import site
from alqahira.extraction.extractor import read_page
from alqahira.replica.generator import FIRST_NUMBER
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import Pages

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SIZES = (30, 100, 300)  # KB
_PAGES = 30  # so many that no cache helps from one pass to the next
_THEIRS = 3  # a general extractor takes up to a second a page
_BOUNDS = {"trafilatura": "≥ 20"}
_PAGE_DATA = re.compile(r'<script id="__NEXT_DATA__".*?</script>', re.DOTALL)
Page = tuple[str, str]  # address, markup


def pages_of(kilobytes: int, count: int = _PAGES) -> list[Page]:
    """Different articles on pages of that size."""
    options = ReplicaOptions(now=NOW, articles=400)
    newsroom = Newsroom(options, real_now=NOW)
    pages = Pages(options, newsroom)
    others = (newsroom.article(n) for n in range(FIRST_NUMBER + 10, FIRST_NUMBER + 400))
    cards = [
        f'<article><a class="img-link" href="{other.path}"></a><h5>{escape(other.headline)}</h5></article>'
        for other in others
        if other
    ]
    padded = []
    numbered = (newsroom.article(number) for number in range(FIRST_NUMBER, FIRST_NUMBER + 2 * count))
    for article in islice((a for a in numbered if a and a.kind == "post"), count):
        html = str(pages.article(article))
        missing = kilobytes * 1000 - len(html.encode())
        stories = _up_to(cards, missing // 2)
        scripts = _up_to([f"<script>{_SCRIPT}</script>"] * 1000, missing // 2)
        padded.append((pages.url(article), html.replace("</main>", f"{stories}</main>").replace("</body>", scripts)))
    return padded


# Like those of analytics and advertisements.
_SCRIPT = "".join(f'window.q=window.q||[];q.push(["slot-{n}",{{"w":{n * 7},"h":250,"on":!0}}]);' for n in range(40))


def _up_to(pieces: Sequence[str], size: int) -> str:
    taken, length = [], 0
    for piece in (*pieces, *pieces):
        length += len(piece.encode())
        if length > size:
            break
        taken.append(piece)
    return "".join(taken)


def captured() -> list[Page]:
    """The four articles in the captured markup, eight times."""
    folder = ROOT / "tests" / "pages" / "site"
    names = (path.stem for path in sorted(folder.glob("[0-9]*.html")))
    return [(f"{site.ROOT.value}/news/{name}/x", (folder / f"{name}.html").read_text("utf-8")) for name in names] * 8


def by_markup(pages: Sequence[Page]) -> list[Page]:
    """The pages without page data, which are read by their markup."""
    return [(url, _PAGE_DATA.sub("", html)) for url, html in pages]


def parse(html: str) -> None:
    lxml_html.document_fromstring(html.encode())


def beside_a_parse(pages: Sequence[Page], *, seconds: float = 1.0) -> tuple[float, float]:
    """CPU seconds a page of reading it once, without the sample read twice, and of a bare parse, page by page."""
    mine = bare = passes = 0.0
    while not passes or mine + bare < seconds:
        for url, html in pages:
            began = time.process_time()
            read_page(html, url, now=NOW, check_share=0)
            between = time.process_time()
            parse(html)
            mine, bare = mine + between - began, bare + time.process_time() - between
        passes += 1
    return mine / passes / len(pages), bare / passes / len(pages)


def theirs(python: Path, pages: Sequence[Page]) -> dict[str, float]:
    """CPU seconds a page of each general extractor."""
    given = "".join(json.dumps({"url": url, "html": html}) + "\n" for url, html in pages)
    command = [python, ROOT / "benchmarks" / "general_extractors.py", "--cpu"]
    # Some request a list of suffixes; with a proxy that refuses they do not wait.
    offline = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(
        command,
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | offline,
        text=True,
        check=True,
    )
    seconds: dict[str, float] = json.loads(done.stdout)
    return seconds


def _round(
    python: Path | None, pages: Sequence[Page]
) -> tuple[tuple[float, float], tuple[float, float], dict[str, float]]:
    """CPU seconds a page: read beside a bare parse, the same by markup alone, and by each general extractor."""
    others = theirs(python, pages[:_THEIRS]) if python else {}
    return beside_a_parse(pages), beside_a_parse(by_markup(pages)), others


def measure(python: Path | None, rounds: int = ROUNDS) -> list[Figure]:
    figures = []
    for size in (None, *SIZES):
        pages = pages_of(size) if size else captured()
        beside_a_parse(pages, seconds=0)  # warms up
        beside_a_parse(by_markup(pages), seconds=0)
        measured = turns(rounds, lambda _, given=pages: _round(python, given))  # type: ignore[misc]
        group = (
            f"extraction, {'' if size else 'captured, '}{mean(len(html.encode()) for _, html in pages) / 1000:.0f} KB"
        )
        ratios = tuple(mine / bare for (mine, bare), _, _ in measured)
        figures.append(Figure(group, "alqahira beside a bare lxml parse", ratios, "1.5"))
        ratios = tuple(mine / bare for _, (mine, bare), _ in measured)
        figures.append(Figure(group, "alqahira by markup alone beside it", ratios, "4"))
        for name in measured[0][2]:
            ratios = tuple(others[name] / mine for (mine, _), _, others in measured)
            figures.append(Figure(group, f"{name} beside alqahira", ratios, _BOUNDS.get(name, "")))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, help="an interpreter that has the general extractors; else without them")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    show(measure(given.python, given.rounds))


if __name__ == "__main__":
    main()
