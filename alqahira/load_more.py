"""The request that one press of a listing's load-more control makes: learned once, then made page by page. Pure.

`alqahira.browser.load_more` presses and records; discovery keeps `LearnedRequest.to_json()` and makes plain requests
from `LearnedRequest.for_page()`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self
from urllib.parse import quote, unquote, unquote_plus, urlsplit, urlunsplit

from alqahira.browser.fetched_json import article_links, count_articles

# Where a value stands: ("path", 3), ("query", 0), ("form", 1) by position; ("json", "variables", "page") by keys.
Place = tuple[str | int, ...]

_METHODS = ("GET", "POST")
# Characters of URL and body; more is no question for a page of a listing.
_LONGEST = 20_000
# Names in lower case, without separators; of `filter[page]` the whole and the last part are asked for.
_PAGE_NAMES = frozenset(
    {"page", "p", "pg", "paged", "pageno", "pagenum", "pagenumber", "pageindex", "currentpage", "nextpage"}
)
_OFFSET_NAMES = frozenset({"offset", "skip", "start", "from", "startindex"})
_ID_NAME = re.compile(r"id$|cat|section|desk|kicker|tag|term|parent")
# Headers that the browser sets of its own accord, and that belong to it or to its reader.
_NOT_REPLAYED = frozenset(
    {
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "content-length",
        "cookie",
        "dnt",
        "host",
        "origin",
        "pragma",
        "priority",
        "range",
        "referer",
        "save-data",
        "te",
        "transfer-encoding",
        "upgrade-insecure-requests",
        "user-agent",
    }
)
_NOT_REPLAYED_PREFIXES = (":", "if-", "proxy-", "sec-")


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request that a page made after the press.

    `headers` as Playwright has them; `answer`: the JSON text of the answer, None where it was no JSON or too long.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None = None
    answer: bytes | None = None

    def count_articles(self) -> int:
        """How many articles the answer lists."""
        if not self.answer:
            return 0
        root = "{0.scheme}://{0.netloc}".format(urlsplit(self.url))
        return max(count_articles(self.answer), len(article_links(self.answer, root)))


@dataclass(frozen=True, slots=True)
class LearnedRequest:
    """A request for one page of a listing, as a pattern for every page and, where it names its listing, for others.

    Page n, counted from 1, has the number `first + (n - 1) * step` at each of `page_places`. `slug` and `listing_id`
    are those of the listing it was learned on.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str | None
    page_places: tuple[Place, ...]
    first: int = 1
    step: int = 1
    slug: str | None = None
    listing_id: int | None = None

    @classmethod
    def learn(
        cls,
        candidates: Sequence[SeenRequest],
        *,
        shown_page: int = 1,
        shown_items: int,
        slug: str | None,
        listing_id: int | None = None,
    ) -> Self | None:
        """The candidate whose answer lists the most articles and that names the next page; None without one.

        `shown_page` and `shown_items` are the page (from 1) and the number of articles before the press; `slug` is the
        listing's as plain text, `listing_id` its number in page data.
        """
        counted = [(seen.count_articles(), seen) for seen in candidates if seen.method in _METHODS]
        for count, seen in sorted(counted, key=lambda pair: -pair[0]):
            if not count or len(seen.url) + len(seen.body or "") > _LONGEST:
                continue
            offsets = {shown_items, count * shown_page}
            found = _find_page(_Parts(seen.url, seen.body), shown_page, offsets, listing_id)
            if found:
                headers = tuple((name, value) for name, value in seen.headers.items() if _is_replayed(name))
                return cls(seen.method, seen.url, headers, seen.body, *found, slug, listing_id)
        return None

    def serves(self, listing_slug: str | None, listing_id: int | None = None) -> bool:
        """Whether `for_page` can ask for that listing: its own, or one of which all is given that names its own."""
        if self._is_own(listing_slug, listing_id):
            return True
        slugs, ids = bool(self._slug_leaves()), bool(self._id_leaves())
        return (slugs or ids) and not (slugs and listing_slug is None) and not (ids and listing_id is None)

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
        parts = _Parts(self.url, self.body)
        for leaf in parts.leaves():
            if leaf.place in self.page_places:
                parts.set(leaf, self.first + (n - 1) * self.step)
        if not self._is_own(listing_slug, listing_id):
            for leaf in self._slug_leaves():
                parts.set(leaf, _replace_slug(str(leaf.value), self.slug or "", listing_slug or ""))
            for leaf in self._id_leaves():
                parts.set(leaf, listing_id or 0)
        return self.method, parts.url(), dict(self.headers), parts.body()

    def to_json(self) -> str:
        """The request as a JSON text, for `from_json`."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The request out of its JSON text. Raises ValueError for what is none."""
        try:
            data = json.loads(text)
            data["headers"] = tuple((name, value) for name, value in data["headers"])
            data["page_places"] = tuple(map(tuple, data["page_places"]))
            learned = cls(**data)
            if learned._is_sound():
                return learned
        except (ValueError, TypeError, KeyError, RecursionError):
            pass
        raise ValueError(f"no learned request: {text[:200]!r}")

    def _is_sound(self) -> bool:
        """Whether every field is of its type and the page's places are numbers of this request."""
        texts = (self.url, *(text for pair in self.headers for text in pair))
        optional = ((self.body, str), (self.slug, str), (self.listing_id, int))
        numbers = (self.first, self.step)
        return (
            self.method in _METHODS
            and all(isinstance(text, str) for text in texts)
            and all(value is None or type(value) is kind for value, kind in optional)
            and all(type(number) is int and number >= 0 for number in numbers)
            and self.step > 0
            and urlsplit(self.url).scheme in ("http", "https")
            and bool(self.page_places)
            and set(self.page_places)
            <= {leaf.place for leaf in _Parts(self.url, self.body).leaves() if str(leaf.value).isdecimal()}
        )

    def _is_own(self, listing_slug: str | None, listing_id: int | None) -> bool:
        if listing_slug is not None:
            return _composed(listing_slug) == _composed(self.slug or "")
        return listing_id in (None, self.listing_id)

    def _slug_leaves(self) -> list[_Leaf]:
        """Where the request names the listing by its slug."""
        return [leaf for leaf in self._other_leaves() if self.slug and _has_slug(leaf.value, self.slug)]

    def _id_leaves(self) -> list[_Leaf]:
        """Where the request names the listing by its number."""
        if self.listing_id is None:
            return []
        return [leaf for leaf in self._other_leaves() if _is_id(leaf, self.listing_id)]

    def _other_leaves(self) -> Iterator[_Leaf]:
        return (leaf for leaf in _Parts(self.url, self.body).leaves() if leaf.place not in self.page_places)


