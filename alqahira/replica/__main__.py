"""`python -m alqahira.replica`: serve the local copy of the site on loopback."""

from __future__ import annotations

import argparse
import sys
from datetime import date, datetime
from pathlib import Path
from typing import get_args

from alqahira.errors import how_to_install
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


def _parser() -> argparse.ArgumentParser:
    default = ReplicaOptions()
    parser = argparse.ArgumentParser(prog="python -m alqahira.replica", description=__doc__)

    def choice(flag: str, values: object, text: str) -> None:
        name = flag.strip("-").replace("-", "_")
        names = [str(value).replace("_", "-") if name == "paging" else value for value in get_args(values)]
        first = str(getattr(default, name)).replace("_", "-") if name == "paging" else getattr(default, name)
        parser.add_argument(flag, choices=names, default=first, help=f"{text} (default: {first})")

    choice("--render", switches.Render, "client: an empty shell that JavaScript fills")
    choice("--page-data", switches.PageData, "the article as Next.js data in its page")
    choice("--metadata", switches.Metadata, "JSON-LD, Open Graph and article meta")
    choice("--classes", switches.Classes, "renamed: every class and id another, as after a redesign")
    choice("--title", switches.Title, "bare: every <title> is the site's name")
    choice("--paging", switches.Paging, "how a listing goes on: a load-more control or rel=next links")
    choice("--slug", switches.Slug, "what an article's address with another slug does")
    parser.add_argument("--articles", type=_natural, default=0, metavar="N", help="generated articles, in addition")
    parser.add_argument("--page-size", type=_positive, default=default.page_size, metavar="N", help="cards on a page")
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
    values["paging"] = values["paging"].replace("-", "_")
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
