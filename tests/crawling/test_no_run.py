"""Scrapy's own commands and other spiders open no ledger."""

import json
import os
import shutil
import subprocess
import sys
from urllib.parse import quote

import pytest
from scrapy_process import PROJECT, UNTHROTTLED, scrapy

from spiders.defense import DefenseSpider


@pytest.mark.parametrize("arguments", [("fetch",), ("fetch", "--spider=defense"), ("parse", "--spider=defense")])
def test_scrapys_own_command_opens_no_ledger(arguments, replica, tmp_path):
    server = replica()
    folder = tmp_path / "output"
    settings = UNTHROTTLED | {"ALQAHIRA_OUTPUT_DIR": str(folder), "ALQAHIRA_SITE_URL": server.url}
    ran = scrapy(*arguments, f"{server.url}/news/61001", settings=settings)
    assert ran.status == 0, ran.stderr
    assert not folder.exists()
    assert any(path.startswith("/news/61001") for path in server.paths())


def test_another_spider_opens_no_ledger(replica, tmp_path):
    server = replica()
    (tmp_path / "other.py").write_text(
        f"import scrapy\n\n\nclass Other(scrapy.Spider):\n    name = 'other'\n    start_urls = ['{server.url}/']\n\n"
        "    def parse(self, response):\n        yield {'status': response.status}\n"
    )
    settings = UNTHROTTLED | {"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output"), "ALQAHIRA_SITE_URL": server.url}
    ran = scrapy("runspider", str(tmp_path / "other.py"), "-O", str(tmp_path / "x.jsonl"), settings=settings)
    assert ran.status == 0, ran.stderr
    assert not (tmp_path / "output").exists()


def test_section_run_from_its_file_ends_with_one_line_that_names_the_command(replica, tmp_path):
    settings = UNTHROTTLED | {"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output"), "ALQAHIRA_SITE_URL": replica().url}
    ran = scrapy("runspider", "spiders/defense.py", settings=settings)
    assert (ran.status, ran.lines) == (2, ["alqahira: a section is crawled by scrapy crawl defense"])
    assert not (tmp_path / "output").exists()


def test_parse_prints_the_record_of_an_article(replica, tmp_path):
    server = replica()
    truth = server.truth()["61001"]
    settings = UNTHROTTLED | {"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output"), "ALQAHIRA_SITE_URL": server.url}
    feed = tmp_path / "x.jsonl"
    ran = scrapy("parse", "--spider=defense", "-o", str(feed), f"{server.url}/news/61001", settings=settings)
    assert ran.status == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    (record,) = map(json.loads, feed.read_text("utf-8").splitlines())
    assert record["headline"] == truth.headline
    assert record["topics"] == sorted(truth.topics)
    assert f"'headline': '{record['headline'][:10]}" in ran.stdout
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ((), "alqahira: name the spider: scrapy parse --spider=defense URL"),
        (("--spider=defence",), "alqahira: no spider 'defence'; there are defense, foreign_affairs"),
    ],
)
def test_parse_without_a_spider_says_so(options, line):
    ran = scrapy("parse", "--nolog", *options, "http://127.0.0.1:9/news/1")
    assert (ran.status, ran.lines) == (2, [line])


def test_parse_prints_the_links_of_a_listing(replica, tmp_path):
    server = replica()
    settings = UNTHROTTLED | {"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output"), "ALQAHIRA_SITE_URL": server.url}
    listing = f"{server.url}/category/{quote(DefenseSpider.section.categories.value[0])}"
    ran = scrapy("parse", "--spider=defense", "--nocolour", listing, settings=settings)
    assert ran.status == 0, ran.stderr
    assert ran.stdout.count(f"<GET {server.url}/news/") > 3
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize(
    ("path", "code", "shown"),
    [
        ("/news/61001", "article.article_id, article.topics", "('61001', ['defense'])"),
        ("/", "article", "None"),
        ("/robots.txt", "article", "None"),
    ],
)
def test_shell_has_the_article_of_the_page(path, code, shown, replica, tmp_path):
    server = replica()
    settings = {"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output"), "ALQAHIRA_SITE_URL": server.url}
    ran = scrapy("shell", "--nolog", "-c", code, server.url + path, settings=settings)
    assert (ran.status, ran.stdout.strip()) == (0, shown)
    assert not (tmp_path / "output").exists()


def test_bench_crawls_its_own_server_and_nothing_else(tmp_path):
    given = {"ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output"), "CLOSESPIDER_PAGECOUNT": "5"}
    ran = scrapy("bench", settings=given)
    assert ran.status == 0, ran.stderr
    assert "Spider closed (closespider_pagecount)" in ran.stderr
    assert not (tmp_path / "output").exists()


@pytest.mark.chaos
def test_spider_of_genspider_is_crawled_without_a_run(replica, tmp_path):
    server = replica()
    project = tmp_path / "project"
    for name in ("alqahira", "spiders", "pipelines"):
        shutil.copytree(PROJECT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "scrapy.cfg", project)

    def inside(*arguments):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ALQAHIRA_")}
        own = {"PYTHONPATH": str(project), "ALQAHIRA_SITE_URL": server.url, "ALQAHIRA_ALERT_URLS": "json://127.0.0.1:1"}
        command = [sys.executable, "-m", "scrapy", *arguments]
        return subprocess.run(command, cwd=project, env=clean | own, capture_output=True, text=True, check=False)

    assert inside("genspider", "example", server.url).returncode == 0
    ran = inside("crawl", "example", "-a", "anything=1", "-O", "x.jsonl", "-s", "DOWNLOAD_DELAY=0")
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "Alert" not in ran.stderr
    assert any(path == "/" for path in server.paths())
    assert not (project / "output").exists()
