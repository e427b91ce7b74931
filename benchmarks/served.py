"""What `scrapy report --serve` and `--site` cost: copying the corpus, each page, the files, the peak of memory.

    python benchmarks/served.py [--known 20000] [--times 5] [--folder /tmp]

The ledger is made of texts of the replica's generator, in two topics, with agencies, desks and states over two years,
one article in twenty with a second revision and one in fifty a dropped duplicate, and 200 runs. The figure of a page
is its slowest answer of --times, within the process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

from ledger_scale import NOW, crawled
from measure import peak_of

from alqahira.article import rfc3339, to_json_line, to_record
from alqahira.ledger import Ledger, open_ledger, tables
from alqahira.ledger.stored_records import pack, record_of
from alqahira.monitoring.report.served.database import build, open_copy
from alqahira.monitoring.report.served.pages import Pages
from alqahira.monitoring.report.served.static import write_site
from alqahira.text.dates import cairo_day

TEXTS, RUNS, ROWS_AT_ONCE = 500, 200, 1000
AGENCIES = ("mena", "reuters", "afp", "ap", "wires")
DESKS = ("أخبار", "شؤون دولية", "اقتصاد", "منوعات", "تقارير")
COUNTRIES = ("EG", "US", "SA", "IQ", "SY", "LB", "PS", "IL", "IR", "TR", "RU", "UA", "CN", "FR", "GB", "LY", "SD")
WORDS = ("عسكري", "البيان التقرير", '"وهو ما يعني"', "من")


def fill(ledger: Ledger, known: int) -> None:
    """Insert so many articles with their revisions and duplicates."""
    random = Random(1)
    texts = [to_record(crawled(20_000_000 + n).article) for n in range(TEXTS)]
    rows: list[tuple[dict[str, Any], str]] = []
    for n in range(known):
        moment = NOW - timedelta(minutes=52 * n + random.randrange(50))
        record = texts[n % TEXTS] | {
            "article_id": f"9{n:07d}",
            "url": f"https://alqaheranews.net/news/9{n:07d}/x",
            "date_published": rfc3339(moment),
            "published_day": f"{cairo_day(moment)}",
            "topics": random.choice((["defense"], ["foreign_affairs"], ["defense", "foreign_affairs"])),
            "agencies": random.choices(AGENCIES, k=random.randrange(2)),
            "article_sections": [random.choice(DESKS)],
            "countries": random.sample(COUNTRIES, random.randrange(4)),
        }
        rows.append((record, "accepted"))
        if n % 20 == 0:
            body = f"{record['article_body']}\n\nفقرة أضيفت بعد النشر."
            rows.append((record | {"revision": 2, "revision_reason": "text", "article_body": body}, "accepted"))
        if n % 50 == 0:
            twin = {"article_id": f"8{n:07d}", "duplicate_of": record["article_id"]}
            rows.append((record | twin, "duplicate"))
    for n in range(RUNS):
        began = NOW - timedelta(hours=12 * n)
        failed = {"failed": {f"http_{n % 7 + 500}": n % 9, "timeout": 2}}
        sources = {name: {"site": 40, "none": n % 5} for name in ("headline", "article_body", "date_published")}
        account = {"discovered": 60, "accepted": n % 50, "causes": failed, "sources": sources}
        ledger.finish_run(
            ledger.start_run(f"{began:%Y%m%dT%H%M%SZ}-defense", "defense", began), account, 0, began, complete=True
        )
    with ledger.transaction() as connection:
        for values in _batches(rows):
            connection.execute(tables.articles.insert(), values)
            queued = [_queued(value) for value in values if value["status"] == "accepted"]
            connection.execute(tables.outbox.insert(), queued)


def _batches(rows: list[tuple[dict[str, Any], str]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield [
            {name: record[name] for name in ("article_id", "revision", "content_hash", "duplicate_of", "date_crawled")}
            | {"status": status, "story_time": record["date_published"], "record": pack(to_json_line(record))}
            for record, status in rows[start : start + ROWS_AT_ONCE]
        ]


def _queued(article: dict[str, Any]) -> dict[str, Any]:
    day = record_of(article["record"])["published_day"]
    named = {name: article[name] for name in ("article_id", "revision")}
    return named | {"day": day, "accepted": article["date_crawled"]}


def targets(known: int) -> dict[str, str]:
    """The pages that are measured, by name."""
    article = "/articles/90000020"
    words = {f"search {word}": f"/?q={quote(word)}" for word in WORDS}
    return {
        "all": "/",
        "last page of all": f"/?page={(known + 29) // 30}",
        **words,
        "most relevant": f"/?q={quote(WORDS[0])}&order=relevance",
        "topic": "/?topic=defense",
        "topic, desk and words": f"/?topic=defense&desk={quote(DESKS[0])}&q={quote(WORDS[1])}",
        "half a year": "/?since=2025-06-01&until=2025-12-01",
        "as JSON": "/articles.json?topic=defense",
        "article with revisions": article,
        "runs": "/runs",
    }


def measure(state: str, times: int) -> None:
    """Copy the ledger and answer each page so many times; print what it cost."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, open_ledger(state, read_only=True) as ledger:
        path = Path(folder) / "corpus.db"
        known = build(ledger, path)
        print(f"{known:,} articles copied in {time.perf_counter() - began:.1f} s, {path.stat().st_size / 1e6:.0f} MB")
        pages = Pages(open_copy(path), b"", "")
    print(f"peak of memory after copying: {peak_of(os.getpid()):.0f} MB")
    for name, target in targets(known).items():
        slowest, size = 0.0, 0
        for _ in range(times):
            began = time.perf_counter()
            answer = pages.answer("GET", "127.0.0.1", target)
            slowest, size = max(slowest, time.perf_counter() - began), len(answer.body)
            assert answer.status == 200, (target, answer.body)
        print(f"{name:<32}{slowest * 1000:6.0f} ms{size / 1000:8.0f} kB", flush=True)
    print(f"peak of memory: {peak_of(os.getpid()):.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        write_site(pages.copy, b"", Path(folder) / "site")
        sizes = [path.stat().st_size for path in Path(folder).rglob("*.*") if path.is_file()]
        print(f"site written in {time.perf_counter() - began:.0f} s: {len(sizes):,} files, {sum(sizes) / 1e6:.0f} MB")
        for name in ("articles.json", "words", "cards"):
            path = Path(folder) / "site/search" / name
            largest = max((each.stat().st_size for each in path.iterdir()) if path.is_dir() else [path.stat().st_size])
            print(f"search/{name}: at most {largest / 1000:.0f} kB")
    print(f"peak of memory: {peak_of(os.getpid()):.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--known", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the ledger is made; the system's own by default")
    parser.add_argument("--state", help="a ledger that is there already, as sqlite:///file")
    given = parser.parse_args()
    if given.state:
        measure(given.state, given.times)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        state = f"sqlite:///{Path(folder) / 'state.db'}"
        with open_ledger(state) as ledger:
            fill(ledger, given.known)
        subprocess.run([sys.executable, __file__, "--state", state, "--times", str(given.times)], check=True)


if __name__ == "__main__":
    main()
