"""HTML -> Article: each source is read by itself, and each field comes from the first source that has it.

docs/extraction.md documents the orders below. Where two sources disagree beyond a tolerance, the earlier one wins and
the reading lists the disagreement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from alqahira import site
from alqahira.article import Article
from alqahira.extraction import urls
from alqahira.extraction.decoding import decode
from alqahira.extraction.empty_shell import needs_javascript
from alqahira.extraction.sources import (
    Document,
    ExtractedFields,
    jsonld,
    meta,
    nextjs,
    site_markup,
    strip_site_name,
    structure,
    upload_time,
)
from alqahira.text.credits import is_credit_line, parse_credit
from alqahira.text.dates import parse_date
from alqahira.text.near_duplicates import content_hash
from alqahira.text.normalization import REPLACEMENT, fold_text, fold_tokens

_SOURCES: dict[str, Callable[[Document], ExtractedFields | None]] = {
    "site": site_markup.read,
    "jsonld": jsonld.read,
    "meta": meta.read,
    "page_data": nextjs.read,
}
# Which source a field is taken from, best first. Page data wins over markup where their bodies differ (`_body`).
_ORDER = ("site", "page_data", "jsonld", "meta", "generic")
_ORDERS = {
    "kind": ("page_data", "site"),
    "paragraphs": ("site", "page_data", "generic", "jsonld"),
    "published": ("page_data", "jsonld", "meta", "site", "generic"),  # then sitemap and listing
    "modified": ("jsonld", "meta", "page_data"),
    "description": ("page_data", "jsonld", "meta"),
}
# A record names these fields, and the sources of its date, otherwise.
_RECORD_NAMES = {"sections": "article_sections"}
_DATE_NAMES = {"site": "visible", "generic": "visible"}

_NOT_FOUND = frozenset(map(fold_text, site.NOT_FOUND_HEADLINES.value))
_DATES_AGREE = timedelta(seconds=60)
# A visible date has minutes at best, and often a day alone.
_VISIBLE_AGREES = timedelta(days=1)
# A story is given another image within hours of its publication, not after days.
_UPLOAD_AGREES = timedelta(days=2)
# Share of words in common above which two texts count as the same; a caption must be as long as this share of it.
_SAME_TEXT, _MUCH_MORE = 0.7, 0.4
_BODIES_AGREE = 0.7
_SHORTEST_BODY, _LONG_BODY = 40, 400  # characters: less is none, and so much is one whatever it says
_LEAST_GUESS = 200
_LONGEST_LABEL, _LONGEST_NOTICE = 130, 60
_LEAD = 2  # paragraphs
# Where trafilatura finds running text; structure knows the first two.
_TEXT_ELEMENTS = ("p", "div", "pre", "code")


@dataclass(frozen=True, slots=True)
class Hints:
    """What a listing's card and a sitemap's entry say of a page."""

    listing_headline: str | None = None
    listing_date: datetime | None = None
    sitemap_date: datetime | None = None
    section: str | None = None  # the category whose listing shows it

    def merged_with(self, other: Hints) -> Hints:
        """Both together; this one wins."""
        return Hints(
            self.listing_headline or other.listing_headline,
            self.listing_date or other.listing_date,
            self.sitemap_date or other.sitemap_date,
            self.section or other.section,
        )


class Disagreement(NamedTuple):
    """Two sources that give different values of a field; `kept` is the one the record took."""

    field: str
    kept: str
    other: str


@dataclass(slots=True)
class Reading:
    """A page as read: the article, or the cause why there is none; where each field came from.

    `kind`: what the page is where it is none of the site's articles, one of `site.OTHER_KINDS`.
    """

    article: Article | None = None
    kind: str | None = None
    cause: str | None = None
    number: str | None = None  # the story's own, where page data gives one
    sources: dict[str, str] = field(default_factory=dict)
    disagreements: list[Disagreement] = field(default_factory=list)


def extract_article(html: str | bytes, url: str, *, now: datetime) -> Article | None:
    """The article of a page, every field the page can give filled in; None where it shows none.

    `now` is aware; relative dates count from it, and it becomes `date_crawled`. Raises ValueError for a URL
    that is none, and nothing else, whatever the page holds. Topics are decided by `topics.match_topics`.
    """
    return read_page(html, url, now=now).article


def read_page(html: str | bytes, url: str, *, now: datetime, hints: Hints | None = None) -> Reading:
    """As `extract_article`, with the cause where there is no article, and with each field's source."""
    page = Document(html if isinstance(html, str) else decode(html), url, now)
    return _Merge(page, hints or Hints()).read()


