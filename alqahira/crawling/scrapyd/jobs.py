"""Which settings a job may bring that comes over a scheduler's API.

Scrapyd passes a client's settings on as `-s NAME=value` and always adds `-a _job=…`; a run without that argument has no
restrictions. The option `job` in `configuration.py` sets what a job may do with a setting; settings without it are
refused, including new ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from scrapy.settings import BaseSettings

from alqahira.exceptions import ConfigurationError
from alqahira.extraction.urls import site_name
from alqahira.publishing.manifest import ARTICLES_FOLDER
from alqahira.settings.configuration import AS_IS, AT_LEAST, AT_MOST, NAMES, Configuration, refuse_unknown

# Folders that a job may name below the operator's: no dots, no blanks, no `=` as in a partition.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)


def check_api_settings(given: Mapping[str, str], *, operator: BaseSettings, service: Mapping[str, str]) -> None:
    """Raise ConfigurationError for the first setting of `given` that a job may not bring.

    `operator`: the settings without those of the job. `service`: what the scheduler itself adds, such as LOG_FILE.
    A job may use any pace if the operator's site is a copy on this machine.
    """
    brought, rules = {name: value for name, value in given.items() if service.get(name) != value}, _job_rules()
    refuse_unknown(brought)
    refused = "the setting {!r} is the operator's: a job cannot bring it (docs/scheduling.md)"
    for name in brought:
        if name not in rules:
            raise ConfigurationError(refused.format(name[:60]))
    merged = operator.copy()
    merged.setdict(brought, priority="cmdline")
    operators, jobs = Configuration.from_settings(operator), Configuration.from_settings(merged)
    is_local = site_name(operators.site_url) == "loopback"
    for field, name in NAMES.items():
        if name not in brought:
            continue
        rule, allowed, value = rules[name], getattr(operators, field), getattr(jobs, field)
        if rule == AS_IS and value != allowed:
            # A state URL that is set belongs to one folder; unset, each folder has its own state.
            if name != "ALQAHIRA_OUTPUT_DIR" or operator.get("ALQAHIRA_STATE_URL") or not _is_below(value, allowed):
                raise ConfigurationError(refused.format(name))
        elif not is_local and ((rule == AT_LEAST and value < allowed) or (rule == AT_MOST and value > allowed)):
            must = "may not turn it off" if allowed is True else f"must have {rule} {allowed:g}, as the operator has"
            raise ConfigurationError(f"{name}={brought[name][:40]!r}: a job {must}")


def _job_rules() -> dict[str, str]:
    """What a job may do with each setting that it may bring, by the setting's name."""
    options = {name: Configuration.model_fields[field].json_schema_extra for field, name in NAMES.items()}
    return {name: str(option["job"]) for name, option in options.items() if isinstance(option, dict) and option["job"]}


def _is_below(path: Path, allowed: Path) -> bool:
    """Whether a path is the allowed folder, or a plainly named one below it and outside any corpus."""
    folder, base = path.resolve(), allowed.resolve()
    names = folder.relative_to(base).parts if folder.is_relative_to(base) else ("",)
    return all(map(_PLAIN_NAME.fullmatch, names)) and ARTICLES_FOLDER not in names
