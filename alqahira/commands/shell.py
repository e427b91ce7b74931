"""`scrapy shell`, as Scrapy has it, without a run and with `article`."""

from threading import Event
from typing import Any

from scrapy.commands.shell import Command as Scrapys

from alqahira.crawling.no_run import NoRun

_LONGEST_START = 30.0  # seconds


class Command(NoRun, Scrapys):
    """No run: see `NoRun`. `article` is the Article of the page, with its topics; None where it has none."""

    def update_vars(self, vars: dict[str, Any]) -> None:
        # Imported here: Scrapy loads all commands, whichever is given.
        from twisted.internet import reactor

        from alqahira.crawling.section import read_response

        response = vars.get("response")
        vars["article"] = read_response(response).article if response else None
        # The reactor starts in a thread: if the shell ended before, Python would crash in its end.
        started = Event()
        reactor.callFromThread(started.set)
        started.wait(_LONGEST_START)
