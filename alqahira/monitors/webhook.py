"""A webhook, of which Spidermon has no general one: what failed, as JSON with the `text` that chat services read."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

import requests
from spidermon.core.actions import Action

from alqahira.errors import AlqahiraError
from alqahira.monitors.message import alert_text

# At DEBUG it logs each address.
logging.getLogger("urllib3").setLevel(logging.INFO)


class PostWebhook(Action):  # type: ignore[misc]
    """POSTs to ALQAHIRA_WEBHOOK_URL, which may hold a secret and is never told to anyone."""

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__()
        self.url, self.timeout = url, timeout

    @classmethod
    def from_crawler_kwargs(cls, crawler: Any) -> dict[str, Any]:
        settings = crawler.settings
        return {"url": settings["ALQAHIRA_WEBHOOK_URL"], "timeout": settings.getfloat("ALQAHIRA_ALERT_TIMEOUT")}

    def run_action(self) -> None:
        summary = self.data.meta["summary"]
        body = {"text": alert_text(summary), "summary": summary}
        try:
            answer = requests.post(self.url, json=body, timeout=self.timeout, allow_redirects=False)
        except requests.RequestException as error:
            # Its text holds the address.
            raise AlqahiraError(f"{urlsplit(self.url).hostname} cannot be reached: {type(error).__name__}") from None
        if not answer.ok or answer.is_redirect:
            raise AlqahiraError(f"{urlsplit(self.url).hostname} answered {answer.status_code}")