class _Leaf(NamedTuple):
    """One value of a request; `name` is its key, in a path the segment before it."""

    place: Place
    name: str
    value: str | int

    def is_number(self, number: int) -> bool:
        return str(self.value) == str(number)

    def is_named(self, names: frozenset[str]) -> bool:
        whole = re.sub(r"[\W_]", "", self.name.lower())
        last = re.split(r"[\[.]", self.name.lower().rstrip("]"))[-1]
        return whole in names or re.sub(r"[\W_]", "", last) in names


class _Parts:
    """A request's URL and body, value by value; what is not set stays as it was, byte for byte."""

    def __init__(self, url: str, body: str | None) -> None:
        self._url = urlsplit(url)
        self._body = body
        self._is_json = False
        self._json: Any = None
        self._lists = {
            "path": self._url.path.split("/"),
            "query": self._url.query.split("&") if self._url.query else [],
            "form": [],
        }
        if body:
            try:
                self._json = json.loads(body)
                self._is_json = True
            except (ValueError, RecursionError):
                # A multipart body has lines; what it holds stays as it is.
                if "=" in body and "\n" not in body:
                    self._lists["form"] = body.split("&")

    def leaves(self) -> Iterator[_Leaf]:
        """Every text and whole number, in the order in which they stand."""
        before = ""
        for at, segment in enumerate(self._lists["path"]):
            yield _Leaf(("path", at), before, unquote(segment))
            before = unquote(segment)
        for part in ("query", "form"):
            for at, pair in enumerate(self._lists[part]):
                name, _, value = pair.partition("=")
                yield _Leaf((part, at), unquote_plus(name), unquote_plus(value))
        if self._is_json:
            yield from _json_leaves(("json",), "", self._json)

    def set(self, leaf: _Leaf, value: str | int) -> None:
        """Put a value where the leaf stands; text stays text there, a number a number."""
        part, *keys = leaf.place
        if part == "json":
            owner = self._json
            for key in keys[:-1]:
                owner = owner[key]
            owner[keys[-1]] = type(leaf.value)(value)
            self._body = json.dumps(self._json, ensure_ascii=False, separators=(",", ":"))
            return
        at, values = int(keys[0]), self._lists[str(part)]
        if part == "path":
            values[at] = quote(str(value), safe="!$&'()*+,;=:@~")
            return
        values[at] = values[at].partition("=")[0] + "=" + quote(str(value), safe="")
        if part == "form":
            self._body = "&".join(values)

    def url(self) -> str:
        return urlunsplit(self._url._replace(path="/".join(self._lists["path"]), query="&".join(self._lists["query"])))

    def body(self) -> str | None:
        return self._body


