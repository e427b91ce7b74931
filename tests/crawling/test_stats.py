"""The project's stats count what Scrapy's own count, and warn of nothing."""

import pytest
from scrapy.statscollectors import MemoryStatsCollector
from scrapy.utils.misc import load_object
from scrapy.utils.project import get_project_settings
from scrapy.utils.test import get_crawler

from alqahira.crawling.stats import PlainStatsCollector


def counted(collector):
    stats = collector(get_crawler())
    stats.inc_value("downloader/request_count")
    stats.inc_value("downloader/request_count", 2)
    stats.max_value("memusage/max", 7)
    stats.min_value("latency/min", 3)
    stats.set_value("finish_reason", "finished")
    return stats.get_stats(), stats.get_value("downloader/request_count"), stats.get_value("absent", 0)


def test_what_is_counted_is_what_scrapys_own_stats_count():
    assert counted(PlainStatsCollector) == counted(MemoryStatsCollector)


@pytest.mark.filterwarnings("error")
def test_a_component_that_still_names_its_spider_is_heard():
    stats = PlainStatsCollector(get_crawler())
    stats.inc_value("custom/pages", spider=object())
    assert stats.get_value("custom/pages") == 1


def test_a_run_counts_in_them():
    assert load_object(get_project_settings()["STATS_CLASS"]) is PlainStatsCollector
