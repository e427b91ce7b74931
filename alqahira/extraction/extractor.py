"""HTML -> Article: each source is read independently, and each field comes from the first source that has it.

docs/extraction.md documents the orders below. Where two sources disagree beyond a tolerance, the earlier one wins and
the reading lists the disagreement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alqahira import site
from alqahira.article import Article
from alqahira.extraction import urls
from alqahira.extraction.decoding import decode_with_utf8
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

# Which source a field is taken from, best first. Page data wins over markup where their bodies differ (`_body`).
_HEADLINE_ORDER = ("site", "page_data", "jsonld", "meta", "generic", "listing")
_BODY_ORDER = ("site", "page_data", "generic", "jsonld")
_DATE_ORDER = ("page_data", "jsonld", "meta", "visible", "sitemap", "listing")
_KIND_ORDER = ("page_data", "site")
_OTHER_ORDER = ("site", "page_data", "jsonld", "meta", "generic")

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
# Where the generic extractor finds running text; structure knows the first two.
_TEXT_ELEMENTS = ("p", "div", "pre", "code")


@dataclass(frozen=True, slots=True)
class Hints:
    """What a listing's card and a sitemap's entry say of a page."""

    listing_headline: str | None = None
    listing_date: datetime | None = None
    sitemap_date: datetime | None = None
    section: str | None = None  # the category whose listing shows it

    def joined(self, other: Hints) -> Hints:
        """Both together; this one wins."""
        return Hints(
            self.listing_headline or other.listing_headline,
            self.listing_date or other.listing_date,
            self.sitemap_date or other.sitemap_date,
            self.section or other.section,
        )


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two sources that say different things of a field; `kept` is the one the record took."""

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
    text, utf8 = (html, None) if isinstance(html, str) else decode_with_utf8(html)
    page = Document(text, url, now, utf8)
    reading = Reading()
    extracted = _run_sources(page)
    if "page_data" in extracted and extracted["page_data"].is_missing:
        reading.cause = "soft_404"
        return reading
    if "page_data" in extracted:
        reading.number = extracted["page_data"].number
    if kind := next((kind for _, kind in _candidates(extracted, "kind", _KIND_ORDER)), None):
        reading.kind = kind if kind != site.ARTICLE_KIND.value else None
    if reading.kind:
        reading.cause = reading.kind
        return reading
    headline = _headline(extracted, hints or Hints(), reading)
    paragraphs = _body(extracted, page, headline, reading)
    if headline and reading.sources.get("article_body") in (None, "generic") and _is_not_found(headline):
        reading.cause = "soft_404"
        return reading
    if not headline or not paragraphs:
        reading.cause = _cause(page, headline, extracted)
        return reading
    if REPLACEMENT in headline or any(REPLACEMENT in paragraph for paragraph in paragraphs):
        reading.cause = "bad_encoding"
        return reading
    reading.article = _article(page, extracted, hints or Hints(), headline, paragraphs, reading)
    return reading


def _is_not_found(headline: str) -> bool:
    """Whether a page calls itself one that is not there."""
    key = fold_text(headline)
    return len(headline) <= _LONGEST_NOTICE and any(key == name or key.startswith(f"{name} ") for name in _NOT_FOUND)


# By source.
Extracted = dict[str, ExtractedFields]
_SOURCES: dict[str, Callable[[Document], ExtractedFields | None]] = {
    "site": site_markup.read,
    "jsonld": jsonld.read,
    "meta": meta.read,
    "page_data": nextjs.read,
}


def _run_sources(page: Document) -> Extracted:
    extracted = {name: fields for name, read in _SOURCES.items() if (fields := read(page))}
    markup = extracted.get("site")
    # Structure costs a walk over the page: only where the known markup does not give the article.
    if (markup is None or not markup.paragraphs or not markup.headline) and (fields := structure.read(page)):
        extracted["generic"] = fields
    return extracted


