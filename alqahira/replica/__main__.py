"""`python -m alqahira.replica`: serve the local copy of the site on loopback."""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime
from pathlib import Path
from typing import get_args

from alqahira.exceptions import how_to_install
from alqahira.replica import options as switches
from alqahira.replica.options import CAIRO, ReplicaOptions


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a date (YYYY-MM-DD): {text!r}") from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"not an ISO date and time: {text!r}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=CAIRO)


def _natural(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise argparse.ArgumentTypeError(f"not a number from 0: {text!r}")
    return int(text)


def _positive(text: str) -> int:
    number = _natural(text)
    if not number:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _name(text: str) -> str:
    return text.replace("-", "_")


def _said(text: str, default: object) -> str:
    return f"{text} (default: {default})"


def _parser() -> argparse.ArgumentParser:
    default = ReplicaOptions()
    parser = argparse.ArgumentParser(prog="python -m alqahira.replica", description=__doc__)

    def choice(flag: str, values: object, text: str) -> None:
        first = getattr(default, flag.strip("-").replace("-", "_"))
        names = get_args(values)
        parser.add_argument(
            flag, type=_name, choices=names, default=first, metavar="{" + ",".join(names) + "}", help=_said(text, first)
        )

    def switch(flag: str, text: str) -> None:
        parser.add_argument(flag, action="store_true", help=text)

    choice("--render", switches.Render, "client: an empty shell that JavaScript fills")
    choice("--page-data", switches.PageData, "what the page shows as Next.js data, in the form of either router")
    choice("--metadata", switches.Metadata, "what the head says: title, Open Graph, JSON-LD")
    choice("--classes", switches.Classes, "older: the layout before; renamed: every class and id another")
    choice("--title", switches.Title, "bare: <title> is the site's name on every page")
    choice(
        "--paging",
        switches.Paging,
        "the one way to a listing's next page. query: ?page=N; next_data: /_next/data/…?page=N; press: the button's "
        "GET /api/posts; press_post: its POST /api/posts/search; none: the button does nothing; next: rel=next links",
    )
    choice("--slug", switches.Slug, "what an article's address with another slug does: the article, or 301")
    choice("--sitemaps", switches.Sitemaps, "none: no sitemap, and robots.txt names none")
    choice("--challenge", switches.Challenge, "page: a challenge with 200 before every page; forbidden: 403")
    switch("--mixed-kinds", "infographics, albums and videos stand among a listing's posts, too")
    switch("--home-for-removed", "a withdrawn article redirects to / instead of 404")
    switch("--soft-404", "a withdrawn article answers 200 with a page that says it is not there")
    parser.add_argument(
        "--cookies", action=argparse.BooleanOptionalAction, default=True, help="as Cloudflare sets them"
    )
    parser.add_argument("--articles", type=_natural, default=0, metavar="N", help="generated articles, in addition")
    parser.add_argument(
        "--page-size",
        type=_positive,
        default=default.page_size,
        metavar="N",
        help=_said("posts on a page of a listing", default.page_size),
    )
    parser.add_argument("--pinned", type=_natural, metavar="NUMBER", help="article on top of every listing")
    parser.add_argument("--today", type=_day, metavar="YYYY-MM-DD", help="the Cairo day that ages count from")
    parser.add_argument("--now", type=_moment, metavar="ISO", help="the replica's clock; Cairo time without an offset")
    parser.add_argument("--robots", type=Path, metavar="FILE", help="another robots.txt; {root} stands for the address")
    parser.add_argument("--delay", type=float, default=0.0, metavar="SECONDS", help="before every answer")
    parser.add_argument("--log", type=Path, metavar="FILE", help="access log, JSON lines")
    parser.add_argument("--host", default=default.host)
    parser.add_argument("--port", type=_natural, default=0, help="0: any free one")
    parser.add_argument("--control", action="store_true", help="allow POST /__replica__/revise/NUMBER and the like")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Parse, serve, return the exit status."""
    values = vars(_parser().parse_args(arguments))
    try:
        values["robots"] = values["robots"].read_text("utf-8") if values["robots"] else None
        options = ReplicaOptions(**values)
        _serve(options)
    except OSError as error:
        print(f"replica: {error}", file=sys.stderr)
        return 2
    return 0


def _serve(options: ReplicaOptions) -> None:
    import asyncio  # imported here: aiohttp takes long, and --help needs none of it

    try:
        from alqahira.replica.server import serve
    except ModuleNotFoundError as error:
        raise OSError(f"{error.name} is not installed: {how_to_install('replica')}") from error
    asyncio.run(serve(options))


if __name__ == "__main__":
    sys.exit(main())
