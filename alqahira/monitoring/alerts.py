"""Alerts: one message about a run that failed, sent by apprise to each URL of ALQAHIRA_ALERT_URLS.

https://appriseit.com/services. apprise is loaded only where a URL is set. No part of a URL is ever shown: any part may
be a secret.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Any

from alqahira.exceptions import ConfigurationError
from alqahira.monitoring.run_stats import account_line

if TYPE_CHECKING:
    from apprise import NotifyBase

logger = logging.getLogger(__name__)


def check_alert_urls(urls: Sequence[str]) -> None:
    """Raise ConfigurationError for a URL that apprise cannot read."""
    for number, url in enumerate(urls, 1):
        if _recipient(url) is None:
            name = f"URL {number} of {len(urls)} in ALQAHIRA_ALERT_URLS"
            raise ConfigurationError(f"{name} is not an apprise URL, such as jsons://example.org/hook")


def send_alerts(urls: Sequence[str], summary: Mapping[str, Any], timeout: float) -> None:
    """Send a run's summary in a few lines to all URLs at once, and wait `timeout` seconds at most.

    Each that fails is one line of the log.
    """
    status = f"ended with exit status {summary['exit_status']}"
    title = f"alqahira: {summary['spider']} {status}"
    failed = [f"- {result['name']}: {result['message']}" for result in summary["monitors"] if result["passed"] is False]
    text = "\n".join([f"alqahira: run {summary['run_id']} {status}", *failed, account_line(summary["account"])])
    sent: set[int] = set()

    def send(number: int, recipient: NotifyBase) -> None:
        with suppress(Exception):  # its message may contain the URL
            if _notify(recipient, title, text):
                sent.add(number)

    recipients = [recipient for url in urls if (recipient := _recipient(url)) is not None]
    # Daemon threads: a receiver that hangs must not keep the process from ending.
    threads = [Thread(target=send, args=pair, daemon=True) for pair in enumerate(recipients)]
    deadline = time.monotonic() + timeout
    for thread in threads:
        thread.start()
    for number, (thread, recipient) in enumerate(zip(threads, recipients, strict=True)):
        thread.join(max(0.0, deadline - time.monotonic()))
        if number not in sent:
            reason = f"no answer in {timeout:g} seconds" if thread.is_alive() else "refused or unreachable"
            name = f"{number + 1} of {len(recipients)} ({recipient.service_name})"
            logger.error("Alert %s was not sent: %s", name, reason)


def _recipient(url: str) -> NotifyBase | None:
    from apprise import Apprise, AppriseAsset

    # These log URLs and messages.
    for name in ("apprise", "urllib3", "oauthlib", "requests_oauthlib"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # The process would wait at its end for the threads of apprise's own time limit; a redirect could lead anywhere.
    asset = AppriseAsset(service_timeout=0, async_mode=False, http_redirects=False)
    return Apprise.instantiate(url, asset=asset, suppress_exceptions=True)


def _notify(recipient: NotifyBase, title: str, text: str) -> bool:
    from apprise import Apprise, NotifyFormat, NotifyType

    sender = Apprise(asset=recipient.asset)
    sender.add(recipient)
    return bool(sender.notify(text, title=title, notify_type=NotifyType.FAILURE, body_format=NotifyFormat.TEXT))