def _candidates(extracted: Extracted, name: str, order: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """(source, value) of each source that has the field, best first."""
    for source in order:
        value = getattr(extracted[source], name) if source in extracted else None
        if value:
            yield source, value


# --- headline and body --------------------------------------------------------------------------


def _headline(extracted: Extracted, hints: Hints, reading: Reading) -> str | None:
    candidates = list(_candidates(extracted, "headline", _HEADLINE_ORDER))
    stripped = {text: strip_site_name(text) for _, text in candidates}  # most sources have the same text
    headlines = [(source, name) for source, text in candidates if (name := stripped[text])]
    if hints.listing_headline and (name := strip_site_name(hints.listing_headline)):
        headlines.append(("listing", name))
    if not headlines:
        return None
    source, headline = headlines[0]
    reading.sources["headline"] = source
    key = fold_text(headline)
    for other, text in headlines[1:]:
        # A card may cut a headline short.
        if other != "listing" and fold_text(text) != key:
            reading.disagreements.append(Disagreement("headline", source, other))
    return headline


def _body(extracted: Extracted, page: Document, headline: str | None, reading: Reading) -> list[str]:
    # Page data's text is the story's, however short; of markup a date and a credit may be all that it shows.
    is_story = "page_data" in extracted and extracted["page_data"].kind == site.ARTICLE_KIND.value
    usable = [
        (source, body)
        for source, body in _candidates(extracted, "paragraphs", _BODY_ORDER)
        if (is_story and source == "page_data") or _is_body(body, headline, page.now)
    ]
    # A guess at a page of which nothing is known: of a page without text it picks a link to another story.
    if not usable and headline and _has_text(page) and sum(map(len, guess := structure.guess(page))) >= _LEAST_GUESS:
        usable = [("generic", guess)]
    if not usable:
        return []
    # The site's own data is the text that its markup is made of: where the two differ, a selector is wrong.
    body: list[str]
    source, body = usable[0]
    if "page_data" in extracted and extracted["page_data"].kind:
        source, body = next((pair for pair in usable if pair[0] == "page_data" and pair[1] != body), usable[0])
    reading.sources["article_body"] = source
    for other, text in usable:
        if other != source and not _same_words(body, text):
            reading.disagreements.append(Disagreement("article_body", source, other))
    known = {fold_text(text) for text in (headline, *(fields.credit_line for fields in extracted.values())) if text}
    while len(body) > 1 and fold_text(body[0]) in known:
        body = body[1:]
    return body


def _is_body(paragraphs: list[str], headline: str | None, now: datetime) -> bool:
    """Whether there is running text: headline, date and credit alone are none."""
    length = sum(map(len, paragraphs))
    if length >= _LONG_BODY:
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


def _same_words(a: list[str], b: list[str]) -> bool:
    words_a, words_b = set(" ".join(a).split()), set(" ".join(b).split())
    return len(words_a & words_b) >= _BODIES_AGREE * min(len(words_a), len(words_b))


def _has_text(page: Document) -> bool:
    return sum(len(p.text or "") for p in page.tree.iter(*_TEXT_ELEMENTS)) >= _SHORTEST_BODY


def _cause(page: Document, headline: str | None, extracted: Extracted) -> str:
    if needs_javascript(page.html.encode("utf-8", "replace"), "article"):
        return "empty_shell"
    if REPLACEMENT in (headline or ""):
        return "bad_encoding"
    if not headline and not any(fields.paragraphs for fields in extracted.values()):
        return "not_an_article"
    return "no_headline" if not headline else "no_body"


# --- the record ---------------------------------------------------------------------------------


def _article(
    page: Document,
    extracted: Extracted,
    hints: Hints,
    headline: str,
    paragraphs: list[str],
    reading: Reading,
) -> Article:
    body = "\n\n".join(paragraphs)
    url = urls.canonical_url(page.url)
    credit = _take(extracted, "credit_line", reading)
    people, agencies = parse_credit(credit) if credit else ([], [])
    image = _take(extracted, "image_url", reading)
    caption = _take(extracted, "image_caption", reading)
    published, source = _published(extracted, hints, image, page.now, reading)
    return Article(
        article_id=urls.article_id(url),
        url=url,
        headline=headline,
        description=_description(extracted, headline, paragraphs, caption, reading),
        article_body=body,
        credit_line=credit,
        authors=people,
        agencies=agencies,
        date_published=published,
        date_published_source=source,
        date_modified=_modified(extracted, published, reading),
        image_url=image,
        image_caption=caption,
        article_sections=_sections(extracted, hints, reading),
        keywords=_take(extracted, "keywords", reading) or [],
        in_language=site.LANGUAGE.value,
        word_count=len(body.split()),
        content_hash=content_hash(headline, body),
        layout=reading.sources["article_body"],
        date_crawled=page.now,
    )


def _take(extracted: Extracted, name: str, reading: Reading, as_field: str = "") -> Any:
    for source, value in _candidates(extracted, name, _OTHER_ORDER):
        reading.sources[as_field or name] = source
        return value
    return None


def _sections(extracted: Extracted, hints: Hints, reading: Reading) -> list[str]:
    """The categories as the page names them, else the one whose listing shows it: each post has exactly one."""
    sections: list[str] | None = _take(extracted, "sections", reading, "article_sections")
    if sections or not hints.section:
        return sections or []
    reading.sources["article_sections"] = "listing"
    return [hints.section]


def _description(
    extracted: Extracted, headline: str, paragraphs: list[str], caption: str | None, reading: Reading
) -> str | None:
    """A standfirst or meta description that says something else than headline, lead and caption."""
    lead = fold_tokens(" ".join((headline, *paragraphs[:_LEAD])))
    known = [lead, fold_tokens(caption or "")]
    start = fold_text(" ".join(paragraphs[: _LEAD + 3]))
    for source, text in _candidates(extracted, "description", ("page_data", "jsonld", "meta")):
        words = fold_tokens(text.rstrip(" .…"))
        if not words or not strip_site_name(text) or start.startswith(" ".join(words)):
            continue
        if not any(_is_same_text(words, other) for other in known):
            reading.sources["description"] = source
            return str(text)
    return None


def _is_same_text(words: list[str], other: list[str]) -> bool:
    """Whether nearly all words stand in the other text, or nearly all of that and not much more in these."""
    shared = (Counter(words) & Counter(other)).total()
    if shared >= _SAME_TEXT * len(words):
        return True
    return len(other) >= _MUCH_MORE * len(words) and shared >= _SAME_TEXT * len(other)


def _published(
    extracted: Extracted, hints: Hints, image: str | None, now: datetime, reading: Reading
) -> tuple[datetime | None, str | None]:
    dates: dict[str, datetime | None] = {
        name: extracted[name].published for name in ("jsonld", "meta", "page_data") if name in extracted
    }
    visible = next((f.published for name in ("site", "generic") if (f := extracted.get(name)) and f.published), None)
    dates |= {"visible": visible, "sitemap": hints.sitemap_date, "listing": hints.listing_date}
    known = [(source, moment) for source in _DATE_ORDER if (moment := dates.get(source))]
    if not known:
        return None, None
    source, published = known[0]
    upload = upload_time.uploaded(image, now=now)
    if source == "visible" and upload and published < upload - _UPLOAD_AGREES:
        # Older than its own image, as a default that nobody filled in is: then what led here knows better.
        source, published = next((pair for pair in known[1:] if pair[1] >= upload - _UPLOAD_AGREES), known[0])
    reading.sources["date_published"] = source
    for other, moment in known:
        coarse = {source, other} & {"visible", "listing", "sitemap"}
        if other != source and abs(moment - published) > (_VISIBLE_AGREES if coarse else _DATES_AGREE):
            reading.disagreements.append(Disagreement("date_published", source, other))
    if upload and published < upload - _UPLOAD_AGREES:
        reading.disagreements.append(Disagreement("date_published", source, "image_upload"))
    return published, source


def _modified(extracted: Extracted, published: datetime | None, reading: Reading) -> datetime | None:
    modified: datetime
    for source, modified in _candidates(extracted, "modified", ("jsonld", "meta", "page_data")):
        if modified == published:
            continue  # the site states its publication again
        if published is None or modified > published:
            reading.sources["date_modified"] = source
            return modified
        reading.disagreements.append(Disagreement("date_modified", "date_published", source))
    return None
