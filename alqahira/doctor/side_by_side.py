"""Each record beside what its archived page prints, by plain selectors that extraction does not share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from alqahira import site
from alqahira.archive.warc import page_of
from alqahira.archive.writer import Decompressor, find_page
from alqahira.article import from_record
from alqahira.doctor.report import printable
from alqahira.extraction.decoding import decode
from alqahira.extraction.sources import Document
from alqahira.extraction.sources.site_markup import select
from alqahira.monitoring.logs import decode_addresses
from alqahira.settings.configuration import ARCHIVE_FOLDER
from alqahira.text.dates import parse_date

_WIDTH = 70  # characters of a value


class Comparison(NamedTuple):
    """One field as the record has it and as the page prints it."""

    field: str
    record: str
    page: str
    is_same: bool


def show(feeds: Sequence[Path], folder: Path, *, max_bytes: int) -> None:
    """Print the records of the feeds, each field beside its page's, from the archive in the output folder."""
    decompressor = Decompressor(max_bytes)
    texts = [feed.read_text("utf-8") for feed in feeds if feed.exists()]
    records = [json.loads(line) for text in texts for line in text.split("\n") if line]
    fields = same = 0
    for number, record in enumerate(records, start=1):
        print(f"\n{number} {printable(decode_addresses(record['url']))}")
        article = from_record(record)
        archived = find_page(folder / ARCHIVE_FOLDER, article, max_bytes=max_bytes)
        if archived is None or article.date_crawled is None:
            print("  its page is not in the archive")
            continue
        body = decompressor.body(page_of(archived[1]))
        for row in side_by_side(record, Document(decode(body), archived[1].url, article.date_crawled)):
            fields, same = fields + 1, same + row.is_same
            print(f"  {row.field:8} {'=' if row.is_same else '≠'}  {_short(row.record)}  |  {_short(row.page)}")
    print(f"\n{len(records)} records, {fields} fields: {same} as on the page, {fields - same} not (≠).")


def side_by_side(record: dict[str, Any], page: Document) -> Iterator[Comparison]:
    """Compare headline, date, credit line, tags and the first words of the body."""

    def on_page(css: str) -> list[str]:
        texts = (" ".join("".join(element.itertext()).split()) for element in select(css)(page.tree))
        return list(dict.fromkeys(filter(None, texts)))

    h1 = on_page("h1")
    yield Comparison("headline", record["headline"], " ".join(h1[:1]), record["headline"] in h1)
    printed = " ".join(on_page(".entry-header .entry-meta span")[:3])
    theirs, known = parse_date(printed, now=page.now), record["date_published"]
    ours = datetime.fromisoformat(known).astimezone(ZoneInfo(site.TIME_ZONE.value)) if known else None
    is_same = abs((theirs - ours).total_seconds()) < 60 if theirs and ours else theirs is ours
    yield Comparison("date", f"{ours:%Y-%m-%d %H:%M} Cairo" if ours else "none", printed, is_same)
    credit = next(iter(on_page("figure + p strong, .entry-header + p strong")), None)
    yield Comparison("credit", record["credit_line"] or "none", credit or "none", record["credit_line"] == credit)
    tags, keywords = on_page('.tags a[href^="/tag/"]'), record["keywords"]
    yield Comparison("tags", ", ".join(keywords), ", ".join(tags), sorted(keywords) == sorted(tags))
    body = " ".join(record["article_body"].split())
    lead = next(filter(None, map(_first_words, select("article .htmlCode")(page.tree))), "")
    yield Comparison("body", body, lead, bool(lead) and body.startswith(lead[:_WIDTH]))


def _first_words(block: Any) -> str:
    """The text of a block's first child or, where that has none or text comes before it, the first text there is."""
    before, first = (block.text or "").split(), next(block.iterchildren("*"), None)
    child = [] if before or first is None else "".join(first.itertext()).split()
    return " ".join(child or next(filter(None, map(str.split, block.itertext())), []))


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
