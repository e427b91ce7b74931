"""The request behind a listing's load-more control: learned from one press, then made page by page. Pure.

`alqahira.crawling.browser.load_more` presses and records; discovery keeps `LearnedRequest.to_json()` and makes plain
requests from `LearnedRequest.for_page()`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Self
from urllib.parse import quote, urlsplit, urlunsplit

_METHODS = ("GET", "POST")
# Characters of URL and body; articles that a page may list.
_MAX_REQUEST, _MAX_OFFSET = 20_000, 1_000
# What the browser sets by itself; the page's script did not ask for it.
_BROWSER_HEADERS = re.compile(
    r":|(?:if|proxy|sec)-|(?:accept-(?:encoding|language)|cache-control|connection|content-length|cookie|dnt|host|origin"
    r"|pragma|priority|range|referer|save-data|te|transfer-encoding|upgrade-insecure-requests|user-agent)\Z",
    re.IGNORECASE,
)
# The places in a request's text that change from page to page and from listing to listing.
_PAGE, _SLUG, _QUOTED_SLUG, _ID = _MARKERS = ("{page}", "{slug}", "{quoted_slug}", "{id}")


def _named(names: str, *, path: str | None = None) -> re.Pattern[str]:
    """A number after one of these names: in a query or form, in JSON, or (`path`: other names) in a path."""
    query = rf"(?:^|[?&])(?:[\w.-]+(?:\[|%5B|\.))?(?:{names})(?:\]|%5D)?="
    places = (query, rf"/(?:{path or names})/", rf'"(?:{names})"\s*:\s*\[?\s*"?')
    return re.compile(rf"({'|'.join(places)})(\d+)(?![\w.%-])", re.IGNORECASE)


_PAGE_NUMBER = _named(r"(?:current|next)?[_-]?page(?:(?:[_-]|\[|%5B)?(?:no|num|number|index))?|paged|pg|p")
_OFFSET_NUMBER = _named(r"offset|skip|start|from|start[_-]?index")
_LISTING_NUMBER = _named(r"[\w-]*id|[\w-]*(?:cat|section|desk|kicker|tag|term|parent)[\w-]*", path=r"[^/?]*")
_LAST_SEGMENT = re.compile(r"(/)(\d+)(?=\?|\Z)")


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request that a page made after the press, with Playwright's headers and how many articles its answer lists."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None = None
    articles: int = 0


@dataclass(frozen=True, slots=True)
class LearnedRequest:
    """A request for one page of a listing, as a template for every page and, where it names its listing, for others.

    `url` and `body` have markers: `{page}` is `first + (n - 1) * step` for page n, counted from 1; `{slug}`,
    `{quoted_slug}` and `{id}` name the listing. `slug` and `listing_id` are those of the listing it was learned on.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str | None
    first: int = 1
    step: int = 1
    slug: str | None = None
    listing_id: int | None = None

    @classmethod
    def learn(cls, candidates: Sequence[SeenRequest], *, slug: str, listing_id: int | None = None) -> Self | None:
        """The candidate whose answer lists the most articles and that names the second page; None without one.

        `slug` is the listing's as plain text, `listing_id` its number in page data.
        """
        for seen in sorted(candidates, key=lambda seen: -seen.articles):
            host, path = _split(seen.url)
            body = seen.body or ""
            is_taken = any(marker in path + body for marker in _MARKERS)
            if seen.method not in _METHODS or not seen.articles or is_taken or len(seen.url) + len(body) > _MAX_REQUEST:
                continue
            if marked := _mark_page(path, body, listing_id):
                path, body, first, step = marked
                path, body = _mark_listing(path, slug, listing_id), _mark_listing(body, slug, listing_id)
                headers = tuple(pair for pair in seen.headers.items() if not _BROWSER_HEADERS.match(pair[0]))
                return cls(seen.method, host + path, headers, body or None, first, step, slug, listing_id)
        return None

    def serves(self, listing_slug: str | None, listing_id: int | None = None) -> bool:
        """Whether `for_page` can ask for that listing: its own, or one of which all is given that names its own."""
        if self._is_own(listing_slug, listing_id):
            return True
        text = self.url + (self.body or "")
        needs_slug, needs_id = _SLUG in text or _QUOTED_SLUG in text, _ID in text
        return (
            (needs_slug or needs_id)
            and needs_slug <= (listing_slug is not None)
            and needs_id <= (listing_id is not None)
        )

    def for_page(
        self, n: int, *, listing_slug: str | None = None, listing_id: int | None = None
    ) -> tuple[str, str, dict[str, str], str | None]:
        """Method, URL, headers and body that ask for page `n`, from 1, of that listing; without any, of its own.

        Raises ValueError for a page below 1 and for a listing that it does not serve.
        """
        if n < 1:
            raise ValueError(f"no page {n}")
        if not self.serves(listing_slug, listing_id):
            raise ValueError(f"{self.method} {self.url} cannot ask for the listing {listing_slug!r} ({listing_id})")
        if self._is_own(listing_slug, listing_id):
            listing_slug, listing_id = self.slug, self.listing_id
        slug = listing_slug or ""
        values = {
            _PAGE: str(self.first + (n - 1) * self.step),
            _SLUG: json.dumps(slug, ensure_ascii=False)[1:-1],
            _QUOTED_SLUG: quote(slug, safe=""),
            _ID: str(listing_id),
        }
        return self.method, _fill(self.url, values), dict(self.headers), self.body and _fill(self.body, values)

    def to_json(self) -> str:
        """The request as a JSON text, for `from_json`."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The request out of its JSON text. Raises ValueError for what is none."""
        try:
            data = json.loads(text)
            data["headers"] = tuple((name, value) for name, value in data["headers"])
            learned = cls(**data)
            if learned._is_valid():
                return learned
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
        raise ValueError(f"no learned request: {text[:200]!r}")

    def _is_valid(self) -> bool:
        """Whether every field is of its type and the request names a page."""
        texts = (self.url, *(text for pair in self.headers for text in pair))
        optional = ((self.body, str), (self.slug, str), (self.listing_id, int))
        return (
            self.method in _METHODS
            and all(isinstance(text, str) for text in texts)
            and all(value is None or type(value) is kind for value, kind in optional)
            and all(type(number) is int and number >= 0 for number in (self.first, self.step))
            and self.step > 0
            and urlsplit(self.url).scheme in ("http", "https")
            and _PAGE in _split(self.url)[1] + (self.body or "")
        )

    def _is_own(self, listing_slug: str | None, listing_id: int | None) -> bool:
        return listing_slug == self.slug if listing_slug is not None else listing_id in (None, self.listing_id)


