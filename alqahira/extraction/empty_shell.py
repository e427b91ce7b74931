"""Whether a page is an empty shell: one whose text comes only when its scripts run. Pure, and cheap.

Of a plain answer it says that a browser must fetch the page; of a page that gave no article, that none filled it.
No search runs past the end of a tag, so that a page of nothing but openings costs no more than its length.
"""

from __future__ import annotations

import re

from alqahira import site

# What a client-rendered page hangs its content into: Next.js, Nuxt, React and Vue as they come.
_APP_ROOT = re.compile(rb"""<(?:div|main)[^<>]*\sid=["']?(?:__next|__nuxt|root|app)["'\s>]""")
_APP_DATA = (b"self.__next_f", b"__NEXT_DATA__")
# What page data of the site's server holds, whether its markup was rendered or not.
_SERVER_DATA = (b'"postContent":', b'"posts":[')
_SCRIPT = re.compile(rb"<script\b", re.IGNORECASE)
_HIDING = ("script", "style", "noscript", "template", "svg", "head")
_OPENING = re.compile(rf"<({'|'.join(_HIDING)})\b|<!--".encode(), re.IGNORECASE)
_CLOSINGS = {tag.encode(): re.compile(rf"</{tag}\s*>".encode(), re.IGNORECASE) for tag in _HIDING}
_COMMENT_END = re.compile(rb"-->")
# A paragraph that says something: 40 characters and more of its own text, which is 80 bytes of Arabic.
_PARAGRAPH = re.compile(rb"<p\b[^<>]*>\s*(?:<(?:strong|b|em|span|a)\b[^<>]*>\s*){0,20}[^<]{80,}", re.IGNORECASE)
# A headline with text: the page was rendered, whatever it lacks besides.
_HEADING = re.compile(rb"<h1\b[^<>]*>\s*(?:<[^<>]+>\s*){0,20}[^<\s]", re.IGNORECASE)
_HREF = re.compile(rb"""<a\b[^<>]*?\shref\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_HOST = re.compile(r"^https?://[^/]+", re.IGNORECASE)


def needs_javascript(html: bytes, kind: str) -> bool:
    """Whether scripts stand where a listing's cards or an article's paragraphs should.

    `kind` is "listing" or "article". A page without scripts and an app's root is what it is, however empty; a story or
    a listing in page data, and an article in JSON-LD, need no browser either.
    """
    if any(name in html for name in _SERVER_DATA):
        return False
    if not _SCRIPT.search(html) or not (any(name in html for name in _APP_DATA) or _APP_ROOT.search(html)):
        return False
    seen = _seen(html)
    if kind == "listing":
        return not any(_is_article_link(href) for href in _HREF.findall(seen))
    return not _PARAGRAPH.search(seen) and not _HEADING.search(seen) and b"articleBody" not in html


def _seen(html: bytes) -> bytes:
    """The page without comments and hidden elements; what is never closed hides nothing."""
    kept, begin, at = [], 0, 0
    never_closed: set[re.Pattern[bytes]] = set()
    while opening := _OPENING.search(html, at):
        at = opening.end()
        closing = _CLOSINGS[opening[1].lower()] if opening[1] else _COMMENT_END
        if closing in never_closed:
            continue
        if end := closing.search(html, at):
            kept.append(html[begin : opening.start()])
            begin = at = end.end()
        else:
            never_closed.add(closing)
    return b"".join((*kept, html[begin:]))


def _is_article_link(href: bytes) -> bool:
    path = _HOST.sub("", href.decode("utf-8", "replace")).partition("?")[0].partition("#")[0]
    return bool(site.ARTICLE_PATH.value.match(path))
