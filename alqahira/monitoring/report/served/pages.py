"""Answers to requests of the served site: what is asked, under which policy, as HTML or JSON.

Nothing here runs in the browser: there is no script, and the policy allows none. Crawled text goes through the
templates' escaping alone.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlencode

from jinja2 import FileSystemLoader
from jinja2.environment import Environment

from alqahira.monitoring.report import words
from alqahira.monitoring.report.charts import TEMPLATES, UNPRINTABLE
from alqahira.monitoring.report.figures import RecordedRun, site_link
from alqahira.monitoring.report.page import style_sheet
from alqahira.monitoring.report.served import queries
from alqahira.monitoring.report.served.database import KINDS
from alqahira.monitoring.report.served.fields import REASONS, Comparison, Record, compared, field_rows, shown
from alqahira.monitoring.report.served.links import SERVED, Links
from alqahira.monitoring.report.served.queries import LONGEST_QUERY, MOST_WORDS, BadQuery, Selection
from alqahira.monitoring.report.served.sparklines import HEIGHT, WIDTH, sparklines

POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HTML, JSON, CSS = "text/html; charset=utf-8", "application/json; charset=utf-8", "text/css; charset=utf-8"
KIND_NAMES = {
    "topic": "الموضوع",
    "day": "اليوم",
    "agency": "الوكالة",
    "desk": "القسم",
    "country": "الدولة",
    "organization": "المنظمة",
}
# What a browser calls this machine. Any other name is a page elsewhere whose name was made to lead here.
_HOSTS = re.compile(r"(127\.0\.0\.1|localhost)(:\d{1,5})?", re.ASCII | re.IGNORECASE)
_HEADINGS = {400: "طلب غير مفهوم", 403: "غير مسموح", 404: "لا صفحة هنا", 405: "للقراءة وحدها"}


class Response(NamedTuple):
    """An answer; `policy` is its Content-Security-Policy."""

    status: int
    content_type: str
    body: bytes
    policy: str = POLICY


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Pages:
    """The site on a served copy. `report` is the page of `scrapy report`, and `report_policy` the policy it needs."""

    copy: sqlite3.Connection
    report: bytes
    report_policy: str

    def answer(self, method: str, host: str, target: str) -> Response:
        """The answer to a request for a path with its query. Never raises for what a client sends."""
        try:
            if not _HOSTS.fullmatch(host):
                raise _Refused(403, "this site answers to 127.0.0.1 and localhost alone")
            if method not in ("GET", "HEAD"):
                raise _Refused(405, "GET and HEAD alone")
            path, _, query = target.partition("?")
            if not path.startswith("/"):
                raise _Refused(400, "the address is not readable")
            return self._route(unquote(path), query)
        except BadQuery as error:
            return _error(400, str(error))
        except _Refused as error:
            return _error(error.status, str(error))

    def _route(self, path: str, query: str) -> Response:
        if path in ("/", "/articles.json"):
            return self._articles(Selection.parse(query), as_json=path != "/")
        if path in ("/runs", "/runs.json"):
            return self._runs(as_json=path != "/runs")
        if path == "/report":
            return Response(200, HTML, self.report, f"{self.report_policy}; frame-ancestors 'none'")
        if path == "/style.css":
            return Response(200, CSS, style())
        if path.startswith("/articles/"):
            name = path.removeprefix("/articles/")
            return self._article(name.removesuffix(".json"), query, as_json=name.endswith(".json"))
        raise _Refused(404, "there is no such page")

    def _articles(self, selection: Selection, *, as_json: bool) -> Response:
        results = queries.select(self.copy, selection)
        if selection.page > results.pages:
            raise _Refused(404, f"there are {results.pages} pages")
        if not as_json:
            return Response(200, HTML, page("articles.html.jinja", selection=selection, results=results))
        more = selection.page < results.pages
        return _json(
            {
                "total": results.total,
                "page": selection.page,
                "pages": results.pages,
                "is_shortened": results.is_shortened,
                "next": f"/articles.json?{selection.query(page=selection.page + 1)}" if more else None,
                "articles": results.articles,
                "facets": {
                    kind: [{"value": each.value, "articles": each.articles} for each in values]
                    for kind, values in results.facets.items()
                },
            }
        )

    def _article(self, article_id: str, query: str, *, as_json: bool) -> Response:
        records = queries.revisions(self.copy, article_id)
        if not records:
            raise _Refused(404, "there is no such article")
        if as_json:
            duplicate_count, duplicates = queries.duplicates(self.copy, article_id)
            same = [{"article_id": each["article_id"], "headline": each["headline"]} for each in duplicates]
            return _json({"revisions": records, "duplicate_count": duplicate_count, "duplicates": same})
        return Response(200, HTML, article_page(self.copy, records, query))

    def _runs(self, *, as_json: bool) -> Response:
        runs = queries.runs(self.copy)
        if as_json:
            return _json({"runs": runs})
        return Response(200, HTML, runs_page(runs))


def article_page(
    copy: sqlite3.Connection, records: list[dict[str, Any]], query: str = "", links: Links = SERVED, **values: Any
) -> bytes:
    """The page of an article, all of whose revisions are given; `query` names the one to compare."""
    record = newest_published(records)
    original = newest_published(queries.revisions(copy, record["duplicate_of"] or ""))
    duplicate_count, duplicates = queries.duplicates(copy, record["article_id"])
    return page(
        "article.html.jinja",
        links,
        record=record,
        records=records,
        original=original,
        comparison=_comparison(records, original, query),
        fields=list(field_rows(record, queries.account(copy, record["run_id"] or ""))),
        duplicates=duplicates,
        duplicate_count=duplicate_count,
        link=site_link(record["url"] or "", queries.site(copy)),
        **values,
    )


def runs_page(runs: list[dict[str, Any]], links: Links = SERVED, **values: Any) -> bytes:
    """The page of the runs, which are as `queries.runs` gives them."""
    return page("runs.html.jinja", links, runs=[_recorded(run) for run in runs], sparklines=sparklines(runs), **values)


def newest_published(records: list[dict[str, Any]]) -> dict[str, Any]:
    """The highest revision that was published, or the highest; empty if there is none."""
    return next((record for record in reversed(records) if record["is_published"]), (records or [{}])[-1])


def _comparison(records: list[dict[str, Any]], original: Record, query: str) -> Comparison | None:
    """The revision that the query names beside the one before, by default the last; or a duplicate's original."""
    if len(records) > 1:
        at = next((n for n, each in enumerate(records) if n and query == f"revision={each['revision']}"), None)
        if query and at is None:
            raise _Refused(404, "there is no such revision to compare")
        before, after = records[at - 1 : at + 1] if at else records[-2:]
        return compared(before, after, (f"النسخة {before['revision']}", f"النسخة {after['revision']}"))
    if query:
        raise _Refused(404, "there is one revision alone")
    return compared(original, records[0], ("المادة الأصلية", "هذه المادة")) if original else None


