"""`scrapy crawl foreign_affairs`."""

from __future__ import annotations

from alqahira import site
from alqahira.crawling.section import SectionSpider


class ForeignAffairsSpider(SectionSpider):
    """The section `foreign_affairs` of `alqahira/site.py`."""

    name = "foreign_affairs"
    section = site.SECTIONS[name]
