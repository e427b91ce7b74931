"""`scrapy doctor`: ask the site for a handful of pages, politely, and say which facts of `site.py` still hold."""

from __future__ import annotations

import argparse
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import quote

from scrapy import Request, Spider
from scrapy.commands import ScrapyCommand
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import UsageError
from scrapy.http import Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from alqahira import site, urls
from alqahira.article import Article
from alqahira.checks import check_flag, check_log_level, check_site_url
from alqahira.commands.ending import end
from alqahira.configuration import state_url
from alqahira.doctor import Finding, NewLayout, Sample, Verdict, diagnose, propose_layout
from alqahira.errors import AlqahiraError, ConfigurationError
from alqahira.ledger import open_ledger
from alqahira.listing import read_listing
from alqahira.log_guard import guard_log_from_the_start
from alqahira.middlewares.causes import failure_cause
from alqahira.middlewares.robots import RobotsMiddleware

logger = logging.getLogger(__name__)

_CORRECT = "alqahira/site.py"
# Enough to tell a rule from an accident, few enough that nobody minds; every listing of the sections is asked once.
_ARTICLES, _SITEMAPS = 4, 2
# Articles of the corpus that are asked again: their records are what a selector must reproduce.
_KNOWN = 4

# Neither a run nor a ledger; the manners stay.
_SETTINGS: dict[str, Any] = {
    "ITEM_PIPELINES": {},
    "EXTENSIONS": {
        "scrapy.extensions.telnet.TelnetConsole": None,
        "scrapy.extensions.remote_control.RemoteControl": None,
        "scrapy.extensions.throttle.AutoThrottle": None,
        "alqahira.middlewares.crawl_delay.CrawlDelayAutoThrottle": 0,
    },
    "FEEDS": {},
}


class DoctorSpider(Spider):
    """Fetches the samples; it accepts nothing and writes nothing."""

    name = "doctor"
    custom_settings = _SETTINGS
    samples: ClassVar[list[Sample]]
    known: ClassVar[Mapping[str, Article]]

    async def start(self) -> AsyncIterator[Any]:
        self.root = check_site_url(self.settings["ALQAHIRA_SITE_URL"])
        self._articles: set[str] = set()
        yield self._ask("robots", site.ROBOTS_PATH.value)
        yield self._ask("home", "/")
        sections = site.SECTIONS.values()
        categories = dict.fromkeys(slug for section in sections for slug in section.categories.value)
        for number, slug in enumerate(categories, start=1):
            # On the last one the load-more control is pressed once, to see what that requests.
            path = site.CATEGORY_URL.value.format(slug=quote(slug))
            yield self._ask("category", path, opened=number == len(categories))
        for tag in dict.fromkeys(tag for section in sections for tag in section.tags.value):
            yield self._ask("tag", site.TAG_URL.value.format(slug=quote(tag)))
        robots = self.crawler.get_downloader_middleware(RobotsMiddleware)
        named = await robots.sitemaps(self.root) if robots else []
        for url in [*named, *(self.root + path for path in site.SITEMAP_PATHS.value)][:_SITEMAPS]:
            yield self._ask("sitemap", url)
        yield self._ask("missing", site.CATEGORY_URL.value.format(slug="no-such-listing"))
        for key, record in self.known.items():
            self._articles.add(key)
            yield self._ask("article", urls.moved_to(record.url, self.root))

    def _ask(self, kind: str, url: str, *, opened: bool = False) -> Request:
        meta: dict[str, Any] = {"handle_httpstatus_all": True}
        if kind in ("home", "category", "tag", "article"):
            meta["page_kind"] = "article" if kind == "article" else "listing"
        if opened:
            meta["learn_load_more"] = True
        return Request(
            url if url.startswith("http") else self.root + url,
            callback=self.take,
            errback=self.failed,
            dont_filter=True,
            meta=meta,
            cb_kwargs={"kind": kind},
        )

    def take(self, response: Response, kind: str) -> Iterator[Request]:
        sample = Sample(
            kind=kind,
            url=response.url,
            status=response.status,
            body=response.body,
            rendered="browser" in response.flags and "learn_load_more" not in response.meta,
            headers={name.decode("latin-1"): "" for name in response.headers},
            endpoints=tuple(response.meta.get("browser_endpoints", ())),
        )
        self.samples.append(sample)
        if kind not in ("home", "category", "tag") or response.status != 200:
            return
        for card in read_listing(sample.body, sample.url, root=self.root, now=datetime.now(UTC)).cards:
            if len(self._articles) < _ARTICLES + len(self.known) and card.key not in self._articles:
                self._articles.add(card.key)
                yield self._ask("article", card.url)

    def failed(self, failure: Failure) -> None:
        request: Request = failure.request  # type: ignore[attr-defined]
        cause = failure_cause(failure)
        self.samples.append(Sample(request.cb_kwargs["kind"], request.url, 0, b"", failure=cause))
        logger.warning("%s: %s", request.url, cause)


