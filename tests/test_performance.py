"""The cost of a page, an article and a run, as counts and ratios that do not depend on the machine's load.

Bounds are about 1.5 times the measured cost (docs/performance.md), so that twice the work fails. A whole run's bound
does not notice that one step costs twice as much, so each step has its own.
"""

from __future__ import annotations

import cProfile
import itertools
import pstats
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from itertools import groupby, islice
from pathlib import Path
from time import process_time

import pytest
from ledger_scenario import NOW, crawled, link
from lxml import etree

from alqahira.article import rfc3339
from alqahira.extraction.extractor import extract_article, read_page
from alqahira.extraction.urls import article_number
from alqahira.ledger import open_ledger, tables
from alqahira.monitoring.history import earlier_runs
from alqahira.publishing.parts import Publisher
from alqahira.text.entities import match_entities
from alqahira.text.near_duplicates import fingerprint
from alqahira.text.topics import match_topics

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))

import a_year
import extraction_speed
import ledger_scale
import whole_run

pytestmark = pytest.mark.perf
ROOT = Path(__file__).parent.parent

CALLS_A_PAGE, CALLS_BY_MARKUP, CALLS_FOR_TOPICS, CALLS_FOR_ENTITIES = 1_150, 2_000, 2_700, 250
CALLS_TO_ACCEPT, CALLS_TO_SKIP = 480, 180
PARSES_A_PAGE, PARSES_BY_MARKUP = 2.0, 4.0
TIMES_BARE_SCRAPY, TIMES_ITS_MEMORY = 2.5, 1.5


def calls(do: Callable[[], object]) -> int:
    """The number of function calls, Python's and C's."""
    do()  # loads modules and fills caches
    profile = cProfile.Profile()
    profile.runcall(do)
    return pstats.Stats(profile).total_calls  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def pages():
    return extraction_speed.pages_of(100, count=30)


def test_reading_a_page_takes_few_calls(pages):
    made = calls(lambda: [extract_article(html, url, now=extraction_speed.NOW) for url, html in pages])
    assert made / len(pages) < CALLS_A_PAGE


def test_reading_a_page_by_markup_takes_few_calls(pages):
    by_markup = extraction_speed.by_markup(pages)
    made = calls(lambda: [extract_article(html, url, now=extraction_speed.NOW) for url, html in by_markup])
    assert made / len(pages) < CALLS_BY_MARKUP


def test_page_with_page_data_is_not_parsed(pages, monkeypatch):
    monkeypatch.setattr(etree, "fromstring", None)
    for url, html in pages:
        assert read_page(html, url, now=extraction_speed.NOW, check_share=0).article


def test_page_is_parsed_once(pages, monkeypatch):
    parsed = []
    parse = etree.fromstring
    monkeypatch.setattr(etree, "fromstring", lambda *given, **named: parsed.append(given[0]) or parse(*given, **named))
    for url, html in pages:
        assert read_page(html, url, now=extraction_speed.NOW, check_share=1).article
    assert len(parsed) == len(pages)


def test_page_costs_few_bare_parses(pages):
    for given, bound in ((pages, PARSES_A_PAGE), (extraction_speed.by_markup(pages), PARSES_BY_MARKUP)):
        costs = [extraction_speed.beside_a_parse(given, seconds=0) for _ in range(5)]
        assert min(mine / bare for mine, bare in costs) < bound


def test_cost_grows_linearly_with_page_size(pages):
    larger = extraction_speed.pages_of(300, count=30)

    def cost(of):
        began = process_time()
        for url, html in of:
            extract_article(html, url, now=extraction_speed.NOW)
        return process_time() - began

    cost(pages)
    assert min(cost(larger) / cost(pages) for _ in range(5)) < 4


def test_finding_topics_takes_few_calls(pages):
    articles = [extract_article(html, url, now=extraction_speed.NOW) for url, html in pages]
    made = calls(lambda: [match_topics(a.headline, a.article_body, a.keywords) for a in articles])
    assert made / len(articles) < CALLS_FOR_TOPICS


def test_finding_states_and_organizations_takes_few_calls(pages):
    articles = [extract_article(html, url, now=extraction_speed.NOW) for url, html in pages]
    made = calls(lambda: [match_entities(a.headline, a.article_body) for a in articles])
    assert made / len(articles) < CALLS_FOR_ENTITIES


def statements(ledger, do):
    """The statements that SQLite runs; consecutive inserts into a table count once."""
    traced = []
    with ledger.transaction() as connection:
        driver = connection.connection.driver_connection
    driver.set_trace_callback(traced.append)
    do()
    driver.set_trace_callback(None)
    queries = [statement for statement in traced if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))]
    return [key for key, _ in groupby(queries, key=lambda statement: statement.partition(" VALUES")[0])]


