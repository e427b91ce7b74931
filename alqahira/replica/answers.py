"""How the replica answers: JSON, conditional requests, the access log, and what Cloudflare adds or refuses."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import IO, Any

from aiohttp import ETag, web
from aiohttp.typedefs import Handler, Middleware

from alqahira.replica.options import ReplicaOptions
from alqahira.replica.templates import Templates

# Robots' files and what a page is made of come from a cache and set no cookies.
_NO_PAGES = ("/robots.txt", "/sitemap", "/news-sitemap.xml", "/rss.xml", "/assets/", "/_next/static/", "/__replica__/")


def to_json(value: dict[str, Any], status: int = 200) -> web.Response:
    """JSON as an answer, Arabic as it is."""
    return web.json_response(value, status=status, dumps=lambda v: json.dumps(v, ensure_ascii=False))


def page_number(text: str | None) -> int:
    """The page that a query asks for; 1 for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and 0 < len(text) < 10 and int(text) else 1


def _is_unchanged(request: web.Request, tag: str, modified: datetime) -> bool:
    """Whether the client has this representation already (RFC 9110, section 13.2.2)."""
    tags = request.if_none_match
    if tags is not None:
        return any(t.value in (tag, "*") for t in tags)
    since = request.if_modified_since
    return since is not None and modified.replace(microsecond=0) <= since


def conditional(
    request: web.Request, tag: str, modified: datetime, make: Callable[[], bytes], content_type: str = "text/html"
) -> web.Response:
    """200 with what `make` gives, or 304 without making it."""
    if _is_unchanged(request, tag, modified):
        response = web.Response(status=304)
    else:
        charset = "utf-8" if content_type.startswith("text/") else None
        response = web.Response(body=make(), content_type=content_type, charset=charset)
    response.etag = ETag(tag)
    response.last_modified = modified
    return response


def cloudflare(options: ReplicaOptions) -> Middleware:
    """A middleware that does what stands before the site: cookies, headers, a challenge, a block."""
    render = Templates()

    def refusal(path: str, ray: str) -> web.StreamResponse | None:
        if options.challenge == "none" or path == "/robots.txt" or path.startswith("/__replica__/"):
            return None
        if options.challenge == "page":
            text, status = render("challenge.html", ray=ray), 200
        else:
            text, status = render("blocked.html", ray=ray), 403
        response = web.Response(status=status, text=text, content_type="text/html", charset="utf-8")
        if options.challenge == "page":
            response.headers["cf-mitigated"] = "challenge"
        return response

    def mark(headers: Any, path: str, ray: str) -> None:
        if not options.cookies:
            return
        headers["Server"] = "cloudflare"
        headers["CF-RAY"] = f"{ray}-CAI"
        if not path.startswith(_NO_PAGES):
            cookie = f"__cf_bm={secrets.token_urlsafe(32)}; path=/; HttpOnly; SameSite=None"
            headers.add("Set-Cookie", cookie)

    @web.middleware
    async def stand_before(request: web.Request, handler: Handler) -> web.StreamResponse:
        ray = secrets.token_hex(8)
        try:
            response = refusal(request.path, ray) or await handler(request)
        except web.HTTPException as answer:
            mark(answer.headers, request.path, ray)
            raise
        mark(response.headers, request.path, ray)
        return response

    return stand_before


def access_log(file: IO[str]) -> Middleware:
    """A middleware that writes one JSON line for each answer, before the answer is sent."""

    @web.middleware
    async def write(request: web.Request, handler: Handler) -> web.StreamResponse:
        status, sent = 500, 0
        try:
            response = await handler(request)
            status = response.status
            body = getattr(response, "body", None)
            sent = len(body) if isinstance(body, bytes) and request.method != "HEAD" else 0
            return response
        except web.HTTPException as answer:
            status = answer.status
            raise
        finally:
            line = {
                "time": time.time(),
                "method": request.method,
                "path": request.path_qs,
                "status": status,
                "bytes": sent,
                "if_none_match": "If-None-Match" in request.headers,
                "if_modified_since": "If-Modified-Since" in request.headers,
                "user_agent": request.headers.get("User-Agent", ""),
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    return write