def _json_leaves(place: Place, name: str, value: Any) -> Iterator[_Leaf]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _json_leaves((*place, key), key, inner)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _json_leaves((*place, at), name, inner)
    elif type(value) in (str, int) and len(place) > 1:
        yield _Leaf(place, name, value)


def _find_page(
    parts: _Parts, shown_page: int, offsets: set[int], listing_id: int | None
) -> tuple[tuple[Place, ...], int, int] | None:
    """`page_places`, `first` and `step` of a request for the page after `shown_page`."""
    leaves = list(parts.leaves())
    pages = [leaf for leaf in leaves if leaf.is_named(_PAGE_NAMES)]
    if found := tuple(leaf.place for leaf in pages if leaf.is_number(shown_page + 1)):
        return found, 1, 1
    for leaf in leaves:
        offset = next((offset for offset in offsets if leaf.is_number(offset)), 0)
        if leaf.is_named(_OFFSET_NAMES) and offset > 0 and offset % shown_page == 0:
            return (leaf.place,), 0, offset // shown_page
    # Pages that are counted from 0.
    if found := tuple(leaf.place for leaf in pages if leaf.is_number(shown_page)):
        return found, 0, 1
    # `/posts/<listing>/2`: a number without a name counts where nothing follows.
    last = [leaf for leaf in leaves if leaf.place[0] == "path"][-1]
    if last.is_number(shown_page + 1) and listing_id != shown_page + 1:
        return (last.place,), 1, 1
    return None


def _is_id(leaf: _Leaf, listing_id: int) -> bool:
    is_named = leaf.place[0] == "path" or bool(_ID_NAME.search(leaf.name.lower().rstrip("]")))
    return is_named and leaf.is_number(listing_id)


def _slug_forms(slug: str) -> Iterator[tuple[re.Pattern[str], bool]]:
    """The slug as text, and percent-encoded (True) inside a text; neither as a piece of a longer word."""
    yield re.compile(rf"(?<![\w-]){re.escape(slug)}(?![\w-])"), False
    yield re.compile(rf"(?<![\w%-]){re.escape(quote(slug, safe=''))}(?![\w%-])", re.IGNORECASE), True


def _has_slug(value: str | int, slug: str) -> bool:
    text = _composed(str(value))
    return isinstance(value, str) and any(form.search(text) for form, _ in _slug_forms(_composed(slug)))


def _replace_slug(value: str, slug: str, other: str) -> str:
    text = _composed(value)
    for form, is_quoted in _slug_forms(_composed(slug)):
        if form.search(text):
            new = quote(other, safe="") if is_quoted else other
            return form.sub(new.replace("\\", "\\\\"), text)
    return text


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _is_replayed(header: str) -> bool:
    name = header.lower()
    return name not in _NOT_REPLAYED and not name.startswith(_NOT_REPLAYED_PREFIXES)
