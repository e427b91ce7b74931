"""One press of a listing's load-more control, and what the page asks for then."""

from __future__ import annotations

import asyncio
import json
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from alqahira import site
from alqahira.browser.fetched_json import endpoint
from alqahira.load_more import LearnedRequest, SeenRequest
from alqahira.urls import is_on_site

if TYPE_CHECKING:
    from alqahira.browser.visit import Visit

# Seconds of quiet before the press, so that the page's scripts have taken hold of the control, and after it.
_QUIET_SECONDS = 1.5
# Seconds for the answers after the press; a page that never rests is judged by what it has asked for so far.
_PATIENCE_SECONDS = 20.0
_POLL_SECONDS = 0.1


async def learn_load_more(visit: Visit, *, seconds: float) -> tuple[LearnedRequest | None, str | None]:
    """Press the control once: the request to make from then on, or why there is none, in one line.

    `seconds`: how long it waits at most, in all, for the page to come to rest. Raises BrowserTimeout and TargetGone as
    every use of the page does.
    """
    end = monotonic() + seconds
    await _rest(visit, end)
    data = await visit.evaluate(_PAGE_DATA, site.NEXT_DATA_SCRIPT.value)
    shown_items, listing_id = _shown_listing(data or "")
    shown_items = shown_items or await visit.count_article_links()
    slug = unquote(urlsplit(visit.url).path.rstrip("/").rpartition("/")[2])
    visit.watch()
    if not await visit.evaluate(_PRESS, [site.LOAD_MORE.value, list(site.LOAD_MORE_LABELS.value)]):
        return None, "no load-more control"
    visit.count("load_more/presses")
    await _rest(visit, end)
    await visit.finish_reading(max(0.0, end - monotonic()))
    seen = visit.watched()
    learned = LearnedRequest.learn(
        [request for request in seen if is_on_site(request.url, visit.root)],
        shown_items=shown_items,
        slug=slug,
        listing_id=listing_id,
    )
    visit.count("load_more/learned" if learned else "load_more/not_learned")
    return learned, None if learned else why_nothing(seen, visit.root)


def why_nothing(seen: list[SeenRequest], root: str) -> str:
    """Why no request was learned from these. Values of queries are left out."""
    here = [request for request in seen if is_on_site(request.url, root)]
    if lists := [request for request in here if request.count_articles()]:
        return f"no page number in {endpoint(lists[0].method, lists[0].url)}"
    if hosts := dict.fromkeys(urlsplit(request.url).netloc for request in seen if request not in here):
        return f"the press asked another host: {', '.join(list(hosts)[:3])}"
    if here:
        return f"the press asked for {endpoint(here[0].method, here[0].url)}, which lists no articles as JSON"
    return "the press asked for nothing"


async def _rest(visit: Visit, end: float) -> None:
    """Wait until nothing has been on the way for a while."""
    begun = monotonic()
    end = min(end, begun + _PATIENCE_SECONDS)
    while monotonic() < end and min(visit.quiet_seconds(), monotonic() - begun) < _QUIET_SECONDS:
        await asyncio.sleep(_POLL_SECONDS)


def _shown_listing(page_data: str) -> tuple[int, int | None]:
    """Number of posts and the listing's id in the page's own data; 0 and None where it says neither."""
    try:
        listing: Any = json.loads(page_data)
        for key in site.LISTING_PATH.value:
            listing = listing[key]
        number = listing["category"]["id"]
        return len(listing["posts"]), number if type(number) is int else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0, None


_PAGE_DATA = "selector => document.querySelector(selector)?.textContent"

# Presses the first usable control: by selector, else a button by its label. A link to another page is no control, nor
# is the menu's «المزيد», an <a> without an address.
_PRESS = """([selector, labels]) => {
  const stays = e => !e.href || e.hasAttribute('data-load-more') || e.protocol === 'javascript:'
    || (e.host === location.host && e.pathname === location.pathname);
  const usable = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden'
    && !e.disabled && e.getAttribute('aria-disabled') !== 'true' && stays(e);
  const text = e => e.innerText.replace(/[\\s\\u200b-\\u200f\\u202a-\\u202e\\u2066-\\u2069]+/g, ' ')
    .replace(/[….»›+↓]+$/, '').trim();
  const control = [...document.querySelectorAll(selector)].find(usable)
    || [...document.querySelectorAll('button')].find(e => usable(e) && labels.includes(text(e)));
  if (control) control.click();
  return !!control;
}"""
