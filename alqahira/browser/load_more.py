"""Pressing a listing's load-more control until there is nothing more to have."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

from alqahira import site

if TYPE_CHECKING:
    from alqahira.browser.visit import Visit

# Seconds without a new card, with nothing on the way, after which a click is taken to have done nothing.
_DRY_SECONDS = 1.5
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class LoadMore:
    """How far a listing is opened: to the moment `until`, back in time, or so many clicks."""

    until: datetime | None = None
    max_clicks: int = 50

    @classmethod
    def from_meta(cls, value: Mapping[str, Any]) -> LoadMore:
        """From `request.meta["load_more"]`. Raises TypeError for an unknown key."""
        return cls(**{key: given for key, given in value.items() if given is not None})


async def load_more(
    visit: Visit, plan: LoadMore, *, delay: float, budget: float, is_ending: Callable[[], bool] = lambda: False
) -> str:
    """Click until a reason to stop, and return it: a word for the statistics.

    `delay`: least seconds between two clicks, as each is a request to the site; `budget`: most seconds for all;
    `is_ending`: whether the run has been told to end.
    """
    end = monotonic() + budget
    seen: set[str] = set()
    batch = await _new_cards(visit, seen)
    for _ in range(plan.max_clicks):
        reason = _why_stop(visit, plan, batch)
        if reason:
            return reason
        if monotonic() > end:
            return "budget"
        if is_ending():
            return "ending"
        clicked = monotonic()
        if not await _click(visit):
            return "exhausted"
        visit.count("load_more/clicks")
        batch = await _wait_for_cards(visit, seen)
        if not batch:
            return "no_new_cards"
        await asyncio.sleep(max(0.0, delay - (monotonic() - clicked)))
    return _why_stop(visit, plan, batch) or "max_clicks"


async def _click(visit: Visit) -> bool:
    """Press the control; it may be gone for a moment after it was pressed. False where there is none."""
    asked = monotonic()
    while True:
        if await visit.evaluate(_CLICK, [site.LOAD_MORE.value, list(site.LOAD_MORE_LABELS.value)]):
            return True
        if monotonic() - asked > _DRY_SECONDS and visit.quiet_seconds() > _DRY_SECONDS:
            return False
        await asyncio.sleep(_POLL_SECONDS)


async def _wait_for_cards(visit: Visit, seen: set[str]) -> list[str]:
    """The new cards' HTML; [] when the page has come to rest without any, or the deadline has passed."""
    asked = monotonic()
    while True:
        batch = await _new_cards(visit, seen)
        waited = monotonic() - asked
        if batch or waited > visit.deadline:
            return batch
        if waited > _DRY_SECONDS and visit.quiet_seconds() > _DRY_SECONDS:
            return []
        await asyncio.sleep(_POLL_SECONDS)


async def _new_cards(visit: Visit, seen: set[str]) -> list[str]:
    """HTML of the cards that lead to articles not yet in `seen`, which learns them."""
    cards = await visit.evaluate(_NEW_CARDS, [article_path_for_script(), site.CARD.value]) or []
    new = {path: html for path, html in cards if path not in seen}
    seen.update(new)
    for path in new:
        visit.add_link(path)
    return list(new.values())


def _why_stop(visit: Visit, plan: LoadMore, batch: list[str]) -> str | None:
    """Why this batch of cards was the last one wanted: all of it is older than asked for."""
    if not batch or not plan.until:
        return None
    from alqahira.listing import read_listing

    html = "<html><body>" + "".join(batch) + "</body></html>"
    cards = read_listing(html.encode(), visit.url, root=visit.root, now=datetime.now(UTC)).cards
    dates = [card.date for card in cards if card.date]
    # The newest decides: a pinned old story among new ones is no end.
    return "until" if dates and max(dates) < plan.until else None


def article_path_for_script() -> str:
    """The article path's pattern with groups named as JavaScript names them."""
    return site.ARTICLE_PATH.value.pattern.replace("(?P<", "(?<")


# [[path, html of the card or of the link]] for each article path that this document had not when last asked.
_NEW_CARDS = """([pattern, card]) => {
  const article = new RegExp(pattern), known = (window.__alqahiraSeen ??= new Set()), found = [];
  for (const link of document.querySelectorAll('a[href]')) {
    if (link.host !== location.host || known.has(link.pathname) || !article.test(link.pathname)) continue;
    known.add(link.pathname);
    found.push([link.pathname, (link.closest(card) || link).outerHTML]);
  }
  return found;
}"""

# Presses the first usable control: by selector, else by label. A link that leads to another page is no control.
_CLICK = """([selector, labels]) => {
  const stays = e => !e.href || e.hasAttribute('data-load-more') || e.protocol === 'javascript:'
    || (e.host === location.host && e.pathname === location.pathname);
  const usable = e => e.getClientRects().length > 0 && getComputedStyle(e).visibility !== 'hidden'
    && !e.disabled && e.getAttribute('aria-disabled') !== 'true' && stays(e);
  const text = e => e.innerText.replace(/[\\s\\u200b-\\u200f\\u202a-\\u202e\\u2066-\\u2069]+/g, ' ')
    .replace(/[….»›+↓]+$/, '').trim();
  const control = [...document.querySelectorAll(selector)].find(usable)
    || [...document.querySelectorAll('button, a, [role=button]')].find(e => usable(e) && labels.includes(text(e)));
  if (control) control.click();
  return !!control;
}"""
