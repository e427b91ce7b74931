"""HTML -> Article: each source is read by itself, and each field comes from the first source that has it.

docs/extraction.md documents the orders below. If two sources differ by more than a tolerance, the reading lists a
disagreement.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from alqahira import site
from alqahira.article import Article
from alqahira.extraction import second_opinion, urls
from alqahira.extraction.decoding import decode
from alqahira.extraction.empty_shell import needs_javascript
from alqahira.extraction.reading import CHECK_SHARE, Disagreement, Hints, Reading
from alqahira.extraction.sources import (
    Document,
    ExtractedFields,
    TooLarge,
    jsonld,
    meta,
    nextjs,
    page_data_first,
    site_markup,
    strip_site_name,
    structure,
    upload_time,
)
from alqahira.text.credits import is_credit_line, parse_credit
from alqahira.text.dates import parse_date
from alqahira.text.mojibake import mend_page
from alqahira.text.near_duplicates import content_hash
from alqahira.text.normalization import REPLACEMENT, fold_text, fold_tokens

_SOURCES: dict[str, Callable[[Document], ExtractedFields | None]] = {
    "site": site_markup.read,
    "jsonld": jsonld.read,
    "meta": meta.read,
    "page_data": nextjs.read,
}
# The sources of a field, best first; `_Merge.body`, `published` and `headline` have exceptions.
_ORDER = ("site", "page_data", "jsonld", "meta", "generic")
_ORDERS = {
    "kind": ("page_data", "site"),
    "headline": ("site", "page_data", "generic", "jsonld", "meta"),
    "paragraphs": ("site", "page_data", "generic", "jsonld"),
    "published": ("page_data", "jsonld", "meta", "site", "generic"),  # then sitemap and listing
    "modified": ("jsonld", "meta", "page_data"),
    "description": ("page_data", "jsonld", "meta"),
}
# Names in the record that differ from those here: of fields, and of the date's sources.
_RECORD_NAMES = {"sections": "article_sections"}
_DATE_NAMES = {"site": "visible", "generic": "visible"}

_NOT_FOUND = frozenset(map(fold_text, site.NOT_FOUND_HEADLINES.value))
_DATES_AGREE = timedelta(seconds=60)
# A visible date is exact to the minute at best, and is often only a day.
_VISIBLE_AGREES = timedelta(days=1)
# A story may get another image within hours of its publication, not after days.
_UPLOAD_AGREES = timedelta(days=2)
# Two texts are the same if they share this part of their words, and one is at least that part of the other.
_SAME_TEXT, _LEAST_LENGTH = 0.7, 0.4
_BODIES_AGREE = 0.7  # of the shorter body's different words
# Characters: shorter text is no body, and long text is one whatever its lines are.
_SHORTEST_BODY, _LONG_BODY = 40, 400
_LONGEST_ARTICLE = 300_000  # a book; comparing a longer one with others takes seconds
_LONGEST_CREDIT_WITH_DATE, _LONGEST_NOTICE = 130, 60  # characters
_LEAD = 2  # paragraphs


def extract_article(html: str | bytes, url: str, *, now: datetime) -> Article | None:
    """The article of a page, with every field that the page gives; None if the page has no article.

    `now` is aware; relative dates count from it, and it becomes `date_crawled`. Raises ValueError for an invalid
    URL, and nothing else, whatever the page holds. What `match_topics` and `match_entities` give stays empty.
    """
    return read_page(html, url, now=now).article


def read_page(
    html: str | bytes,
    url: str,
    *,
    now: datetime,
    hints: Hints | None = None,
    content_type: str | None = None,
    check_share: float = CHECK_SHARE,
) -> Reading:
    """As `extract_article`, with each field's source, or with the cause why there is no article.

    `content_type`: the response's header, which may name the encoding of bytes. `check_share`: the share, 0 to 1, of
    the pages read by page data that are parsed too; what differs then is in the reading's `drift`.
    """
    hints = hints or Hints()
    try:
        quick = _read_by_page_data(html, url, now, hints)
        if quick is not None and not is_checked(url, check_share):
            return quick
        page = Document(mend_page(html) if isinstance(html, str) else decode(html, content_type), url, now)
        reading = _Merge(
            page, hints, {name: fields for name, read in _SOURCES.items() if (fields := read(page))}
        ).read()
    except TooLarge:
        return Reading(cause="too_large")
    reading.drift = quick.differences(reading) if quick is not None else []
    return reading


def _read_by_page_data(html: str | bytes, url: str, now: datetime, hints: Hints) -> Reading | None:
    """The article of a page that needs no tree, or its kind; None for any other page. Raises TooLarge."""
    content = html if isinstance(html, bytes) else html.encode("utf-8", "replace")
    extracted = page_data_first.read(content, url, now)
    if extracted and (data := extracted["page_data"]).kind != site.ARTICLE_KIND.value:
        address_number = extracted["meta"].address_number
        return Reading(kind=data.kind, cause=data.kind, number=data.number, address_number=address_number)
    reading = _Merge(Document("", url, now), hints, extracted).read() if extracted else None
    return reading if reading is not None and reading.article is not None else None


def is_checked(url: str, share: float) -> bool:
    """Whether a page is among those checked: by its article's number, so that every reading of it agrees."""
    return zlib.crc32((urls.article_number(url) or "").encode()) < share * 2**32


