"""Scrapyd with two doors closed: it starts only with a password, and refuses a job that it could not start.

deploy/scrapyd.conf names both. Scrapyd runs them in its own process, so this package must be installed beside it; the
egg that `make deploy` uploads is for the jobs alone.
"""

from __future__ import annotations

import os
import re
from itertools import chain
from typing import Any

from scrapyd import app, webservice
from scrapyd.exceptions import ConfigError
from twisted.web import error, http

# A job's id names its log file. A slash in it, or a NUL in any value, ends the starting of the job in an error
# that takes one of Scrapyd 1.6's process slots with it, until it is started anew.
_JOB_ID = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,199}")
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
        """Raises what Scrapyd answers as an error, where the id or any other value cannot be handed to a process."""
        if not all(map(_JOB_ID.fullmatch, request.args.get(b"jobid", ()))):
            raise error.Error(code=http.OK, message=b"'jobid' must be letters, digits and _ . : -, up to 200")
        if any(map(_CONTROL.search, chain(request.args, *request.args.values()))):
            raise error.Error(code=http.OK, message=b"a control character in a parameter")
        return super().render_POST(request)
