"""A run without the project's own extensions and pipelines would keep nothing, so it is refused."""

from __future__ import annotations

import pytest
from scrapy.settings import Settings
from scrapy_process import scrapy

from alqahira import settings as own
from alqahira.crawling.components import check_components
from alqahira.crawling.extensions.feeds import Feeds
from alqahira.exceptions import ConfigurationError

FEEDS = "alqahira.crawling.extensions.feeds.Feeds"


class OwnFeeds(Feeds):
    pass


def settings_with(**given):
    settings = Settings()
    settings.setmodule(own)
    settings.setdict(given, priority="cmdline")
    return settings


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"EXTENSIONS": {}}, "EXTENSIONS lacks alqahira.crawling.extensions.run.RunExtension: add to the project's"),
        (
            {"EXTENSIONS": own.EXTENSIONS | {FEEDS: None}, "FEEDS": {"x": {"format": "csv"}}},
            f"EXTENSIONS lacks {FEEDS}",
        ),
        ({"ITEM_PIPELINES": {"pipelines.normalize.Normalize": 1}}, "ITEM_PIPELINES lacks pipelines.archive.Archive"),
        ({"ITEM_PIPELINES": own.ITEM_PIPELINES | {"nowhere.Mine": 1}}, "ITEM_PIPELINES: No module named 'nowhere'"),
        ({"ITEM_PIPELINES": own.ITEM_PIPELINES | {"nowhere": 1}}, "ITEM_PIPELINES: Error loading object 'nowhere'"),
    ],
)
def test_what_is_missing_is_named(given, problem):
    with pytest.raises(ConfigurationError) as refused:
        check_components(settings_with(**given))
    assert str(refused.value).startswith(problem)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"EXTENSIONS": own.EXTENSIONS | {"scrapy.extensions.corestats.CoreStats": 5}},
        {"EXTENSIONS": own.EXTENSIONS | {"alqahira.crawling.extensions.progress.Progress": None}},
        {"EXTENSIONS": own.EXTENSIONS | {FEEDS: None, OwnFeeds: 0}},
    ],
)
def test_others_may_be_added(given):
    check_components(settings_with(**given))


@pytest.mark.parametrize("name", ["EXTENSIONS", "ITEM_PIPELINES"])
def test_crawl_is_refused_before_anything_is_made(name, tmp_path):
    folder = tmp_path / "output"
    ran = scrapy("crawl", "defense", settings={name: "{}", "ALQAHIRA_OUTPUT_DIR": str(folder)})
    assert (ran.status, len(ran.lines)) == (2, 1)
    assert ran.lines[0].startswith(f"alqahira: {name} lacks ")
    assert not folder.exists()
