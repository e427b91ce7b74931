"""Feeds (`-o`, `-O`, FEEDS), as Scrapy writes them, but one that is not written is noticed, in one line.

What can be checked is checked before the crawl (`check_feeds`); what fails later fails the run (`feeds_written` of
`monitoring/rules.py`). https://docs.scrapy.org/en/latest/topics/feed-exports.html
"""

from __future__ import annotations

import asyncio
import importlib.util
import io
import logging
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.extensions.feedexport import FeedExporter, FeedSlot, ItemFilter, StdoutFeedStorage, apply_uri_params
from scrapy.extensions.postprocessing import PostProcessingManager
from scrapy.utils.conf import feed_complete_default_values_from_settings
from scrapy.utils.defer import ensure_awaitable
from scrapy.utils.misc import build_from_crawler, load_object
from w3lib.url import file_uri_to_path

from alqahira.crawling.output import discard_output
from alqahira.exceptions import ConfigurationError, one_line
from alqahira.publishing.folder import is_own
from alqahira.settings.configuration import configuration_of
from alqahira.settings.types import check_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy import Spider
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

# Storages of Scrapy that import their library only when they store.
_LIBRARIES = {"gs": ("google.cloud.storage", "google-cloud-storage")}
_STDOUT = "stdout"


class Feeds(FeedExporter):
    """Scrapy's exporter; `unwritten` has the reason for each feed that failed, by its name. `closed`: all are."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self.unwritten: dict[str, str] = {}
        self.closed = asyncio.Event()

    def open_spider(self, spider: Spider) -> None:
        """Open all feeds, or note that none is."""
        try:
            super().open_spider(spider)
        except Exception as error:
            self.slots = []
            for uri in self.feeds:
                self._note(feed_name(uri), error)

    async def close_spider(self, spider: Spider) -> None:
        try:
            await super().close_spider(spider)
        finally:
            self.closed.set()

    def item_scraped(self, item: Any, spider: Spider) -> None:
        """Write the item to each feed; one that fails is not written any further."""
        kept: list[FeedSlot] = []
        for slot in self.slots:
            self.slots = [slot]
            try:
                super().item_scraped(item, spider)
            except Exception as error:
                self._fail(slot, error)
            else:
                kept += self.slots
        self.slots = kept

    async def _close_slot(self, slot: FeedSlot, spider: Spider) -> None:
        if not slot.itemcount and not (slot.store_empty and slot.batch_id == 1):
            return
        timeout, kind = configuration_of(self.crawler).feed_timeout, type(slot.storage).__name__
        stats = self.crawler.stats
        assert stats is not None
        try:
            slot.start_exporting()  # an empty feed has not been opened
            slot.finish_exporting()
            file = self._get_file(slot)
            if isinstance(slot.storage, StdoutFeedStorage):
                file.flush()
            await asyncio.wait_for(ensure_awaitable(slot.storage.store(file)), timeout)
        except Exception as error:
            self._fail(slot, error)
            stats.inc_value(f"feedexport/failed_count/{kind}")
        else:
            logger.info("Feed %s: %d items", feed_name(slot.uri), slot.itemcount)
            stats.inc_value(f"feedexport/success_count/{kind}")
        await self.crawler.signals.send_catch_log_async(signals.feed_slot_closed, slot=slot)

    def _fail(self, slot: FeedSlot, error: Exception) -> None:
        if isinstance(slot.storage, StdoutFeedStorage):
            discard_output()
        elif slot.file is not None and not isinstance(error, TimeoutError):  # of which a thread may still read
            with suppress(Exception):  # else the collector closes it, with a traceback from Python 3.13 on
                slot.file.close()
        self._note(feed_name(slot.uri), error)

    def _note(self, name: str, error: Exception) -> None:
        reason = _reason(error)
        if name not in self.unwritten:
            logger.error("The feed %s was not written: %s", name, reason)
        self.unwritten.setdefault(name, reason)


def feed_name(uri: str) -> str:
    """The URI of a feed for messages, without a login."""
    if urlsplit(uri).scheme == _STDOUT:
        return "on standard output"
    return re.sub(r"//[^/]*@", "//…@", uri)[:200]


def _reason(error: BaseException) -> str:
    if isinstance(error, BrokenPipeError):
        return "its reader has gone"
    if isinstance(error, TimeoutError) and not error.args:
        return "it took longer than ALQAHIRA_FEED_TIMEOUT"
    return str(getattr(error, "strerror", None) or one_line(error) or type(error).__name__)


# --- before the crawl -----------------------------------------------------------------------------


def check_feeds(crawler: Crawler) -> None:
    """Raise ConfigurationError for the first feed that cannot be written; creates nothing, asks no server."""
    settings, configuration = crawler.settings, configuration_of(crawler)
    exporters, storages = settings.getwithbase("FEED_EXPORTERS"), settings.getwithbase("FEED_STORAGES")
    old = {settings["FEED_URI"]: {"format": settings["FEED_FORMAT"]}} if settings["FEED_URI"] else {}
    files: set[Path] = set()
    for given, some in (old | settings.getdict("FEEDS")).items():
        uri = str(given.absolute()) if isinstance(given, Path) else str(given)
        try:
            options = feed_complete_default_values_from_settings(some, settings, uri)
            if not exporters.get(options["format"]):
                raise ValueError(f"{options['format']!r} is none of the formats {formats(exporters)}")
            if options["batch_item_count"] and not re.search(r"%\(batch_(time\)s|id\))", uri):
                raise ValueError("a feed in batches needs %(batch_id)d or %(batch_time)s in its name")
            scheme = urlsplit(uri).scheme or "file"
            if not storages.get(scheme):
                raise ValueError(f"{scheme!r} is none of the storages {formats(storages)}")
            _require_library(scheme)
            if scheme == "file":
                file = _file(uri, crawler, options)
                if is_own(file, configuration):
                    raise ValueError("it is a file of the corpus")
                if file in files:
                    raise ValueError("another feed goes to the same file")
                files.add(file)
            elif scheme != _STDOUT:
                build_from_crawler(load_object(storages[scheme]), crawler, uri, feed_options=options)
            _build(crawler, load_object(exporters[options["format"]]), options)
        except Exception as error:  # of any class that the options name
            raise ConfigurationError(f"the feed {feed_name(uri)} cannot be written: {_reason(error)}") from None


def _build(crawler: Crawler, exporter: type, options: dict[str, Any]) -> None:
    """Build all that a feed's options name, as at its start. Raises what the classes raise."""
    if options["uri_params"]:
        load_object(options["uri_params"])
    load_object(options.get("item_filter", ItemFilter))(options)
    plugins = options.get("postprocessing")
    file = PostProcessingManager(plugins, io.BytesIO(), options) if plugins else io.BytesIO()
    kwargs = {"fields_to_export": options["fields"], "encoding": options["encoding"], "indent": options["indent"]}
    build_from_crawler(exporter, crawler, file, **kwargs, **options["item_export_kwargs"])


