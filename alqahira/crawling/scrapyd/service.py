"""Scrapyd with its doors closed: no start without a password, no job that cannot start, no version that does not load.

deploy/scrapyd.conf names each. Scrapyd runs them in its own process, so this package must be installed beside it; the
egg that `make deploy` uploads is for the jobs alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from scrapyd import app, webservice
from scrapyd.exceptions import ConfigError, RunnerError
from twisted.web import error, http

# A job's id names its log file. A slash in it, or a NUL in any value, ends the starting of the job in an error
# that takes one of Scrapyd 1.6's process slots with it, until it is started anew.
_JOB_ID = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,199}")
# What does not begin with a letter would be read as an option of `scrapy crawl`, which then ends without a log.
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{0,99}")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


def application(config: Any) -> Any:
    """Scrapyd's own application. Raises ConfigError, one line, where a client would need no password."""
    for name in ("username", "password"):
        if not (os.environ.get(f"SCRAPYD_{name.upper()}") or config.get(name, "")):
            raise ConfigError(f"alqahira: no {name}: set SCRAPYD_{name.upper()}; without it anybody could upload code")
    return app.application(config)


class Schedule(webservice.Schedule):  # type: ignore[misc]
    """schedule.json; https://scrapyd.readthedocs.io/en/latest/api.html#schedule-json."""

    def render_POST(self, request: Any) -> Any:
        """Raises what Scrapyd answers as an error, where a process could not be started with what is asked for."""
        if wrong := why_not(request.args):
            raise error.Error(code=http.OK, message=wrong.encode())
        return super().render_POST(request)


class AddVersion(webservice.AddVersion):  # type: ignore[misc]
    """addversion.json; https://scrapyd.readthedocs.io/en/latest/api.html#addversion-json."""

    def render_POST(self, request: Any) -> Any:
        """Raises RunnerError where its spiders cannot be listed; Scrapyd alone would keep it, as the newest."""
        form = dict(request.args)  # the original is emptied on the way
        try:
            return super().render_POST(request)
        except RunnerError:
            self.root.eggstorage.delete(form[b"project"][0].decode(), form[b"version"][0].decode())
            self.root.update_projects()
            raise


def why_not(given: Mapping[bytes, Sequence[bytes]]) -> str:
    """What is wrong with a form of schedule.json, in one line; empty where nothing is."""
    if not all(map(_JOB_ID.fullmatch, given.get(b"jobid", ()))):
        return "'jobid' must be letters, digits and _ . : -, and no more than 200"
    settings = [setting.partition(b"=") for setting in given.get(b"setting", ())]
    if not all(equals for _, equals, _ in settings):
        return "'setting' must be NAME=value"
    if not all(map(_NAME.fullmatch, chain(given, (name for name, _, _ in settings)))):
        return "names of arguments and settings must be letters, digits and _"
    if any(map(_CONTROL.search, chain.from_iterable(given.values()))):
        return "a value holds a control character"
    return ""
