"""Each run writes its figures for Prometheus, named by Prometheus' conventions."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.request
from datetime import UTC, datetime
from urllib.error import URLError

import pytest
from prometheus_client.parser import text_string_to_metric_families

from alqahira.ledger import open_ledger

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def metrics_of(corpus):
    return corpus.folder.parent / "textfile"


def samples(path):
    """(name, labels) -> value, of every metric but the versions."""
    families = list(text_string_to_metric_families(path.read_text()))
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_info")
    }


def value(series, name, **labels):
    return series[name, tuple(sorted(labels.items()))]


def test_each_spider_has_one_metrics_file(crawled):
    names = {path.name for path in metrics_of(crawled).iterdir()}
    assert names == {"alqahira-defense.prom", "alqahira-foreign_affairs.prom"}


def test_metrics_equal_the_account(crawled):
    series = samples(metrics_of(crawled) / "alqahira-defense.prom")
    with open_ledger(f"sqlite:///{crawled.folder / 'state.db'}", read_only=True) as ledger:
        (run, _) = ledger.ended_runs(_LONG_AGO)
    articles = {key: n for key, n in series.items() if key[0] == "alqahira_run_articles"}
    assert sum(articles.values()) == run.account["discovered"] > 0
    for cause, n in run.account["causes"]["off_topic"].items():
        assert value(series, "alqahira_run_articles", spider="defense", outcome="off_topic", cause=cause) == n
    assert value(series, "alqahira_run_exit_status", spider="defense") == 0
    assert value(series, "alqahira_run_monitor_failed", spider="defense", monitor="listings_answered") == 0
    assert value(series, "alqahira_last_complete_run_start_timestamp_seconds", spider="defense") > time.time() - 3600


def test_names_follow_prometheus_conventions(crawled):
    for family in text_string_to_metric_families((metrics_of(crawled) / "alqahira-defense.prom").read_text()):
        assert family.name.startswith("alqahira_")
        assert family.type == "gauge"  # figures of a run, which may fall
        assert not family.name.endswith("_total")
        assert family.documentation.endswith(".")


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs Debian's package prometheus")
def test_promtool_accepts_the_metrics(crawled):
    for path in metrics_of(crawled).iterdir():
        done = subprocess.run(
            ["promtool", "check", "metrics"], input=path.read_bytes(), capture_output=True, check=False, timeout=200
        )
        assert (done.returncode, done.stdout + done.stderr) == (0, b"")


@pytest.mark.skipif(not shutil.which("prometheus-node-exporter"), reason="needs prometheus-node-exporter")
def test_node_exporter_serves_the_metrics(crawled):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    exporter = subprocess.Popen(
        [
            "prometheus-node-exporter",
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={metrics_of(crawled)}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        served = scrape(f"http://127.0.0.1:{port}/metrics")
    finally:
        exporter.terminate()
        exporter.wait(200)
    series = {
        (sample.name, sample.labels.get("spider")): sample.value
        for family in text_string_to_metric_families(served)
        for sample in family.samples
    }
    assert series["node_textfile_scrape_error", None] == 0
    assert series["alqahira_run_complete", "defense"] == series["alqahira_run_complete", "foreign_affairs"] == 1


def scrape(url, *, seconds=200):
    """The content of the URL, as soon as its server is up."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=200) as answer:
                return answer.read().decode()
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