def formats(known: Mapping[Any, Any]) -> str:
    """The names that are in use of FEED_EXPORTERS or FEED_STORAGES."""
    return ", ".join(name for name, value in known.items() if name and value)


def _require_library(scheme: str) -> None:
    module, package = _LIBRARIES.get(scheme, ("", ""))
    with suppress(ModuleNotFoundError):  # of a parent package
        if not module or importlib.util.find_spec(module):
            return
    raise NotConfigured(f"missing {package} library")


def _file(uri: str, crawler: Crawler, options: dict[str, Any]) -> Path:
    """The file of a feed. Raises OSError or ValueError if it cannot be written."""
    if uri.startswith("file:") and (host := urlsplit(uri).netloc) not in ("", "localhost"):
        raise ValueError(f"{host[:80]!r} would be its host: write a path, or file:///PATH")
    if not options["uri_params"]:
        spidercls = crawler.spidercls
        params = {name: getattr(spidercls, name) for name in dir(spidercls)} | {"time": "", "batch_time": ""}
        try:
            uri = apply_uri_params(uri, params | {"batch_id": 1})
        except KeyError as unknown:
            raise ValueError(f"nothing is named {unknown}") from None
    # Not by `resolve`, which raises no OSError for a link that leads to itself.
    file = Path(os.path.realpath(file_uri_to_path(uri) if uri.startswith("file:") else uri))
    check_file(file)
    return file
