"""A corpus after a year of runs, one every quarter of an hour: what a run's bookkeeping costs, and what a load costs.

    python benchmarks/a_year.py [--runs 100 1000 10000 35000] [--rounds 20] [--folder /tmp] [--no-load]

Each corpus is one of so many runs, a hundred new articles a day, the last run a quarter of an hour ago. It is made by
the project's own ledger and publisher; only the rows of its runs and their summaries are written in bulk. Then so many
runs of one new article are opened, sealed and ended as a crawl does it, without a network: CPU milliseconds, median.
The loads are those of docs/warehouses/duckdb.md, each in a process of its own: of everything, and of what is new when
nothing is.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from types import SimpleNamespace

from ledger_scale import crawled
from measure import ROOT, Command, run
from scrapy.crawler import Crawler
from scrapy.extension import ExtensionManager
from scrapy.settings import Settings
from scrapy.statscollectors import MemoryStatsCollector

from alqahira.article import rfc3339
from alqahira.crawling.extensions.run import run_report, run_verdict
from alqahira.crawling.retention import SUMMARIES_FOLDER
from alqahira.crawling.run import Run
from alqahira.extraction.items import ArticleItem, Fetch
from alqahira.ledger import Ledger, open_ledger
from alqahira.ledger.decisions import Outcome
from alqahira.ledger.frontier import Link
from alqahira.ledger.tables import runs
from alqahira.monitoring.run_stats import TRACED_FIELDS, RunStats
from alqahira.publishing.parts import Publisher
from alqahira.settings.configuration import Configuration
from alqahira.text.near_duplicates import Fingerprint, fingerprint
from pipelines.publish import Publish
from spiders.defense import DefenseSpider

RUNS, ROUNDS = (100, 1_000, 10_000, 35_000), 20
EVERY, A_DAY, ARTICLES_A_DAY = timedelta(minutes=15), 96, 100
_SPIDER = DefenseSpider.name
_TEXTS = 200
_DEFAULTS = SimpleNamespace(**{name: field.default for name, field in Configuration.model_fields.items()})


class Articles:
    """Articles of a few hundred texts, so that a year is made in minutes; each has a number of its own."""

    def __init__(self) -> None:
        self._items = [crawled(n) for n in range(_TEXTS)]
        self._prints = [fingerprint(item.article.article_body) for item in self._items]
        self._next = 0

    def one(self, when: datetime, run_id: str) -> tuple[ArticleItem, Fingerprint]:
        """The next article, fetched then. One in twenty was published days before, one in a hundred has no date."""
        number, self._next = self._next, self._next + 1
        item, own = self._items[number % _TEXTS], self._prints[number % _TEXTS]
        article, key = item.article, str(70_000_000 + number)
        article.article_id, article.url = key, f"https://alqaheranews.net/news/{key}/x"
        article.content_hash, article.run_id, article.revision = f"{number:064x}", run_id, 1
        late = timedelta(days=1 + number % 3) if number % 20 == 0 else timedelta(minutes=30)
        article.date_published = None if number % 100 == 7 else when - late
        article.date_published_source = "page_data" if article.date_published else None
        article.date_first_seen = article.date_crawled = when
        fetch = Fetch(key=key, url=article.url, fetched=when, etag='"x"')
        return ArticleItem(article=article, fetch=fetch), own


def account() -> str:
    """The account of a run that accepted an article, as in the ledger."""
    stats = RunStats()
    stats.finish("1", Outcome.ACCEPTED)
    for number in range(40):
        stats.finish(f"known {number}", Outcome.UNCHANGED, "not_due")
    stats.count_sources(dict.fromkeys(TRACED_FIELDS, "page_data"))
    stats.listings.update(asked=12, answered=12, sitemaps=2)
    return json.dumps(stats.as_dict() | {"reason": "finished", "monitors_failed": []})


def fill(output: Path, number: int, articles: Articles) -> None:
    """A corpus as so many runs have left it."""
    of_each = {"spider": _SPIDER, "exit_status": 0, "account": account()}
    summary = (json.dumps({**json.loads(of_each["account"]), "filled": "x" * 1_500}) + "\n").encode()
    (output / SUMMARIES_FOLDER).mkdir(parents=True)
    now = datetime.now(UTC).replace(microsecond=0)
    begin, kept = now - EVERY * number, now - timedelta(days=_DEFAULTS.keep_summaries_days)
    with open_ledger(f"sqlite:///{output / 'state.db'}") as ledger:
        # Two rows a part: what a run of a quarter of an hour seals.
        of_runs, compacting = (
            Publisher(ledger, output, max_rows=n, max_age_seconds=300, compress=False) for n in (2, 5_000)
        )
        of_runs.recover()
        for first in range(0, number, A_DAY):
            rows = []
            for n in range(first, min(number, first + A_DAY)):
                started = begin + EVERY * n
                times = {"started": rfc3339(started), "ended": rfc3339(started + timedelta(minutes=1))}
                rows.append({**of_each, **times, "run_id": f"{started:%Y%m%dT%H%M%SZ}-{_SPIDER}", "complete": n + 1})
                if started > kept:  # the summaries of earlier days are joined
                    name = f"{started:%Y%m%d}.jsonl" if started.date() < now.date() else f"{rows[-1]['run_id']}.json"
                    with (output / SUMMARIES_FOLDER / name).open("ab") as file:
                        file.write(summary)
            with ledger.transaction() as connection:
                connection.execute(runs.insert(), rows)
            for n in range(ARTICLES_A_DAY * len(rows) // A_DAY):
                when = begin + EVERY * first + n * timedelta(days=1) / ARTICLES_A_DAY
                accept(ledger, *articles.one(when, rows[0]["run_id"]))
            ended = begin + EVERY * (first + len(rows))
            of_runs.seal_all(ended)
            rest, grace = timedelta(days=_DEFAULTS.compact_after_days), timedelta(hours=_DEFAULTS.compact_grace_hours)
            compacting.compact(ended, rest=rest, grace=grace)


def accept(ledger: Ledger, item: ArticleItem, own: Fingerprint) -> None:
    fetch = item.fetch
    ledger.discover([Link(fetch.key, fetch.url)], section=_SPIDER, run_id=item.article.run_id, now=fetch.fetched)
    assert ledger.accept(item, own, near_duplicates="off").is_published


# --- a run ----------------------------------------------------------------------------------------


@dataclass
class Costs:
    """CPU milliseconds of each step of each run."""

    steps: dict[str, list[float]] = field(default_factory=lambda: {"open": [], "seal": [], "end": []})

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.steps[step].append((time.process_time() - began) * 1000)

    def medians(self) -> dict[str, float]:
        return {step: statistics.median(each) for step, each in self.steps.items()}


def one_run(output: Path, articles: Articles, costs: Costs) -> None:
    """A run of one new article, but for Scrapy: what `RunExtension` and the pipelines do with the ledger."""
    settings = Settings({"ALQAHIRA_OUTPUT_DIR": str(output), "ALQAHIRA_STATE_URL": "", "LOG_ENABLED": False})
    crawler = Crawler(DefenseSpider, settings)
    crawler.stats = MemoryStatsCollector(crawler)
    crawler._extensions = ExtensionManager(crawler=crawler)  # none, as there are no feeds
    with costs.of("open"):
        opened = Run(crawler)
        opened.run_id = opened.ledger.start_run(opened.run_id, _SPIDER, opened.started)
    item, own = articles.one(opened.started, opened.run_id)
    accept(opened.ledger, item, own)
    opened.stats.finish(item.fetch.key, Outcome.ACCEPTED)
    opened.stats.count_sources(dict.fromkeys(TRACED_FIELDS, "page_data"))
    opened.stats.listings.update(asked=12, answered=12)
    with costs.of("seal"):
        Publish(crawler, opened).close_spider()
    with costs.of("end"):
        ended = datetime.now(UTC)
        spider = SimpleNamespace(name=_SPIDER, arguments=None)
        verdict = run_verdict(opened, spider, "finished")  # type: ignore[arg-type]
        account = {**verdict.figures.account, "reason": "finished", "monitors_failed": []}
        opened.ledger.finish_run(opened.run_id, account, verdict.exit_status, ended, complete=verdict.complete)
        opened.ledger.close()
        run_report(opened, verdict, ended)


# --- a load ---------------------------------------------------------------------------------------

_LOAD = """
import re, sys
from pathlib import Path
import duckdb
page, section = Path(sys.argv[1]).read_text("utf-8"), sys.argv[3]
code = re.search(rf"## {section}.*?```(?:sql|python)\\n(.*?)```", page, re.S)[1]
db = duckdb.connect("warehouse.duckdb")
db.execute(Path(sys.argv[2]).read_text("utf-8").replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS "))
exec(code) if section == "What is new" else db.execute(code)
"""


def load(folder: Path, section: str) -> tuple[float, float]:
    """CPU seconds and peak MB of a documented load of `folder`/output."""
    table = ROOT / "docs" / "schema" / "articles.duckdb.sql"
    used = run(Command(["-c", _LOAD, ROOT / "docs" / "warehouses" / "duckdb.md", table, section], cwd=folder))
    return used.cpu, used.peak


def measure(numbers: Sequence[int], rounds: int, folder: Path, *, is_loaded: bool) -> dict[int, dict[str, float]]:
    """The figures of corpora of so many runs, by name; their runs by turns, so that a busy machine slows all alike."""
    articles = {number: Articles() for number in numbers}
    for number in numbers:
        (folder / str(number)).mkdir()
        fill(folder / str(number) / "output", number, articles[number])
    costs = {number: Costs() for number in numbers}
    for _, number in product(range(rounds + 1), numbers):
        one_run(folder / str(number) / "output", articles[number], costs[number])
    return {number: _figures(folder / str(number), costs[number], is_loaded=is_loaded) for number in numbers}


def _figures(folder: Path, costs: Costs, *, is_loaded: bool) -> dict[str, float]:
    output = folder / "output"
    for each in costs.steps.values():
        del each[0]  # loads modules
    files = Counter(path.relative_to(output).parts[0] for path in output.rglob("*") if path.is_file())
    figures = costs.medians() | {
        "all": sum(costs.medians().values()),
        "parts": files["articles"],
        "files": files.total(),
        "manifest KB": (output / "_manifest.json").stat().st_size / 1e3,
        "ledger MB": (output / "state.db").stat().st_size / 1e6,
    }
    if is_loaded:
        figures["load s"], figures["load MB"] = load(folder, "Load")
        load(folder, "What is new")  # all of it once more, since nothing is known of the load above
        figures["nothing new s"], figures["nothing new MB"] = load(folder, "What is new")
    return figures


# --- the page -------------------------------------------------------------------------------------

DOCUMENT, PLOT = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance-year.svg"
BEGIN, END = "<!-- a year: made by `benchmarks/a_year.py --write` -->", "<!-- /a year -->"
# Without indexes, compaction and retention; by this program at commit 2d4df47.
BEFORE: dict[int, dict[str, float]] = {
    100: {
        "open": 25.9,
        "seal": 14,
        "end": 19.7,
        "all": 59.6,
        "parts": 71,
        "files": 191,
        "manifest KB": 15.1,
        "ledger MB": 0.8,
        "load s": 0.3,
        "load MB": 91.7,
        "nothing new s": 0.3,
        "nothing new MB": 92.6,
    },
    1_000: {
        "open": 53.1,
        "seal": 20.2,
        "end": 61.3,
        "all": 134.5,
        "parts": 559,
        "files": 1579,
        "manifest KB": 118.5,
        "ledger MB": 6.4,
        "load s": 0.6,
        "load MB": 211,
        "nothing new s": 0.8,
        "nothing new MB": 209.1,
    },
    10_000: {
        "open": 370.6,
        "seal": 109.6,
        "end": 259.4,
        "all": 739.7,
        "parts": 5398,
        "files": 15418,
        "manifest KB": 1144.1,
        "ledger MB": 62.2,
        "load s": 5.4,
        "load MB": 1422.4,
        "nothing new s": 5.3,
        "nothing new MB": 1423.5,
    },
}
_ROWS = {
    "open": "CPU ms: opening",
    "seal": "CPU ms: sealing",
    "end": "CPU ms: monitors, end, summary",
    "all": "**CPU ms of a run's bookkeeping**",
    "parts": "parts",
    "files": "files in the tree",
    "manifest KB": "KB of manifest",
    "ledger MB": "MB of ledger",
    "load s": "DuckDB: CPU s of a load of everything",
    "load MB": "DuckDB: peak MB of it",
    "nothing new s": "DuckDB: CPU s of a load of nothing new",
    "nothing new MB": "DuckDB: peak MB of it",
}


def table(after: dict[int, dict[str, float]]) -> str:
    """Each figure before and after, at each number of runs."""
    numbers = [f"{number:,} runs" for number in after]
    lines = [f"| before → after | {' | '.join(numbers)} |", f"|---|{'---|' * len(numbers)}"]
    for name, title in _ROWS.items():
        cells = (f"{_shown(BEFORE.get(number, {}).get(name))} → {_shown(after[number].get(name))}" for number in after)
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _shown(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def plot(after: dict[int, dict[str, float]]) -> bytes:
    """CPU of a run's bookkeeping by the number of runs before it, before and after."""
    import pygal
    from pygal.style import Style

    style = Style(font_family="sans-serif", background="white", plot_background="white", colors=("#b0413e", "#2f6f9f"))
    chart = pygal.Bar(style=style, height=320, width=800, print_values=True, js=[], logarithmic=True, no_prefix=True)
    chart.title = "CPU milliseconds of a run's bookkeeping"
    chart.value_formatter = lambda value: f"{value:,.0f}" if value else ""
    chart.x_labels = [f"{number:,} runs" for number in after]
    for name, figures in (("before", BEFORE), ("after", after)):
        chart.add(name, [figures.get(number, {}).get("all") for number in after])
    made: bytes = chart.render()
    return made


def write(after: dict[int, dict[str, float]]) -> None:
    head, _, rest = DOCUMENT.read_text("utf-8").partition(BEGIN)
    DOCUMENT.write_text(f"{head}{BEGIN}\n\n{table(after)}\n\n{END}{rest.partition(END)[2]}", "utf-8")
    PLOT.write_bytes(plot(after))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=RUNS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", type=Path, help="where the corpora are made; the system's own by default")
    parser.add_argument("--no-load", action="store_true", help="no DuckDB")
    parser.add_argument("--write", action="store_true", help="table and plot of docs/performance.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        after = measure(given.runs, given.rounds, Path(folder), is_loaded=not given.no_load)
    for number, figures in after.items():
        print(f"{number:,} runs:", ", ".join(f"{name} {value:,.1f}" for name, value in figures.items()))
    if given.write:
        write(after)


if __name__ == "__main__":
    main()
