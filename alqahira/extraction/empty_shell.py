"""Whether a page is an empty shell, which shows its text only once its scripts run. Pure, and linear in its length.

A plain answer that is one is fetched again in a browser; an article page that still is one fails as `empty_shell`.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lxml import etree

from alqahira import site
from alqahira.extraction.sources import TooLarge, parse_html

# Where client-rendered pages put their content: Next.js, Nuxt, React and Vue by default.
_APP_ROOT = re.compile(rb"""<(?:div|main)[^<>]*\sid=["']?(?:__next|__nuxt|root|app)["'\s>]""")
_APP_DATA = (b"self.__next_f", b"__NEXT_DATA__")
# Keys of the site's page data, which holds the content even without rendered markup.
_SERVER_DATA = (b'"postContent":', b'"posts":[')
_SCRIPT = re.compile(rb"<script\b", re.IGNORECASE)
_VISIBLE = "[not(ancestor::noscript or ancestor::template)]"
_HREF = etree.XPath(f"//a{_VISIBLE}/@href")
# A headline, or a paragraph of 40 characters: the page was rendered, whatever else it lacks.
_TEXT = etree.XPath(f"//h1{_VISIBLE}[normalize-space() != ''] | //p{_VISIBLE}[string-length(normalize-space()) >= 40]")


def needs_javascript(html: bytes, kind: str) -> bool:
    """Whether a page has scripts instead of a listing's cards or an article's paragraphs.

    `kind` is "listing" or "article". False for a page without scripts or an app's root, however empty, and if page data
    or JSON-LD hold the content.
    """
    if any(name in html for name in _SERVER_DATA):
        return False
    if not _SCRIPT.search(html) or not (any(name in html for name in _APP_DATA) or _APP_ROOT.search(html)):
        return False
    try:
        page = parse_html(html)
    except TooLarge:  # no script will make it smaller
        return False
    if kind == "listing":
        return not any(_is_article(href) for href in _HREF(page))
    return b"articleBody" not in html and not _TEXT(page)


def _is_article(href: str) -> bool:
    try:
        return bool(site.ARTICLE_PATH.value.match(urlsplit(href.strip()).path))
    except ValueError:
        return False
