"""Which settings a job may bring that comes over a scheduler's API. Pure, but for resolving paths.

Scrapyd hands a client's settings on as `-s NAME=value` and names the job by `-a _job=…`, which no client can leave
out: so such a run is told from one on a terminal, whose user stays free. What is not allowed here is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alqahira.checks import check_flag, check_log_level, check_number, check_site_url
from alqahira.errors import ConfigurationError
from alqahira.parts import ARTICLES_FOLDER

# How far a run goes and how it writes; `configuration.py` checks their values as it does everybody's.
FREE = frozenset(
    {
        "ALQAHIRA_ARCHIVE",
        "ALQAHIRA_BROWSER",
        "ALQAHIRA_COMPRESS_PARTS",
        "ALQAHIRA_MAX_LISTING_PAGES",
        "ALQAHIRA_MAX_REVISITS",
        "ALQAHIRA_MAX_SITEMAPS",
        "ALQAHIRA_NEAR_DUPLICATES",
        "ALQAHIRA_OVERLAP",
        "ALQAHIRA_PART_MAX_AGE_SECONDS",
        "ALQAHIRA_PART_MAX_ROWS",
        "ALQAHIRA_SITEMAP_DAYS",
        "CLOSESPIDER_ERRORCOUNT",
        "CLOSESPIDER_ITEMCOUNT",
        "CLOSESPIDER_PAGECOUNT",
        "CLOSESPIDER_TIMEOUT",
    }
)
# The pace: a job may be gentler with the site than the operator's settings, never harsher.
AT_LEAST = frozenset({"AUTOTHROTTLE_MAX_DELAY", "AUTOTHROTTLE_START_DELAY", "DOWNLOAD_DELAY"})
AT_MOST = frozenset(
    {
        "ALQAHIRA_RETRY_BUDGET",
        "AUTOTHROTTLE_TARGET_CONCURRENCY",
        "CONCURRENT_REQUESTS",
        "CONCURRENT_REQUESTS_PER_DOMAIN",
        "DOWNLOAD_TIMEOUT",
        "RETRY_TIMES",
    }
)
# Folders below the operator's that a job may name; dots, blanks and what looks like a partition are out.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)
_ANYTHING = (-(10**12), 10**12)


def check_api_settings(
    given: Mapping[str, str], *, operator: Mapping[str, Any], service: Mapping[str, str], at_any_pace: bool
) -> None:
    """Raise ConfigurationError for the first setting of `given` that a job may not bring.

    `operator`: the settings without those of the job. `service`: what the scheduler itself adds, such as LOG_FILE.
    `at_any_pace`: the site is a copy on this machine, which nobody has to be gentle with.
    """
    for name, value in given.items():
        if name in FREE or service.get(name) == value:
            continue
        if name in AT_LEAST or name in AT_MOST:
            _check_pace(name, value, operator[name], at_any_pace=at_any_pace)
        elif name == "AUTOTHROTTLE_ENABLED":
            if not check_flag(name, value) and not at_any_pace:
                raise ConfigurationError(f"{name}={value[:40]!r}: a job may not turn it off")
        elif name == "LOG_LEVEL":
            check_log_level(value)
        elif not _is_as_the_operator_has_it(name, value, operator):
            raise ConfigurationError(
                f"the setting {name[:60]!r} is the operator's: a job cannot bring it (docs/scheduling.md)"
            )


def _check_pace(name: str, value: str, limit: object, *, at_any_pace: bool) -> None:
    asked, allowed = check_number(name, value, *_ANYTHING), check_number(name, limit, *_ANYTHING)
    if at_any_pace or asked == allowed or (asked > allowed) is (name in AT_LEAST):
        return
    bound = "at least" if name in AT_LEAST else "at most"
    raise ConfigurationError(f"{name}={value[:40]!r}: a job must have {bound} {allowed:g}, as the operator has")


def _is_as_the_operator_has_it(name: str, value: str, operator: Mapping[str, Any]) -> bool:
    if name == "ALQAHIRA_SITE_URL":
        return check_site_url(value) == check_site_url(str(operator[name]))
    if name == "ALQAHIRA_OUTPUT_DIR":
        # A state that is set belongs to the one folder; unset, each folder has its own.
        return _is_within(value, str(operator[name]), or_below=not operator["ALQAHIRA_STATE_URL"])
    return name == "ALQAHIRA_STATE_URL" and value == operator[name]


def _is_within(asked: str, allowed: str, *, or_below: bool) -> bool:
    """Whether a folder is the allowed one or, with `or_below`, a plainly named one in it, in no corpus."""
    base, folder = Path(allowed).expanduser().resolve(), Path(asked).expanduser().resolve()
    if folder == base:
        return True
    if not or_below or not folder.is_relative_to(base):
        return False
    names = folder.relative_to(base).parts
    return all(map(_PLAIN_NAME.fullmatch, names)) and ARTICLES_FOLDER not in names