class _Merge:
    """Merges the sources of one page into a reading."""

    def __init__(self, page: Document, hints: Hints, extracted: dict[str, ExtractedFields]) -> None:
        self.page, self.hints, self.reading = page, hints, Reading()
        self.extracted = extracted
        markup = self.extracted.get("site")
        # Structure costs a walk over the page, so it is read only where the known markup does not give the article.
        self.structure = None
        if markup is None or not markup.paragraphs or not markup.headline:
            self.structure = structure.read(page, self.extracted.get("jsonld"), self.extracted.get("meta"))
        if self.structure:
            self.extracted["generic"] = self.structure
        self.page_data = self.extracted.get("page_data") or ExtractedFields()

    def read(self) -> Reading:
        reading = self.reading
        reading.number = self.page_data.number
        if head := self.extracted.get("meta"):
            reading.address_number = head.address_number
        if self.page_data.is_missing:
            reading.cause = "soft_404"
            return reading
        _, kind = next(self.candidates("kind"), (None, None))
        if kind and kind != site.ARTICLE_KIND.value:
            reading.kind = reading.cause = kind
            return reading
        headline = self.headline()
        paragraphs = self.body(headline) if self.is_article else []
        reading.cause = self.rejection_cause(headline, paragraphs)
        if headline and not reading.cause:
            reading.article = self.article(headline, paragraphs)
        return reading

    @cached_property
    def is_article(self) -> bool:
        """Whether a page that only structure reads may be an article."""
        is_known = bool({"site", "page_data"} & self.extracted.keys())
        return is_known or second_opinion.is_article(
            self.structure, self.extracted.get("jsonld"), self.extracted.get("meta")
        )

    def rejection_cause(self, headline: str | None, paragraphs: list[str]) -> str | None:
        """Why the page is no article; None for an article."""
        if headline and self.reading.sources.get("article_body") in (None, "generic") and _is_not_found(headline):
            return "soft_404"
        if not headline or not paragraphs:
            if not self.is_article:
                return "not_an_article"
            if needs_javascript(self.page.html.encode("utf-8", "replace"), "article"):
                return "empty_shell"
            if not headline:
                has_text = any(fields.paragraphs for fields in self.extracted.values())
                return "no_headline" if has_text else "not_an_article"
        if len(headline) + sum(map(len, paragraphs)) > _LONGEST_ARTICLE:
            return "too_large"
        if any(REPLACEMENT in text for text in (headline, *paragraphs)):
            return "bad_encoding"
        return None if paragraphs else "no_body"

    def headline(self) -> str | None:
        candidates = [*self.candidates("headline"), ("listing", self.hints.listing_headline or "")]
        stripped = {text: strip_site_name(text) for _, text in candidates}  # once for each text
        headlines = [(source, name) for source, text in candidates if (name := stripped[text])]
        if not headlines:
            return None
        kept, headline = headlines[0]
        self.reading.sources["headline"] = kept
        key = fold_text(headline)
        for source, text in headlines[1:]:
            # A card may cut a headline short.
            if source != "listing" and fold_text(text) != key:
                self.disagree("headline", kept, source)
        return headline

    def body(self, headline: str | None) -> list[str]:
        usable = self.usable_bodies(headline)
        if not usable:
            return []
        # The markup is made from page data: if the two differ, a selector is wrong.
        kept, body = usable[0]
        if self.page_data.kind:
            kept, body = next((pair for pair in usable if pair[0] == "page_data" and pair[1] != body), usable[0])
        elif kept == "generic":
            kept, body = second_opinion.better_body(self.page, self.structure, dict(usable))
        self.reading.sources["article_body"] = kept
        for source, text in usable:
            if source != kept and text != body and not _is_same_body(body, text):
                self.disagree("article_body", kept, source)
        credits = (fields.credit_line for fields in self.extracted.values())
        labels = {fold_text(text) for text in (headline, *credits) if text}
        start = next((at for at, text in enumerate(body) if fold_text(text) not in labels), len(body) - 1)
        return body[start:]

    def usable_bodies(self, headline: str | None) -> list[tuple[str, list[str]]]:
        """(source, paragraphs) of each source with running text, best first."""
        # Page data has the story's text, however short; markup may show only a date and a credit.
        is_story = self.page_data.kind == site.ARTICLE_KIND.value
        usable: list[tuple[str, list[str]]] = [
            (source, body)
            for source, body in self.candidates("paragraphs")
            if (is_story and source == "page_data") or _is_body(body, headline, self.page.now)
        ]
        if not usable and headline and self.has_text():
            # Only on a page with text: on others trafilatura picks a link to another story.
            guess = second_opinion.ask_trafilatura(self.page)
            return [("generic", guess)] if guess else []
        return usable

    def has_text(self) -> bool:
        return sum(len(p.text or "") for p in self.page.tree.iter("p", "div", "pre", "code")) >= _SHORTEST_BODY

    def article(self, headline: str, paragraphs: list[str]) -> Article:
        body = "\n\n".join(paragraphs)
        url = urls.canonical_url(self.page.url)
        credit, image, caption = self.take("credit_line"), self.take("image_url"), self.take("image_caption")
        people, agencies = parse_credit(credit) if credit else ([], [])
        published, source = self.published(image)
        return Article(
            article_id=urls.article_id(url),
            url=url,
            headline=headline,
            description=self.description(headline, paragraphs, caption),
            article_body=body,
            credit_line=credit,
            authors=people,
            agencies=agencies,
            date_published=published,
            date_published_source=source,
            date_modified=self.modified(published),
            image_url=image,
            image_caption=caption,
            article_sections=self.sections(),
            keywords=self.take("keywords") or [],
            in_language=site.LANGUAGE.value,
            word_count=len(body.split()),
            content_hash=content_hash(headline, body),
            layout=self.reading.sources["article_body"],
            date_crawled=self.page.now,
        )

    def sections(self) -> list[str]:
        """The categories that the page names, else the category whose listing shows it: each post has exactly one."""
        sections: list[str] = self.take("sections") or []
        if not sections and self.hints.section:
            self.reading.sources["article_sections"] = "listing"
            return [self.hints.section]
        return sections

    def description(self, headline: str, paragraphs: list[str], caption: str | None) -> str | None:
        """The first description that is not the site's name and differs from headline, lead and caption."""
        start = _folded(paragraphs[: _LEAD + 3])  # by paragraphs, which are folded for the hash as well
        known: list[list[str]] = []
        for source, text in self.candidates("description"):
            words = fold_tokens(text.rstrip(" .…"))
            if not words or not strip_site_name(text) or start.startswith(" ".join(words)):
                continue
            known = known or [_folded((headline, *paragraphs[:_LEAD])).split(), fold_tokens(caption or "")]
            if not any(_is_same_text(words, other) for other in known):
                self.reading.sources["description"] = source
                return str(text)
        return None

    def published(self, image: str | None) -> tuple[datetime | None, str | None]:
        dates = [(_DATE_NAMES.get(source, source), moment) for source, moment in self.candidates("published")]
        dates += [("sitemap", self.hints.sitemap_date), ("listing", self.hints.listing_date)]
        known: dict[str, datetime] = {}
        for source, moment in dates:
            if moment:
                known.setdefault(source, moment)
        if not known:
            return None, None
        kept = next(iter(known))
        if self.structure and self.structure.is_clock_wrong and kept in ("jsonld", "meta"):
            kept = "visible"
        upload = upload_time.uploaded(image, now=self.page.now)
        newer = [source for source, moment in known.items() if upload and moment >= upload - _UPLOAD_AGREES]
        if kept == "visible" and upload and newer:
            # Older than its own image: probably a default that nobody filled in.
            kept = newer[0]
        published = known[kept]
        self.reading.sources["date_published"] = kept
        for source, moment in known.items():
            is_coarse = {source, kept} & {"visible", "listing", "sitemap"}
            if source != kept and abs(moment - published) > (_VISIBLE_AGREES if is_coarse else _DATES_AGREE):
                self.disagree("date_published", kept, source)
        if upload and published < upload - _UPLOAD_AGREES:
            self.disagree("date_published", kept, "image_upload")
        return published, kept

    def modified(self, published: datetime | None) -> datetime | None:
        modified: datetime
        for source, modified in self.candidates("modified"):
            if modified == published:
                continue  # the date of publication once more
            if published is None or modified > published:
                self.reading.sources["date_modified"] = source
                return modified
            self.disagree("date_modified", "date_published", source)
        return None

    def candidates(self, name: str) -> Iterator[tuple[str, Any]]:
        """(source, value) of each source that has the field, best first."""
        for source in _ORDERS.get(name, _ORDER):
            if source in self.extracted and (value := getattr(self.extracted[source], name)):
                yield source, value

    def take(self, name: str) -> Any:
        """The field's best value, after noting its source; None without one."""
        source, value = next(self.candidates(name), (None, None))
        if source:
            self.reading.sources[_RECORD_NAMES.get(name, name)] = source
        return value

    def disagree(self, name: str, kept: str, other: str) -> None:
        self.reading.disagreements.append(Disagreement(name, kept, other))


