"""`scrapy crawl defense`."""

from __future__ import annotations

from alqahira import site
from alqahira.crawling.section import SectionSpider


class DefenseSpider(SectionSpider):
    """The section `defense` of `alqahira/site.py`."""

    name = "defense"
    section = site.SECTIONS[name]
