"""alqahira beside general extractors, on every written article of the replica; the table goes into docs/extraction.md.

    make comparison

The same articles in four variants: the captured markup with page data and metadata (JSON-LD, Open Graph), and without
both; a redesign (classes renamed, structure somewhat changed) without page data, with metadata and without. The
reference is the record that the page alone shows. For each extractor: F1 of the body's words, bodies right word for
word, headlines equal to the printed one, times of publication right to the minute. For general extractors, the site's
name is cut from headlines and a time without an offset is Cairo's, as their users would do. Finally the Python of
docs/comparison.md is run (`printed.py`).
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import printed

from alqahira import site
from alqahira.extraction.extractor import extract_article
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import Pages
from alqahira.text.normalization import fold_text

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CAIRO = ZoneInfo(site.TIME_ZONE.value)
ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "extraction.md"
VARIANTS = {
    "known markup": {},
    "known markup, no metadata, no page data": {"metadata": "none", "page_data": "none"},
    "redesign, metadata": {"classes": "renamed", "page_data": "none"},
    "redesign, no metadata": {"classes": "renamed", "metadata": "none", "page_data": "none"},
}
_SITE_NAME = re.compile(r"\s*[|\-–—]\s*القاهر[ةه] [اإ]ل[اإ]خبارية$")


@dataclass(frozen=True, slots=True)
class Case:
    """A page and its record."""

    url: str
    html: str
    truth: Mapping[str, Any]


def cases(switches: Mapping[str, str]) -> list[Case]:
    options = ReplicaOptions(now=NOW, **switches)  # type: ignore[arg-type]
    newsroom = Newsroom(options, real_now=NOW)
    pages = Pages(options, newsroom)
    return [
        Case(pages.url(article), pages.article(article), article.expected(options, page_only=True))
        for article in newsroom.articles()
        if not article.not_article
    ]


def ours(case: Case) -> dict[str, Any]:
    article = extract_article(case.html, case.url, now=NOW)
    if article is None:
        return {"headline": None, "body": None, "published": None}
    published = article.date_published.isoformat() if article.date_published else None
    return {"headline": article.headline, "body": article.article_body, "published": published}


def theirs(python: Path, judged: Sequence[Case]) -> list[dict[str, dict[str, Any]]]:
    pages = "".join(json.dumps({"url": case.url, "html": case.html}) + "\n" for case in judged)
    command = [python, ROOT / "benchmarks" / "general_extractors.py"]
    done = subprocess.run(command, input=pages, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


# --- scores -------------------------------------------------------------------------------------


def f1(text: str | None, truth: str) -> float:
    """F1 of the bodies' words as multisets, folded, so that forms of alef do not count."""
    a, b = Counter(fold_text(text or "").split()), Counter(fold_text(truth).split())
    return 2 * (a & b).total() / (a.total() + b.total())


def same_words(text: str | None, truth: str) -> bool:
    return (text or "").split() == truth.split()


def same_headline(text: str | None, truth: str) -> bool:
    return fold_text(_SITE_NAME.sub("", (text or "").strip())) == fold_text(truth)


def same_minute(time: str | None, truth: datetime | None) -> bool:
    if not time or truth is None or len(time) <= len("2026-11-24"):
        return False  # a day is no time
    moment = datetime.fromisoformat(time)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=CAIRO)
    return abs(moment - truth) < timedelta(minutes=1)


def row(name: str, judged: Sequence[Case], answers: Sequence[Mapping[str, Any]]) -> str:
    both = list(zip(judged, answers, strict=True))
    body = sum(f1(s["body"], case.truth["article_body"]) for case, s in both) / len(both)
    exact = sum(same_words(s["body"], case.truth["article_body"]) for case, s in both)
    headlines = sum(same_headline(s["headline"], case.truth["headline"]) for case, s in both)
    dated = [(case, s) for case, s in both if case.truth["date_published"]]
    times = sum(same_minute(s["published"], case.truth["date_published"]) for case, s in dated)
    return f"| {name} | {body:.3f} | {exact} of {len(both)} | {headlines} of {len(both)} | {times} of {len(dated)} |"


def tables(python: Path) -> str:
    parts = []
    for variant, switches in VARIANTS.items():
        judged = cases(switches)
        answers = theirs(python, judged)
        rows = [row("**alqahira**", judged, [ours(case) for case in judged])]
        rows += [row(name, judged, [answer[name] for answer in answers]) for name in answers[0]]
        parts.append(
            f"| {variant} | body F1 | body word for word | headline | to the minute |\n|---|---|---|---|---|\n"
            + "\n".join(rows)
        )
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, required=True, help="an interpreter that has the general extractors")
    python = parser.parse_args().python
    table = tables(python)
    print(table)
    document = DOCUMENT.read_text("utf-8")
    begin, end = "<!-- comparison: made by `make comparison` -->", "<!-- /comparison -->"
    head, _, rest = document.partition(begin)
    DOCUMENT.write_text(f"{head}{begin}\n\n{table}\n\n{end}{rest.partition(end)[2]}", "utf-8")
    if not printed.check(python):
        sys.exit(f"{printed.PAGE.name} no longer shows what its code prints")


if __name__ == "__main__":
    main()
