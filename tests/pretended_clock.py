"""`scrapy …` with a clock of its own: `PRETENDED_NOW` (RFC 3339) is when it starts.

With `PRETENDED_NO_DNS` no name resolves; with `PRETENDED_SLOW_DNS` none ever answers, and the file of that name is made
when one is asked for. The process dies when it reads the first page whose address has `PRETENDED_POISON` in it, or that
of the number `PRETENDED_POISON_AT`. Only the project's clock is set: the log keeps the machine's.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from datetime import UTC, datetime, tzinfo
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import twisted.internet._resolver
from scrapy.cmdline import execute

from alqahira.crawling import section

AHEAD = datetime.fromisoformat(os.environ["PRETENDED_NOW"]) - datetime.now(UTC)


class _AnyDatetime(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, datetime)


class PretendedDatetime(datetime, metaclass=_AnyDatetime):
    """`datetime` for modules of the project: `now` is ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return datetime.now(tz) + AHEAD


def _no_address(*_arguments: object, **_more: object) -> None:
    raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def _no_answer(*_arguments: object, **_more: object) -> None:
    Path(os.environ["PRETENDED_SLOW_DNS"]).touch()
    threading.Event().wait()


_poisoned: list[str] = []


def _read_or_die(body: bytes, url: str, **more: object) -> object:
    _poisoned.extend([url] if os.environ["PRETENDED_POISON"] in url else ())
    if len(_poisoned) == int(os.environ.get("PRETENDED_POISON_AT", "1")):
        os.kill(os.getpid(), signal.SIGKILL)
    return _read_page(body, url, **more)


for name, module in [*sys.modules.items()]:
    if name.split(".")[0] in ("alqahira", "pipelines", "spiders") and vars(module).get("datetime") is datetime:
        module.datetime = PretendedDatetime
for name, look_up in {"PRETENDED_NO_DNS": _no_address, "PRETENDED_SLOW_DNS": _no_answer}.items():
    if name in os.environ:
        socket.getaddrinfo = look_up
        twisted.internet._resolver.GAIResolver.__init__.__defaults__ = (None, look_up)
if "PRETENDED_POISON" in os.environ:
    _read_page, section.read_page = section.read_page, _read_or_die
execute(["scrapy", *sys.argv[1:]])
