"""A stricter Scrapyd: it needs a password to start, and refuses jobs that cannot start and versions that do not load.

deploy/scrapyd.conf names each class. Scrapyd runs them in its own process, so this package must be installed beside it;
the egg that `make deploy` uploads is for the jobs alone.
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

# A job's id names its log file. With a slash in it, or a NUL in any value, Scrapyd 1.6 fails to start the job and loses
# one of its process slots until it is restarted.
_JOB_ID = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,199}")
# A name that begins with a dash would be an option of `scrapy crawl`, which then ends without a log.
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{0,99}")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


def application(config: Any) -> Any:
    """Scrapyd's own application. Raises ConfigError if no user name or password is set."""
    for name in ("username", "password"):
        if not (os.environ.get(f"SCRAPYD_{name.upper()}") or config.get(name, "")):
            raise ConfigError(f"alqahira: no {name}: set SCRAPYD_{name.upper()}; without it anybody could upload code")
    return app.application(config)


class Schedule(webservice.Schedule):  # type: ignore[misc]
    """schedule.json; https://scrapyd.readthedocs.io/en/latest/api.html#schedule-json."""

    def render_POST(self, request: Any) -> Any:
        """Raises Error, which Scrapyd sends as its answer, for a form that no process could be started with."""
        if reason := rejection_reason(request.args):
            raise error.Error(code=http.OK, message=reason.encode())
        return super().render_POST(request)


class AddVersion(webservice.AddVersion):  # type: ignore[misc]
    """addversion.json; https://scrapyd.readthedocs.io/en/latest/api.html#addversion-json."""

    def render_POST(self, request: Any) -> Any:
        """Deletes a version whose spiders cannot be listed, which Scrapyd would keep, and raises RunnerError."""
        form = dict(request.args)  # Scrapyd empties the original
        try:
            return super().render_POST(request)
        except RunnerError:
            self.root.eggstorage.delete(form[b"project"][0].decode(), form[b"version"][0].decode())
            self.root.update_projects()
            raise


def rejection_reason(form: Mapping[bytes, Sequence[bytes]]) -> str:
    """Why a form of schedule.json is refused, in one line; empty if it is accepted."""
    settings = [setting.partition(b"=") for setting in form.get(b"setting", ())]
    if not all(map(_JOB_ID.fullmatch, form.get(b"jobid", ()))):
        return "'jobid' must be letters, digits and _ . : -, and no more than 200"
    if not all(equals for _, equals, _ in settings):
        return "'setting' must be NAME=value"
    if not all(map(_NAME.fullmatch, chain(form, (name for name, _, _ in settings)))):
        return "names of arguments and settings must be letters, digits and _"
    if any(map(_CONTROL.search, chain.from_iterable(form.values()))):
        return "a value holds a control character"
    return ""