def _folded(texts: Sequence[str]) -> str:
    return " ".join(filter(None, map(fold_text, texts)))


def _is_not_found(headline: str) -> bool:
    """Whether a headline says that the page does not exist."""
    key = fold_text(headline)
    return len(headline) <= _LONGEST_NOTICE and any(key == name or key.startswith(f"{name} ") for name in _NOT_FOUND)


def _is_body(paragraphs: list[str], headline: str | None, now: datetime) -> bool:
    """Whether there is running text besides headline, date and credit."""
    if sum(map(len, paragraphs)) >= _LONG_BODY:
        return True
    name = fold_text(headline or "")
    lines = [
        line
        for line in paragraphs
        if fold_text(line) != name
        and not is_credit_line(line)
        and not parse_date(line, now=now)
        and not (len(line) <= _LONGEST_CREDIT_WITH_DATE and line.startswith(f"{site.NAME.value} -"))
    ]
    return sum(map(len, lines)) >= _SHORTEST_BODY


def _is_same_body(a: Sequence[str], b: Sequence[str]) -> bool:
    words_a, words_b = set(" ".join(a).split()), set(" ".join(b).split())
    return len(words_a & words_b) >= _BODIES_AGREE * min(len(words_a), len(words_b))


def _is_same_text(words: list[str], other: list[str]) -> bool:
    """Whether most words are in the other text, or most of the other's are in these and it is not much shorter."""
    shared = (Counter(words) & Counter(other)).total()
    if shared >= _SAME_TEXT * len(words):
        return True
    return len(other) >= _LEAST_LENGTH * len(words) and shared >= _SAME_TEXT * len(other)
