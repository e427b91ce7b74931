"""Articles in the JSON that a page fetches. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qsl, urljoin, urlsplit

from alqahira.urls import canonical_url, is_article_url

# Longer strings are texts; deeper nesting is no listing.
_LONGEST_URL = 2_000
_DEEPEST = 40


def article_links(payload: str | bytes, root: str) -> list[str]:
    """The canonical article URLs among the strings of a JSON text, in their order, each once; [] for no JSON."""
    links: dict[str, None] = {}
    for value in _values(payload):
        link = _article_link(value, root) if isinstance(value, str) else None
        if link:
            links[link] = None
    return list(links)


def count_articles(payload: str | bytes) -> int:
    """How many posts a JSON text lists: objects with an id and a title or slug, as the site's own answers have them.

    Categories and tags have a name in its place.
    """
    return sum(isinstance(value, dict) and _is_post(value) for value in _values(payload))


def _is_post(value: dict[str, object]) -> bool:
    names = (value.get("title"), value.get("slug"))
    return bool(value.get("id")) and "name" not in value and any(isinstance(name, str) and name for name in names)


def endpoint(method: str, url: str) -> str:
    """`GET /api/news?page=…&tag=…`: what a maintainer needs to know of a request, without its values."""
    parts = urlsplit(url)
    keys = sorted({key for key, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return f"{method} {parts.path}" + ("?" + "&".join(f"{key}=…" for key in keys) if keys else "")


def _values(payload: str | bytes) -> Iterator[object]:
    """Every value of a JSON text but its keys, in the order of the text; none for no JSON."""
    try:
        stack = [(json.loads(payload), 0)]
    except (ValueError, RecursionError):
        return
    while stack:
        value, depth = stack.pop()
        yield value
        if isinstance(value, (dict, list)) and depth < _DEEPEST:
            children = list(value.values()) if isinstance(value, dict) else value
            stack.extend((child, depth + 1) for child in reversed(children))


def _article_link(text: str, root: str) -> str | None:
    """The canonical URL, where the string is a link (absolute, or a path) to an article."""
    text = text.strip()
    if not 0 < len(text) <= _LONGEST_URL or "/" not in text or "\n" in text:
        return None
    try:
        url = urljoin(f"{root}/", text)
        return canonical_url(url, root=root) if is_article_url(url, root) else None
    except ValueError:
        return None