def _split(url: str) -> tuple[str, str]:
    """Scheme and host, and what follows them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}", urlunsplit(("", "", parts.path, parts.query, ""))


def _mark_page(path: str, body: str, listing_id: int | None) -> tuple[str, str, int, int] | None:
    """Path and body with `{page}` in place of the second page's number, and `first` and `step`."""

    def marked(pattern: re.Pattern[str], number: int, count: int = 0) -> tuple[str, str] | None:
        def mark(match: re.Match[str]) -> str:
            return match[1] + _PAGE if match[2] == str(number) else match[0]

        new = pattern.sub(mark, path, count), pattern.sub(mark, body, count)
        return None if new == (path, body) else new

    if pages := marked(_PAGE_NUMBER, 2):
        return *pages, 1, 1
    for match in (*_OFFSET_NUMBER.finditer(path), *_OFFSET_NUMBER.finditer(body)):
        offset = int(match[2][:9])
        if 0 < offset <= _MAX_OFFSET and (offsets := marked(_OFFSET_NUMBER, offset)):
            return *offsets, 0, offset
    if pages := marked(_PAGE_NUMBER, 1):  # counted from 0
        return *pages, 0, 1
    # `/posts/<listing>/2`: a number without a name counts where nothing follows.
    last = _LAST_SEGMENT.search(path)
    if last and last[2] == "2" and listing_id != 2:
        return path[: last.start(2)] + _PAGE + path[last.end(2) :], body, 1, 1
    return None


def _mark_listing(text: str, slug: str, listing_id: int | None) -> str:
    """The text with markers in place of what names the listing; never a piece of a longer word, nor a key."""
    if slug:
        plain = rf"(?<![\w-])(?P<plain>{re.escape(slug)})" if text[:1] in ("{", "[") else "(?P<plain>(?!))"
        quoted = re.sub(r"%..", r"(?i:\g<0>)", re.escape(quote(slug, safe="")))
        form = rf'(?:{plain}|(?:(?<![\w%-])|(?<=%[0-7][0-9A-Fa-f])){quoted})(?![\w-]|%[89A-Fa-f]|=|"\s*:)'
        text = re.sub(form, lambda match: _SLUG if match["plain"] else _QUOTED_SLUG, text)
    if listing_id is not None:
        text = _LISTING_NUMBER.sub(lambda match: match[1] + _ID if match[2] == str(listing_id) else match[0], text)
    return text


def _fill(text: str, values: Mapping[str, str]) -> str:
    """The template's text with the values, in one pass: a value that looks like a marker stays as it is."""
    return re.sub("|".join(map(re.escape, values)), lambda match: values[match[0]], text)
