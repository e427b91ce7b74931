"""One press of a listing's load-more control, and the requests that the page makes then."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote, urlsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from playwright.async_api import Request as PageRequest

from alqahira import site
from alqahira.extraction.listing import read_listing
from alqahira.extraction.load_more import LearnedRequest, SeenRequest
from alqahira.extraction.urls import is_on_site

# Before the press, so that the page's scripts are attached to the control.
_READY_SECONDS = 1.5
# At most for the first request after the press; then for further ones; at most for each answer.
_FIRST_SECONDS, _MORE_SECONDS, _ANSWER_SECONDS = 10.0, 1.0, 10.0
# Requests that are examined, and bytes of an answer; a larger one is no listing.
_MAX_REQUESTS, _MAX_ANSWER_BYTES = 50, 2_000_000


async def learn_load_more(page: Page, html: bytes, root: str) -> tuple[LearnedRequest | None, str | None]:
    """Press the control once. Returns the request for further pages, or None and the reason in one line.

    `html` is the page before the press. The caller sets the time limit.
    """
    now = datetime.now(UTC)
    number = read_listing(html, page.url, root=root, now=now).number
    slug = unquote(urlsplit(page.url).path.rstrip("/").rpartition("/")[2])
    made: list[PageRequest] = []
    has_request = asyncio.Event()

    def note(request: PageRequest) -> None:
        if request.resource_type in ("xhr", "fetch") or request.is_navigation_request():
            made.append(request)
            has_request.set()

    await asyncio.sleep(_READY_SECONDS)
    page.on("request", note)
    if not await page.evaluate(_PRESS, [site.LOAD_MORE.value, list(site.LOAD_MORE_LABELS.value)]):
        return None, "no load-more control"
    with suppress(TimeoutError):
        await asyncio.wait_for(has_request.wait(), _FIRST_SECONDS)
        await asyncio.sleep(_MORE_SECONDS)
    seen: list[SeenRequest] = []
    for request in made[:_MAX_REQUESTS]:
        answer = await _json_answer(request) if is_on_site(request.url, root) else b""
        articles = len(read_listing(answer, request.url, root=root, now=now).cards)
        seen.append(SeenRequest(request.method, request.url, request.headers, _body_of(request), articles))
        if request.is_navigation_request():
            break  # requests of the next page have nothing to do with the press
    on_site = [request for request in seen if is_on_site(request.url, root)]
    learned = LearnedRequest.learn(on_site, slug=slug, listing_id=number)
    return learned, None if learned else _failure_reason(seen, on_site)


def _failure_reason(seen: list[SeenRequest], on_site: list[SeenRequest]) -> str:
    """Why no request was learned from these, without the values of queries."""
    if listing := next((request for request in on_site if request.articles), None):
        return f"no page number in {_endpoint(listing)}"
    if hosts := dict.fromkeys(urlsplit(request.url).netloc for request in seen if request not in on_site):
        return f"the press requested another host: {', '.join(list(hosts)[:3])}"
    if on_site:
        return f"the press requested {_endpoint(on_site[0])}, which lists no articles as JSON"
    return "the press requested nothing"


def _endpoint(request: SeenRequest) -> str:
    """`GET /api/news?page=…&tag=…`."""
    parts = urlsplit(request.url)
    keys = sorted({key for key, _ in parse_qsl(parts.query, keep_blank_values=True)})
    return f"{request.method} {parts.path}" + ("?" + "&".join(f"{key}=…" for key in keys) if keys else "")


async def _json_answer(request: PageRequest) -> bytes:
    """The body of a JSON answer; empty if it is not JSON, too long or late."""
    with suppress(PlaywrightError, TimeoutError, ValueError):
        async with asyncio.timeout(_ANSWER_SECONDS):
            response = await request.response()
            headers = response.headers if response else {}
            is_short = int(headers.get("content-length", "0")) <= _MAX_ANSWER_BYTES
            body = await response.body() if response and is_short and "json" in headers.get("content-type", "") else b""
            return body if len(body) <= _MAX_ANSWER_BYTES else b""
    return b""


def _body_of(request: PageRequest) -> str | None:
    """The text that the request sends; None without a body or if it is not UTF-8."""
    try:
        return request.post_data
    except UnicodeDecodeError:
        return None


# Clicks the first usable control: by selector, else a button by its label. A link to another page is no control, nor
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
