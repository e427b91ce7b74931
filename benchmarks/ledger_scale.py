"""The cost of one more accepted article in a ledger of 1,000 and of 1,000,000 known articles.

    python benchmarks/ledger_scale.py [--known 1000 1000000] [--accepts 300] [--rounds 5] [--folder /tmp]
    python benchmarks/ledger_scale.py --state FILE    of a filled ledger: CPU ms, wall ms and peak MB as one JSON list

Each ledger is filled in bulk with articles as after a crawl: record, page, outbox row, 32 bands. Then new articles are
discovered and accepted in rounds; CPU and wall time per article of the median round are printed. A million articles
take about 5 GB below --folder, removed at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

from measure import peak_of

from alqahira.article import Article, to_json_line, to_record
from alqahira.extraction.items import ArticleItem, Fetch
from alqahira.ledger import Ledger, open_ledger
from alqahira.ledger.frontier import Link, RevisitSchedule
from alqahira.ledger.stored_records import pack
from alqahira.replica.generator import FIRST_NUMBER, Generator
from alqahira.text.near_duplicates import BANDS, content_hash, fingerprint

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SCHEDULE = [(1, 2), (3, 12), (7, 24), (30, 168), (365, 2160)]
_GENERATOR = Generator(date(2026, 11, 24))
_ROWS_PER_INSERT = 20_000


def crawled(number: int) -> ArticleItem:
    """Article `number` of the replica's generator, as an item of the spider."""
    made = _GENERATOR.article(FIRST_NUMBER + number)
    body = "\n\n".join(block.text for block in made.blocks)
    url = f"https://alqaheranews.net/news/{made.number}/x"
    article = Article(
        article_id=str(made.number),
        url=url,
        headline=made.headline,
        article_body=body,
        date_published=NOW,
        date_published_source="jsonld",
        topics=["defense"],
        word_count=len(body.split()),
        content_hash=content_hash(made.headline, body),
        layout="site",
        date_first_seen=NOW,
        date_crawled=NOW,
        run_id="benchmark",
    )
    return ArticleItem(article=article, fetch=Fetch(key=str(made.number), url=url, fetched=NOW, etag='"x"'))


def fill(ledger: Ledger, known: int) -> None:
    """Insert so many articles, older than all later ones; texts repeat, keys and bands do not."""
    random = Random(1)
    templates = [crawled(10_000_000 + n).article for n in range(200)]
    lines = [to_json_line(to_record(article)).split(article.article_id) for article in templates]
    raw = ledger.engine.raw_connection()
    cursor = raw.cursor()
    for start in range(0, known, _ROWS_PER_INSERT):
        numbers = range(start, min(known, start + _ROWS_PER_INSERT))
        rows = [_rows(n, lines[n % 200], random) for n in numbers]
        cursor.execute("begin")
        cursor.executemany("insert into articles values (?,?,?,?,?,?,?,?)", [row[0] for row in rows])
        cursor.executemany(
            "insert into pages (key, url, section, state, first_run, complete_before, etag, last_visit, next_visit, "
            "attempts, article_id) values (?,?,?,?,?,?,?,?,?,?,?)",
            [row[1] for row in rows],
        )
        into = "insert into outbox (article_id, revision, day, accepted, part) values (?,?,?,?,?)"
        cursor.executemany(into, [row[2] for row in rows])
        raw.commit()
    # In the order of the key: a million articles' bands in random order would take an hour.
    for chunk in _sorted_bands(known):
        cursor.execute("begin")
        cursor.executemany("insert into bands values (?,?)", chunk)
        raw.commit()
    raw.close()


def _rows(n: int, line: list[str], random: Random) -> tuple[tuple[object, ...], ...]:
    key = f"9{n:08d}"
    moment = NOW - timedelta(minutes=10 * (n % 500_000))
    stamp = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    article = (key, 1, "accepted", f"{random.getrandbits(256):064x}", None, stamp, stamp, pack(key.join(line)))
    url = f"https://alqaheranews.net/news/{key}/x"
    page = (key, url, "defense", "done", "run", 1, '"x"', stamp, None, 0, key)
    return article, page, (key, 1, stamp[:10], stamp, n // 5_000 + 1)


def _sorted_bands(known: int) -> Iterator[list[tuple[int, str]]]:
    """Every article's bands, ascending and evenly over the range of 63 bits."""
    total = known * BANDS
    width = (1 << 63) // max(1, total)
    random, step = Random(2), 7919  # a prime, so that the bands of an article are far apart
    for start in range(0, total, 500_000):
        yield [
            (place * width + random.randrange(max(1, width)), f"9{(place * step) % known:08d}")
            for place in range(start, min(total, start + 500_000))
        ]


def measure(ledger: Ledger, accepts: int, rounds: int, first: int = 0) -> tuple[float, float]:
    """Median CPU and wall milliseconds per article over the rounds, without the first, which warms up."""
    cpu, wall = [], []
    number = first
    for _ in range(rounds + 1):
        batch = [crawled(number + n) for n in range(accepts)]
        number += accepts
        prints = [fingerprint(item.article.article_body) for item in batch]
        cpu_began, wall_began = time.process_time(), time.perf_counter()
        for item, text_print in zip(batch, prints, strict=True):
            ledger.discover([Link(item.fetch.key, item.fetch.url)], section="defense", run_id="run", now=NOW)
            verdict = ledger.accept(item, text_print, near_duplicates="drop")
            assert verdict.is_published, verdict
        cpu.append((time.process_time() - cpu_began) / accepts * 1000)
        wall.append((time.perf_counter() - wall_began) / accepts * 1000)
    return statistics.median(cpu[1:]), statistics.median(wall[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--known", type=int, nargs="+", default=[1_000, 1_000_000])
    parser.add_argument("--accepts", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the ledgers are made; the system's own by default")
    parser.add_argument("--state", type=Path, help="a filled ledger")
    given = parser.parse_args()
    if given.state:
        with open_ledger(f"sqlite:///{given.state}", revisit=RevisitSchedule.from_steps(SCHEDULE)) as ledger:
            # Above all numbers that earlier calls have accepted.
            costs = measure(ledger, given.accepts, given.rounds, first=ledger.record_count())
        print(json.dumps([*costs, peak_of(os.getpid())]))
        return
    costs = []
    print(f"{'known articles':>15}{'state, MB':>11}{'CPU ms':>9}{'wall ms':>9}   per accepted article")
    for known in given.known:
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            state = Path(folder) / "state.db"
            with open_ledger(f"sqlite:///{state}", revisit=RevisitSchedule.from_steps(SCHEDULE)) as ledger:
                fill(ledger, known)
            with open_ledger(f"sqlite:///{state}", revisit=RevisitSchedule.from_steps(SCHEDULE)) as ledger:
                costs.append(measure(ledger, given.accepts, given.rounds))
                size = state.stat().st_size / 1e6
        print(f"{known:15,}{size:11,.0f}{costs[-1][0]:9.2f}{costs[-1][1]:9.2f}", flush=True)
    cpu, wall = (costs[-1][side] / costs[0][side] for side in (0, 1))
    print(f"ratio of the last to the first: CPU {cpu:.2f}, wall {wall:.2f}")


if __name__ == "__main__":
    main()
