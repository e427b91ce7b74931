"""Whether a plain answer is an empty shell: a page whose text comes only when its scripts run. Pure, and cheap."""

from __future__ import annotations

import re

from alqahira import site

# What a client-rendered page hangs its content into: Next.js, Nuxt, React and Vue as they come.
_APP_ROOT = re.compile(
    rb"""<(?:div|main)[^>]*\sid=["']?(?:__next|__nuxt|root|app)["'\s>]|self\.__next_f|__NEXT_DATA__"""
)
_SCRIPT = re.compile(rb"<script\b", re.IGNORECASE)
_UNSEEN = re.compile(rb"<(script|style|noscript|template|svg|head)\b.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
# A paragraph that says something: 40 characters and more of its own text, which is 80 bytes of Arabic.
_PARAGRAPH = re.compile(rb"<p\b[^>]*>\s*(?:<(?:strong|b|em|span|a)\b[^>]*>\s*)*[^<]{80,}", re.IGNORECASE)
# A headline with text: the page was rendered, whatever it lacks besides.
_HEADING = re.compile(rb"<h1\b[^>]*>\s*(?:<[^>]+>\s*)*[^<\s]", re.IGNORECASE)
_HREF = re.compile(rb"""<a\b[^>]*?\shref\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_HOST = re.compile(r"^https?://[^/]+", re.IGNORECASE)


def is_empty_shell(html: bytes, kind: str) -> bool:
    """Whether scripts stand where a listing's cards or an article's paragraphs should.

    `kind` is "listing" or "article". A page without scripts and an app's root is what it is, however empty;
    an article in `__NEXT_DATA__` or JSON-LD needs no browser either.
    """
    if not _SCRIPT.search(html) or not _APP_ROOT.search(html):
        return False
    if kind == "listing":
        return not any(_is_article_link(href) for href in _HREF.findall(_UNSEEN.sub(b"", html)))
    seen = _UNSEEN.sub(b"", html)
    return not _PARAGRAPH.search(seen) and not _HEADING.search(seen) and b"articleBody" not in html


def _is_article_link(href: bytes) -> bool:
    path = _HOST.sub("", href.decode("utf-8", "replace")).partition("?")[0].partition("#")[0]
    return bool(site.ARTICLE_PATH.value.match(path))
