"""The rules as a Spidermon suite: a monitor each, and the actions that settings ask for.

https://spidermon.readthedocs.io/en/latest/monitors.html
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from scrapy.settings import BaseSettings
from spidermon import Monitor, MonitorSuite
from spidermon.core.actions import Action

from alqahira.errors import ConfigurationError, how_to_install
from alqahira.monitors.rules import RULES, Facts, NotJudged, Rule


class RuleMonitor(Monitor):  # type: ignore[misc]
    """A rule as a monitor: fails with the rule's line, is skipped where the rule could not judge."""

    longMessage = False
    rule: Rule

    def test(self) -> None:
        facts: Facts = self.data.facts
        try:
            message = type(self).rule(facts)
        except NotJudged as missing:
            self.skipTest(str(missing))
        if message:
            self.fail(message)


def _monitor(rule: Rule) -> type[RuleMonitor]:
    return type(rule.__name__, (RuleMonitor,), {"rule": staticmethod(rule), "__doc__": rule.__doc__})


class RunMonitors(MonitorSuite):  # type: ignore[misc]
    """Every rule; where one fails, whoever is named in the settings is told."""

    monitors = [_monitor(rule) for rule in RULES]  # noqa: RUF012  # Spidermon's way

    def __init__(self, *args: Any, crawler: Any = None, **options: Any) -> None:
        actions = [*(options.pop("monitors_failed_actions", None) or []), *configured_actions(crawler.settings)]
        super().__init__(*args, crawler=crawler, monitors_failed_actions=actions, **options)


def configured_actions(settings: BaseSettings) -> list[type[Action]]:
    """The actions whose settings are given. Raises ConfigurationError where one lacks a setting or a package."""
    wanted = {
        "alqahira.monitors.webhook.PostWebhook": ("ALQAHIRA_WEBHOOK_URL",),
        "alqahira.monitors.mail.SendMail": ("SPIDERMON_EMAIL_TO", "SPIDERMON_EMAIL_SENDER", "SPIDERMON_SMTP_HOST"),
        "alqahira.monitors.slack.SendSlack": ("SPIDERMON_SLACK_SENDER_TOKEN", "SPIDERMON_SLACK_RECIPIENTS"),
    }
    if (url := settings.get("ALQAHIRA_WEBHOOK_URL")) and not _is_web(url):
        raise ConfigurationError("ALQAHIRA_WEBHOOK_URL is no http(s) URL")  # not shown: it may hold a secret
    found = []
    for path, (first, *others) in wanted.items():
        if not settings.get(first):
            continue
        if missing := [name for name in others if not settings.get(name)]:
            raise ConfigurationError(f"{first} is set, so {' and '.join(missing)} must be as well")
        found.append(_load(path))
    return found


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _load(path: str) -> type[Action]:
    from scrapy.utils.misc import load_object

    try:
        return load_object(path)  # type: ignore[no-any-return]
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"alerts need {error.name}: {how_to_install('alerts')}") from None