class Command(ScrapyCommand):
    """See the module; status 1 where a needed fact does not hold."""

    requires_project = True

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Check on the live site which facts of alqahira/site.py still hold"

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        try:
            super().process_options(args, opts)
            assert self.settings is not None
            check_site_url(str(self.settings["ALQAHIRA_SITE_URL"]))
            # The table is the answer; the log speaks only of what went wrong (-L INFO for all of it).
            self.settings.set("LOG_LEVEL", "WARNING", priority="spider")
            check_log_level(self.settings["LOG_LEVEL"])
            check_flag("ALQAHIRA_LOG_JSON", self.settings["ALQAHIRA_LOG_JSON"])
            guard_log_from_the_start(self.settings)
        except UsageError as error:
            end(ConfigurationError(str(error)))
        except AlqahiraError as error:
            end(error)

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert isinstance(self.crawler_process, AsyncCrawlerProcess)
        assert self.settings is not None
        root = check_site_url(str(self.settings["ALQAHIRA_SITE_URL"]))
        DoctorSpider.samples = []
        DoctorSpider.known = known_records(self.settings)
        self.crawler_process.crawl(DoctorSpider)
        self.crawler_process.start()
        if not any(sample.status == 200 for sample in DoctorSpider.samples):
            end(AlqahiraError(f"{root} does not answer"))
        findings = diagnose(DoctorSpider.samples, root=root, now=datetime.now(UTC))
        show(findings, root, len(DoctorSpider.samples))
        layout = propose_layout(DoctorSpider.samples, DoctorSpider.known, root=root, now=datetime.now(UTC))
        if layout is not None:
            show_layout(layout, len(DoctorSpider.known))
        self.exitcode = 1 if any(finding.is_bad for finding in findings) else 0


def known_records(settings: BaseSettings) -> dict[str, Article]:
    """The corpus' latest records by id; none where there is no state yet, or none that can be read."""
    try:
        with open_ledger(state_url(settings), read_only=True) as ledger:
            return {article.article_id: article for article in ledger.latest(_KNOWN)}
    except AlqahiraError:
        return {}


def show_layout(layout: NewLayout, known: int) -> None:
    """The proposal as lines that can be copied, without colours or folding."""
    whose = "known records" if known else "records that the other sources give"
    print(f"\nArticle pages have another markup. These selectors give the {whose}; headline and body together")
    print(f"to the letter on {layout.records} of {layout.of} pages. As the first entry of LAYOUTS in {_CORRECT}:\n")
    print("ArticleLayout(")
    print('    name="…",')
    for proposal in layout.proposals:
        print(f"    {proposal.name}={_plain(repr(proposal.selector))},  # {proposal.gives} of {proposal.of}")
    print(")")


def show(findings: Sequence[Finding], root: str, pages: int) -> None:
    """The findings as a table, and what to correct where."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{root}: {pages} pages asked", title_justify="left")
    for heading in ("fact", "was", "verdict", "found"):
        table.add_column(heading, overflow="fold")
    colours = {Verdict.HOLDS: "green", Verdict.FAILS: "red", Verdict.NOT_SEEN: "yellow"}
    for finding in findings:
        verdict = f"[{colours[finding.verdict]}]{finding.verdict.value}[/]" + (" (needed)" if finding.is_bad else "")
        table.add_row(_plain(finding.fact), finding.confidence, verdict, _plain(finding.found))
    console = Console()
    console.print(table)
    failed = [f.fact for f in findings if f.verdict is Verdict.FAILS and f.confidence != "question"]
    if failed:
        console.print(f"Correct in {_CORRECT}: {', '.join(failed)}", markup=False)


def _plain(text: str) -> str:
    """Text from a page, with nothing in it that a terminal or the table would obey."""
    return "".join(character if character.isprintable() else "·" for character in text).replace("[", "\\[")
