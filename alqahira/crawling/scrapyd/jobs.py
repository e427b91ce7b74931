"""Which settings a job may bring that comes over a scheduler's API.

Scrapyd hands a client's settings on as `-s NAME=value` and names the job by `-a _job=…`, which no client can leave
out: so such a run is told from one on a terminal, whose user stays free. What each setting may be is `job` in
`configuration.py`; one without it, a new one too, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from scrapy.settings import BaseSettings

from alqahira.exceptions import ConfigurationError
from alqahira.extraction.urls import site_name
from alqahira.publishing.parts import ARTICLES_FOLDER
from alqahira.settings.configuration import AS_IS, AT_LEAST, AT_MOST, NAMES, Configuration, refuse_unknown

# Folders below the operator's that a job may name; dots, blanks and what looks like a partition are out.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)


def job_rules() -> dict[str, str]:
    """What a job may do with each setting that it may bring at all."""
    fields = Configuration.model_fields
    more = {name: fields[field].json_schema_extra for field, name in NAMES.items()}
    return {name: str(extra["job"]) for name, extra in more.items() if isinstance(extra, dict) and extra["job"]}


def check_api_settings(given: Mapping[str, str], *, operator: BaseSettings, service: Mapping[str, str]) -> None:
    """Raise ConfigurationError for the first setting of `given` that a job may not bring.

    `operator`: the settings without those of the job. `service`: what the scheduler itself adds, such as LOG_FILE.
    Where the operator's site is a copy on this machine, nobody has to be gentle with it.
    """
    brought, rules = {name: value for name, value in given.items() if service.get(name) != value}, job_rules()
    refuse_unknown(brought)
    refused = "the setting {!r} is the operator's: a job cannot bring it (docs/scheduling.md)"
    for name in brought:
        if name not in rules:
            raise ConfigurationError(refused.format(name[:60]))
    own, wanted = Configuration.from_settings(operator), operator.copy()
    wanted.setdict(brought, priority="cmdline")
    asked, at_any_pace = Configuration.from_settings(wanted), site_name(own.site_url) == "loopback"
    for field, name in NAMES.items():
        if name not in brought:
            continue
        rule, mine, theirs = rules[name], getattr(own, field), getattr(asked, field)
        if rule == AS_IS and mine != theirs:
            # A state that is set belongs to the one folder; unset, each folder has its own.
            if name != "ALQAHIRA_OUTPUT_DIR" or operator.get("ALQAHIRA_STATE_URL") or not _is_below(theirs, mine):
                raise ConfigurationError(refused.format(name))
        elif not at_any_pace and ((rule == AT_LEAST and theirs < mine) or (rule == AT_MOST and theirs > mine)):
            must = "may not turn it off" if mine is True else f"must have {rule} {mine:g}, as the operator has"
            raise ConfigurationError(f"{name}={brought[name][:40]!r}: a job {must}")


def _is_below(asked: Path, allowed: Path) -> bool:
    """Whether it is the allowed folder, or a plainly named one in it and in no corpus."""
    folder, base = asked.resolve(), allowed.resolve()
    names = folder.relative_to(base).parts if folder.is_relative_to(base) else ("",)
    return all(map(_PLAIN_NAME.fullmatch, names)) and ARTICLES_FOLDER not in names