def _recorded(run: Mapping[str, Any]) -> RecordedRun:
    started, ended = (run[name] and datetime.fromisoformat(run[name]) for name in ("started", "ended"))
    return RecordedRun(run["run_id"], started, ended, run["exit_status"], run["complete"], run["account"])


# --- writing --------------------------------------------------------------------------------------


@cache
def _templates() -> Environment:
    here = Path(__file__).parent
    templates = TEMPLATES.overlay(loader=FileSystemLoader([here, here.parent]))
    templates.globals = {
        **templates.globals,
        "words": words,
        "datetime": datetime,
        "shown": shown,
        "only": lambda kind, value: urlencode({kind: value}),
        "KINDS": KINDS,
        "KIND_NAMES": KIND_NAMES,
        "REASONS": REASONS,
        "LONGEST_QUERY": LONGEST_QUERY,
        "MOST_WORDS": MOST_WORDS,
        "FIRST_VALUES": queries.FIRST_VALUES,
        "WIDTH": WIDTH,
        "HEIGHT": HEIGHT,
    }
    return templates


@cache
def style() -> bytes:
    """The style sheet of all pages."""
    return (style_sheet() + Path(__file__).with_name("served.css").read_text("utf-8")).encode()


def page(template: str, links: Links = SERVED, policy: str = "", **values: Any) -> bytes:
    """A page as HTML, with its addresses as `links` has them, and its policy if no header can say it."""
    text = _templates().get_template(template).render(links=links, policy=policy, **values)
    return UNPRINTABLE.sub("\ufffd", text).encode()


def _error(status: int, message: str) -> Response:
    return Response(status, HTML, page("error.html.jinja", status=status, heading=_HEADINGS[status], message=message))


def _json(value: Any) -> Response:
    return Response(200, JSON, (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())