class _Merge:
    """The sources of one page, and the reading that is made of them."""

    def __init__(self, page: Document, hints: Hints) -> None:
        self.page, self.hints, self.reading = page, hints, Reading()
        self.extracted = {name: fields for name, read in _SOURCES.items() if (fields := read(page))}
        markup = self.extracted.get("site")
        # Structure costs a walk over the page: only where the known markup does not give the article.
        if (markup is None or not markup.paragraphs or not markup.headline) and (fields := structure.read(page)):
            self.extracted["generic"] = fields
        self.page_data = self.extracted.get("page_data") or ExtractedFields()

    def candidates(self, name: str) -> Iterator[tuple[str, Any]]:
        """(source, value) of each source that has the field, best first."""
        for source in _ORDERS.get(name, _ORDER):
            if source in self.extracted and (value := getattr(self.extracted[source], name)):
                yield source, value

    def take(self, name: str) -> Any:
        """The field's best value, its source noted; None without one."""
        source, value = next(self.candidates(name), (None, None))
        if source:
            self.reading.sources[_RECORD_NAMES.get(name, name)] = source
        return value

    def disagree(self, name: str, kept: str, other: str) -> None:
        self.reading.disagreements.append(Disagreement(name, kept, other))

    def read(self) -> Reading:
        reading = self.reading
        reading.number = self.page_data.number
        if self.page_data.is_missing:
            reading.cause = "soft_404"
            return reading
        _, kind = next(self.candidates("kind"), (None, None))
        if kind and kind != site.ARTICLE_KIND.value:
            reading.kind = reading.cause = kind
            return reading
        headline = self.headline()
        paragraphs = self.body(headline)
        reading.cause = self.cause(headline, paragraphs)
        if headline and not reading.cause:
            reading.article = self.article(headline, paragraphs)
        return reading

    def cause(self, headline: str | None, paragraphs: list[str]) -> str | None:
        """Why the page is no article; None for an article."""
        if headline and self.reading.sources.get("article_body") in (None, "generic") and _is_not_found(headline):
            return "soft_404"
        if not headline or not paragraphs:
            if needs_javascript(self.page.html.encode("utf-8", "replace"), "article"):
                return "empty_shell"
            if not headline:
                has_text = any(fields.paragraphs for fields in self.extracted.values())
                return "no_headline" if has_text else "not_an_article"
        if any(REPLACEMENT in text for text in (headline, *paragraphs)):
            return "bad_encoding"
        return None if paragraphs else "no_body"

    def headline(self) -> str | None:
        candidates = [*self.candidates("headline"), ("listing", self.hints.listing_headline or "")]
        stripped = {text: strip_site_name(text) for _, text in candidates}  # most sources have the same text
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
        # Page data's text is the story's, however short; of markup a date and a credit may be all that it shows.
        is_story = self.page_data.kind == site.ARTICLE_KIND.value
        usable: list[tuple[str, list[str]]] = [
            (source, body)
            for source, body in self.candidates("paragraphs")
            if (is_story and source == "page_data") or _is_body(body, headline, self.page.now)
        ]
        if not usable and headline and self.has_text():
            # A guess at a page of which nothing is known: of a page without text it picks a link to another story.
            guess = structure.guess(self.page)
            usable = [("generic", guess)] if sum(map(len, guess)) >= _LEAST_GUESS else []
        if not usable:
            return []
        # The site's own data is the text that its markup is made of: where the two differ, a selector is wrong.
        kept, body = usable[0]
        if self.page_data.kind:
            kept, body = next((pair for pair in usable if pair[0] == "page_data" and pair[1] != body), usable[0])
        self.reading.sources["article_body"] = kept
        for source, text in usable:
            if source != kept and not _is_same_body(body, text):
                self.disagree("article_body", kept, source)
        credits = (fields.credit_line for fields in self.extracted.values())
        labels = {fold_text(text) for text in (headline, *credits) if text}
        while len(body) > 1 and fold_text(body[0]) in labels:
            body = body[1:]
        return body

    def has_text(self) -> bool:
        return sum(len(p.text or "") for p in self.page.tree.iter(*_TEXT_ELEMENTS)) >= _SHORTEST_BODY

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
        """The categories as the page names them, else the one whose listing shows it: each post has exactly one."""
        sections: list[str] = self.take("sections") or []
        if not sections and self.hints.section:
            self.reading.sources["article_sections"] = "listing"
            return [self.hints.section]
        return sections

    def description(self, headline: str, paragraphs: list[str], caption: str | None) -> str | None:
        """A standfirst or meta description that differs from headline, lead and caption."""
        lead = fold_tokens(" ".join((headline, *paragraphs[:_LEAD])))
        known = [lead, fold_tokens(caption or "")]
        start = fold_text(" ".join(paragraphs[: _LEAD + 3]))
        for source, text in self.candidates("description"):
            words = fold_tokens(text.rstrip(" .…"))
            if not words or not strip_site_name(text) or start.startswith(" ".join(words)):
                continue
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
        upload = upload_time.uploaded(image, now=self.page.now)
        newer = [source for source, moment in known.items() if upload and moment >= upload - _UPLOAD_AGREES]
        if kept == "visible" and upload and newer:
            # Older than its own image, as a default that nobody filled in is: then what led here knows better.
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
                continue  # the site states its publication again
            if published is None or modified > published:
                self.reading.sources["date_modified"] = source
                return modified
            self.disagree("date_modified", "date_published", source)
        return None


def _is_not_found(headline: str) -> bool:
    """Whether a page calls itself one that does not exist."""
    key = fold_text(headline)
    return len(headline) <= _LONGEST_NOTICE and any(key == name or key.startswith(f"{name} ") for name in _NOT_FOUND)


def _is_body(paragraphs: list[str], headline: str | None, now: datetime) -> bool:
    """Whether there is running text: headline, date and credit alone are none."""
    if sum(map(len, paragraphs)) >= _LONG_BODY:
        return True
    name = fold_text(headline or "")
    lines = [
        line
        for line in paragraphs
        if fold_text(line) != name
        and not is_credit_line(line)
        and not parse_date(line, now=now)
        and not (len(line) <= _LONGEST_LABEL and line.startswith(f"{site.NAME.value} -"))  # a credit with its date
    ]
    return sum(map(len, lines)) >= _SHORTEST_BODY


def _is_same_body(a: Sequence[str], b: Sequence[str]) -> bool:
    words_a, words_b = set(" ".join(a).split()), set(" ".join(b).split())
    return len(words_a & words_b) >= _BODIES_AGREE * min(len(words_a), len(words_b))


def _is_same_text(words: list[str], other: list[str]) -> bool:
    """Whether nearly all words stand in the other text, or nearly all of that and not much more in these."""
    shared = (Counter(words) & Counter(other)).total()
    if shared >= _SAME_TEXT * len(words):
        return True
    return len(other) >= _MUCH_MORE * len(words) and shared >= _SAME_TEXT * len(other)
