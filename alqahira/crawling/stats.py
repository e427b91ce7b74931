"""Scrapy's stats without a warning of old arguments, which costs more than the counting (docs/performance.md)."""

from __future__ import annotations

from scrapy.statscollectors import MemoryStatsCollector


class PlainStatsCollector(MemoryStatsCollector):
    """Scrapy 2.19 wraps each method to warn of `spider=`, and so looks twice for every attribute, its own too."""

    __getattribute__ = object.__getattribute__