def test_article_takes_few_statements(tmp_path):
    item = crawled(1)
    own = fingerprint(item.article.article_body)
    with open_ledger(f"sqlite:///{tmp_path / 'state.db'}") as ledger:
        ledger.discover([link(1), link(2)], section="defense", run_id="run", now=NOW)
        accepting = statements(ledger, lambda: ledger.accept(item, own, near_duplicates="drop"))
        skipping = statements(ledger, lambda: ledger.skip(crawled(2)))
    assert (len(accepting), len(skipping)) == (8, 3)


def test_article_takes_few_calls(tmp_path):
    """Building statements anew for every article adds calls, but no statements."""
    items = [crawled(number) for number in range(40)]
    for item in items:
        article_number(item.fetch.url)  # as the spider has, whose answer is cached
    prints = [fingerprint(item.article.article_body) for item in items]
    with open_ledger(f"sqlite:///{tmp_path / 'state.db'}") as ledger:
        ledger.discover([link(number) for number in range(40)], section="defense", run_id="run", now=NOW)
        waiting = iter(range(40))

        def accept():
            for number in islice(waiting, 10):
                ledger.accept(items[number], prints[number], near_duplicates="drop")

        def skip():
            for number in islice(waiting, 10):
                ledger.skip(items[number])

        assert calls(accept) / 10 < CALLS_TO_ACCEPT
        assert calls(skip) / 10 < CALLS_TO_SKIP


def test_sealing_opens_equally_few_files_for_many_articles(tmp_path):
    opened = []
    is_counting = False
    sys.addaudithook(lambda event, given: opened.append(given) if is_counting and event == "open" else None)
    counts = []
    for known in (10, 200):
        with open_ledger(f"sqlite:///{tmp_path / str(known)}.db") as ledger:
            ledger_scale.fill(ledger, known)
            unpublished(ledger)
            parts = publisher(ledger, tmp_path / str(known), max_rows=1_000)
            opened.clear()
            is_counting = True
            parts.seal_all()
            is_counting = False
            counts.append(len(opened))
    assert counts[0] == counts[1] > 0


def test_sealing_holds_one_part_in_memory(tmp_path):
    def peak(known):
        with open_ledger(f"sqlite:///{tmp_path / str(known)}.db") as ledger:
            ledger_scale.fill(ledger, known)
            unpublished(ledger)
            parts = publisher(ledger, tmp_path / str(known), max_rows=100)
            tracemalloc.start()
            try:
                parts.seal_all()
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    peak(100)  # loads modules and fills caches
    assert peak(3_000) < 1.5 * peak(300)


def unpublished(ledger):
    """Mark all articles of a filled ledger as unpublished, on one day."""
    with ledger.transaction() as connection:
        connection.execute(tables.parts.delete())
        connection.execute(tables.outbox.update().values(part=None, day="2026-11-24"))


def publisher(ledger, output, *, max_rows):
    return Publisher(ledger, output, max_rows=max_rows, max_age_seconds=300, compress=False)


def test_pending_rows_are_not_counted_for_every_article(tmp_path):
    with open_ledger(f"sqlite:///{tmp_path / 'state.db'}") as ledger:
        parts = publisher(ledger, tmp_path, max_rows=100)
        ledger.discover([link(n) for n in range(40)], section="defense", run_id="run", now=NOW)
        for number in range(40):
            item = crawled(number)
            ledger.accept(item, fingerprint(item.article.article_body), near_duplicates="off")
        queries = statements(ledger, lambda: [parts.seal_due(NOW + timedelta(seconds=n)) for n in range(40)])
    assert len(queries) == 1


def steps_of_one_more(folder, known):
    """SQLite VM instructions for discovering and accepting 20 articles in a ledger of `known` others."""
    with open_ledger(f"sqlite:///{folder / str(known)}.db") as ledger:
        ledger_scale.fill(ledger, known)
        items = [ledger_scale.crawled(number) for number in range(20)]

        def accept():
            for item in items:
                own = fingerprint(item.article.article_body)
                ledger.discover([link_of(item)], section="defense", run_id="run", now=NOW)
                assert ledger.accept(item, own, near_duplicates="drop").is_published

        return steps(ledger, accept)


def steps(ledger, do):
    """The VM instructions that SQLite runs."""
    counted = itertools.count()
    with ledger.transaction() as connection:
        connection.connection.driver_connection.set_progress_handler(lambda: next(counted) < 0, 1)
    do()
    return next(counted)


