"""The request behind a listing's load-more control: learned from one press, then made page by page. Pure.

`alqahira.crawling.browser.load_more` presses and records; discovery keeps `LearnedRequest.to_json()` and makes plain
requests from `LearnedRequest.for_page()`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveInt, ValidationError, model_validator

_METHODS = ("GET", "POST")
# Characters of URL and body; articles that a page may list.
_MAX_REQUEST, _MAX_OFFSET = 20_000, 1_000
# Headers that the browser sets, not the page's script.
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
    return re.compile(rf"({'|'.join(places)})(\d+)(?![\w.%-])", re.IGNORECASE | re.MULTILINE)


_PAGE_NUMBER = _named(r"(?:current|next)?[_-]?page(?:(?:[_-]|\[|%5B)?(?:no|num|number|index))?|paged|pg|p")
_OFFSET_NUMBER = _named(r"offset|skip|start|from|start[_-]?index")
_LISTING_NUMBER = _named(r"[\w-]*id|[\w-]*(?:cat|section|desk|kicker|tag|term|parent)[\w-]*", path=r"[^/?]*")
_LAST_SEGMENT = re.compile(r"\A([^?\n]*/)(\d+)(?=[?\n])")


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request that a page made after the press, with Playwright's headers and how many articles its answer lists."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None = None
    articles: int = 0


class LearnedRequest(BaseModel):
    """A request for one page of a listing, as a template for its other pages and, if it names its listing, for others.

    `url` and `body` have markers: `{page}` is `first + (n - 1) * step` for page n, counted from 1; `{slug}`,
    `{quoted_slug}` and `{id}` name the listing. `slug` and `listing_id` are those of the listing it was learned on.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str | None
    first: NonNegativeInt = 1
    step: PositiveInt = 1
    slug: str | None = None
    listing_id: int | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        is_web = self.method in _METHODS and urlsplit(self.url).scheme in ("http", "https")
        if not is_web or _PAGE not in _split(self.url)[1] + (self.body or ""):
            raise ValueError("not a web request with a page in it")
        return self

    @classmethod
    def learn(cls, candidates: Sequence[SeenRequest], *, slug: str, listing_id: int | None = None) -> Self | None:
        """Learn from the candidate with a page number whose answer lists the most articles; None without one.

        `slug` is the listing's as plain text, `listing_id` its number in page data.
        """
        for seen in sorted(candidates, key=lambda seen: -seen.articles):
            host, path = _split(seen.url)
            text = f"{path}\n{seen.body or ''}"
            is_taken = any(marker in text for marker in _MARKERS)
            if seen.method not in _METHODS or not seen.articles or is_taken or len(host + text) > _MAX_REQUEST:
                continue
            if marked := _mark_page(text, listing_id):
                text, first, step = marked
                path, body = (_mark_listing(part, slug, listing_id) for part in text.split("\n", 1))
                headers = tuple(pair for pair in seen.headers.items() if not _BROWSER_HEADERS.match(pair[0]))
                return cls(
                    method=seen.method,
                    url=host + path,
                    headers=headers,
                    body=body or None,
                    first=first,
                    step=step,
                    slug=slug,
                    listing_id=listing_id,
                )
        return None

    def serves(self, listing_slug: str | None, listing_id: int | None = None) -> bool:
        """Whether `for_page` works for that listing: its own, or one with a value for each marker."""
        text = self.url + (self.body or "")
        names = {_SLUG: listing_slug, _QUOTED_SLUG: listing_slug, _ID: listing_id}
        needed = [value for marker, value in names.items() if marker in text]
        return self._is_own(listing_slug, listing_id) or bool(needed and None not in needed)

    def for_page(
        self, n: int, *, listing_slug: str | None = None, listing_id: int | None = None
    ) -> tuple[str, str, dict[str, str], str | None]:
        """Method, URL, headers and body for page `n`, from 1, of that listing, by default its own.

        Raises ValueError for a page below 1 and for a listing that it does not serve.
        """
        if n < 1:
            raise ValueError(f"no page {n}")
        if not self.serves(listing_slug, listing_id):
            raise ValueError(f"{self.method} {self.url} cannot request the listing {listing_slug!r} ({listing_id})")
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
        return self.model_dump_json()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The request from its JSON text. Raises ValueError for any other text."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            raise ValueError(f"no learned request: {text[:200]!r}") from None

    def _is_own(self, listing_slug: str | None, listing_id: int | None) -> bool:
        return listing_slug == self.slug if listing_slug is not None else listing_id in (None, self.listing_id)


def _split(url: str) -> tuple[str, str]:
    """Scheme and host; path and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}", urlunsplit(("", "", parts.path, parts.query, ""))


def _mark_page(text: str, listing_id: int | None) -> tuple[str, int, int] | None:
    """The text with `{page}` in place of the second page's number, and `first` and `step`.

    Its first line is the URL's path and query, the rest is the body.
    """

    def replaced(pattern: re.Pattern[str], number: int) -> str | None:
        new = pattern.sub(lambda match: match[1] + _PAGE if match[2] == str(number) else match[0], text)
        return new if new != text else None

    if marked := replaced(_PAGE_NUMBER, 2):
        return marked, 1, 1
    for match in _OFFSET_NUMBER.finditer(text):
        offset = int(match[2][:9])
        if 0 < offset <= _MAX_OFFSET and (marked := replaced(_OFFSET_NUMBER, offset)):
            return marked, 0, offset
    if marked := replaced(_PAGE_NUMBER, 1):  # counted from 0
        return marked, 0, 1
    # `/posts/<listing>/2`: a number without a name counts only at the end of the path.
    if listing_id != 2 and (marked := replaced(_LAST_SEGMENT, 2)):
        return marked, 1, 1
    return None


def _mark_listing(text: str, slug: str, listing_id: int | None) -> str:
    """The text with markers in place of the listing's slug and number, but not within a longer word or as a key."""
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
