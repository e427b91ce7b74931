"""alqahira beside general extractors on the pages of two public test sets, of which you make clones.

    git clone https://github.com/scrapinghub/article-extraction-benchmark
    git clone https://github.com/flairNLP/fundus
    make real-pages CLONES="article-extraction-benchmark fundus"

Prints a Markdown table for each set; without `--python` with this project alone. Pages and records are by others.

Body: for article-extraction-benchmark its own F1, of the means of precision and recall over runs of four words
(`evaluate.py` there); for Fundus the mean F1 of the words, with the summary in front of the story or without. Headline:
equal but for white space. Time: to the minute; day: in the time zone of the record. CPU: milliseconds a page, from its
text to all fields, without loading. Headlines are as given, with the site's name if an extractor leaves it there.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean
from typing import Any

from alqahira.extraction.decoding import decode
from alqahira.extraction.extractor import extract_article

_EXTRACTORS = "trafilatura,newspaper4k,readability-lxml"
_FUNDUS = Path("tests", "resources", "parser", "test_data")
_NOW = datetime(2026, 11, 24, tzinfo=UTC)  # of pages whose crawl is undated
_WORD = re.compile(r"\w+")
Answer = Mapping[str, Any]  # headline, body, published (ISO 8601), seconds


@dataclass(frozen=True, slots=True)
class Case:
    """A page and its record; `bodies` are right alternatives, and what the set does not give is None."""

    url: str
    html: str
    now: datetime
    bodies: tuple[str, ...]
    headline: str | None = None
    published: datetime | None = None


def benchmark_cases(clone: Path) -> Iterator[Case]:
    """The pages of article-extraction-benchmark, which gives the bodies."""
    for name, record in json.loads((clone / "ground-truth.json").read_text("utf-8")).items():
        if (page := clone / "html" / f"{name}.html.gz").exists():
            html = decode(gzip.decompress(page.read_bytes()))
            yield Case(record.get("url") or f"https://example.org/{name}", html, _NOW, (record.get("articleBody", ""),))


def fundus_cases(clone: Path) -> Iterator[Case]:
    """The pages that test Fundus' parsers.

    A publisher's file has a record for each version of its parser, and a page for each, named for the day of its crawl:
    the n-th version is for the n-th day. Publishers with another number of pages are left out.
    """
    for meta in sorted((clone / _FUNDUS).glob("*/meta.info")):
        crawls = json.loads(meta.read_text("utf-8"))
        for records in sorted(meta.parent.glob("*.json")):
            versions = json.loads(records.read_text("utf-8"))
            pages = sorted(name for name in crawls if name.rsplit("_", 3)[0] == records.stem)
            pages = [name for name in pages if (meta.parent / name).exists()]
            if len(pages) != len(versions):
                print(f"{records.stem}: {len(versions)} records, {len(pages)} pages: left out", file=sys.stderr)
                continue
            for page, version in zip(pages, sorted(versions, key=_by_number), strict=True):
                html = decode(gzip.decompress((meta.parent / page).read_bytes()))
                yield _fundus_case(html, crawls[page], versions[version])


def _by_number(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _fundus_case(html: str, crawl: Mapping[str, str], record: Mapping[str, Any]) -> Case:
    body = record.get("body") or {}
    story = [text for part in body.get("sections", []) for text in (*part["headline"], *part["paragraphs"])]
    crawled = datetime.fromisoformat(crawl["crawl_date"])
    crawled = crawled if crawled.tzinfo else crawled.replace(tzinfo=UTC)
    published = record.get("publishing_date")
    return Case(
        crawl["url"],
        html,
        crawled + timedelta(days=1),  # a crawl's zone is not given
        ("\n".join(story), "\n".join([*body.get("summary", []), *story])),
        record.get("title"),
        datetime.fromisoformat(published) if published else None,
    )


# --- answers ------------------------------------------------------------------------------------


def ours(case: Case) -> Answer:
    began = time.process_time()
    article = extract_article(case.html, case.url, now=case.now)
    seconds = time.process_time() - began
    if article is None:
        return {"headline": None, "body": None, "published": None, "seconds": seconds}
    published = article.date_published.isoformat() if article.date_published else None
    return {
        "headline": article.headline,
        "body": article.article_body,
        "published": published,
        "seconds": seconds,
    }


def theirs(python: Path, cases: Sequence[Case]) -> dict[str, list[Answer]]:
    """The answers of each general extractor."""
    pages = "".join(json.dumps({"url": case.url, "html": case.html}) + "\n" for case in cases)
    script = Path(__file__).parent / "general_extractors.py"
    command = [python, script, "--only", _EXTRACTORS, "--language", "any"]
    # Some request a list of suffixes; with a proxy that refuses they do not wait.
    environment = os.environ | dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(command, input=pages, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    return {name: [answer[name] for answer in answers] for name in answers[0]}


# --- scores -------------------------------------------------------------------------------------


def shingle_f1(cases: Sequence[Case], bodies: Sequence[str]) -> float:
    """That of article-extraction-benchmark; a page counts in precision, or in recall, only where there is text."""
    precision, recall = [], []
    for case, body in zip(cases, bodies, strict=True):
        right, given = _shingles(case.bodies[0]), _shingles(body)
        shared = (right & given).total()
        if given:
            precision.append(shared / given.total())
        if right:
            recall.append(shared / right.total())
    both = mean(precision or [0.0]), mean(recall or [0.0])
    return 2 * both[0] * both[1] / sum(both) if sum(both) else 0.0


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    runs = (tuple(words[at : at + 4]) for at in range(max(1, len(words) - 3)))
    return Counter(run for run in runs if run)


def word_f1(cases: Sequence[Case], bodies: Sequence[str]) -> float:
    """The mean over all pages of the better F1 with each right body."""
    return mean(max(_f1(body, right) for right in case.bodies) for case, body in zip(cases, bodies, strict=True))


def _f1(text: str, right: str) -> float:
    a, b = Counter(_WORD.findall(text)), Counter(_WORD.findall(right))
    return 2 * (a & b).total() / max(1, a.total() + b.total())


def is_same_headline(given: str | None, right: str) -> bool:
    return (given or "").split() == right.split()


def is_same_minute(given: str | None, right: datetime) -> bool:
    if not given or len(given) <= len("2026-11-24"):
        return False  # a day is no time
    moment = datetime.fromisoformat(given)
    return abs((moment if moment.tzinfo else moment.replace(tzinfo=right.tzinfo)) - right) < timedelta(minutes=1)


def is_same_day(given: str | None, right: datetime) -> bool:
    if not given:
        return False
    moment = datetime.fromisoformat(given)
    return (moment.astimezone(right.tzinfo) if moment.tzinfo else moment).date() == right.date()


def row(name: str, cases: Sequence[Case], answers: Sequence[Answer]) -> str:
    bodies = [answer["body"] or "" for answer in answers]
    pairs = list(zip(cases, answers, strict=True))
    titled = [(case.headline, answer["headline"]) for case, answer in pairs if case.headline]
    dated = [
        (case.published, answer["published"]) for case, answer in pairs if case.published and case.published.tzinfo
    ]
    cells = [
        name,
        f"{(word_f1 if titled else shingle_f1)(cases, bodies):.3f}",
        *_share([is_same_headline(given, right) for right, given in titled]),
        *_share([is_same_minute(given, right) for right, given in dated]),
        *_share([is_same_day(given, right) for right, given in dated]),
        f"{1000 * mean(answer['seconds'] for answer in answers):.0f} ms",
    ]
    return f"| {' | '.join(cells)} |"


def _share(right: Sequence[bool]) -> list[str]:
    """A cell, or none for what the set does not give."""
    return [f"{sum(right)} of {len(right)}"] if right else []


def table(title: str, cases: Sequence[Case], python: Path | None) -> str:
    ours(cases[0])  # loads what it needs
    answers: dict[str, Sequence[Answer]] = {"**alqahira**": [ours(case) for case in cases]}
    answers |= theirs(python, cases) if python else {}
    columns = [title, "body F1"]
    columns += ["headline"] * any(case.headline for case in cases)
    columns += ["time", "day"] * any(case.published and case.published.tzinfo for case in cases)
    columns += ["CPU a page"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return "\n".join([*lines, *(row(name, cases, given) for name, given in answers.items())])


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clones", type=Path, nargs="+", help="folders of the two repositories, in any order")
    parser.add_argument("--python", type=Path, help="an interpreter that has the general extractors; else without them")
    given = parser.parse_args(arguments)
    for clone in given.clones:
        if (clone / "ground-truth.json").exists():
            name, cases = "article-extraction-benchmark", list(benchmark_cases(clone))
        elif (clone / _FUNDUS).is_dir():
            name, cases = "Fundus", list(fundus_cases(clone))
        else:
            parser.error(f"{clone} is no clone of article-extraction-benchmark or Fundus")
        if not cases:
            parser.error(f"{clone} has no pages")
        print(table(f"{name}, {len(cases)} pages", cases, given.python), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