def steps_of_a_run(folder, earlier):
    """SQLite VM instructions for the queries of a run over runs, the last of so many, one each quarter of an hour."""
    with open_ledger(f"sqlite:///{folder / str(earlier)}.db") as ledger:
        rows = [
            {"run_id": f"{n:06d}", "spider": ("defense", "foreign_affairs")[n % 2], "complete": n + 1, "account": "{}"}
            | dict.fromkeys(("started", "ended"), rfc3339(NOW + n * timedelta(minutes=15)))
            for n in range(earlier)
        ]
        now = NOW + earlier * timedelta(minutes=15)
        with ledger.transaction() as connection:
            connection.execute(tables.runs.insert(), rows)
        earlier_runs(ledger, "defense", now, 30, None)  # the days before are merged once

        def run():
            ledger.latest_time()
            run_id = ledger.start_run("run", "defense", now)
            ledger.discover([link(1)], section="defense", run_id=run_id, now=now)
            ledger.last_completed_run("defense")
            earlier_runs(ledger, "defense", now, 30, None)
            ledger.finish_run(run_id, {}, 0, now, complete=True)
            ledger.forget_runs(NOW, 500)

        return steps(ledger, run)


def test_cost_of_a_run_is_independent_of_earlier_runs(tmp_path):
    few, many = (steps_of_a_run(tmp_path, earlier) for earlier in (200, 20_000))
    assert few > 500
    assert many < 1.3 * few


def read_and_written():
    """The bytes that this process has read and written so far."""
    counted = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counted["rchar"]) + int(counted["wchar"])


def test_run_after_many_costs_as_one_after_few(tmp_path):
    """Function calls, and bytes read and written, of a run's opening, sealing and end, after a day and after weeks."""
    made = {}
    for number in (96, 1_920):
        articles = a_year.Articles()
        a_year.fill(tmp_path / str(number), number, articles)

        def run(folder=tmp_path / str(number), articles=articles):
            a_year.one_run(folder, articles, a_year.Costs())

        run()  # the first of a day removes what is too old
        made[number] = [calls(run)]
        before = read_and_written()
        run()
        made[number].append(read_and_written() - before)
        parts = len(list((tmp_path / str(number)).glob("articles/*/part-*")))
        assert parts < 100 + 4 * 100 + number / a_year.A_DAY
    few, many = made.values()
    assert many[0] < 1.3 * few[0]
    assert many[1] < 2.5 * few[1]


def link_of(item):
    return ledger_scale.Link(item.fetch.key, item.fetch.url)


def test_cost_of_one_more_article_is_independent_of_known_ones(tmp_path):
    few, many = (steps_of_one_more(tmp_path, known) for known in (500, 20_000))
    assert few > 1_000
    assert many < 1.3 * few


def test_run_costs_little_more_than_bare_scrapy():
    cpu, memory, *_ = whole_run.measure(articles=300, rounds=2)
    assert min(cpu.ratios) < TIMES_BARE_SCRAPY
    assert min(memory.ratios) < TIMES_ITS_MEMORY


_CRAWL = """
from scrapy.spiderloader import get_spider_loader
from scrapy.utils.misc import load_object, walk_modules_iter
from scrapy.utils.project import get_project_settings
settings = get_project_settings()
[*walk_modules_iter("alqahira.commands")]
get_spider_loader(settings).load("defense")
lists = ("EXTENSIONS", "DOWNLOADER_MIDDLEWARES", "SPIDER_MIDDLEWARES", "ITEM_PIPELINES")
used = [settings.get_component_priority_dict_with_base(name) for name in lists]
[load_object(name) for each in used for name, priority in each.items() if priority is not None]
[load_object(name) for name in settings.getdict("DOWNLOAD_HANDLERS").values()]
"""


def test_crawl_loads_nothing_that_only_others_use():
    others = ("jinja2", "warcio", "apprise", "prometheus_client", "jsonschema", "trafilatura", "pygal", "pyarrow")
    others += ("playwright", "scrapy_playwright", "psycopg", "asyncpg", "boto3", "botocore", "duckdb", "aiohttp")
    parts = (
        "scrapy.extensions.telnet",
        "alqahira.monitoring.report.collect",
        "alqahira.doctor",
        "alqahira.replica",
        "scrapy.exporters",
    )
    assert loaded_by(_CRAWL, *others, *parts) == []


def test_collector_does_not_walk_what_settings_have_loaded():
    code = "import alqahira.settings, gc; print(gc.get_freeze_count(), len(gc.get_objects()))"
    frozen, walked = map(int, subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split())
    assert frozen > 20 * walked


def loaded_by(code, *names):
    code += f"\nimport sys; print(*(name for name in {names} if name in sys.modules))"
    return subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).split()
