"""Slack: Spidermon's own action, with this project's message and, where another is named, another API's address."""

from __future__ import annotations

from typing import Any

from slack_sdk.errors import SlackApiError
from spidermon.contrib.actions.slack import SendSlackMessage

from alqahira.errors import AlqahiraError
from alqahira.monitors.message import alert_text


class SendSlack(SendSlackMessage):  # type: ignore[misc]
    """Posts to SPIDERMON_SLACK_RECIPIENTS as the bot of SPIDERMON_SLACK_SENDER_TOKEN."""

    include_attachments = False

    def __init__(self, *args: Any, api_url: str, timeout: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        client = self.manager._client
        client.timeout = timeout
        if api_url:
            client.base_url = api_url

    @classmethod
    def from_crawler_kwargs(cls, crawler: Any) -> dict[str, Any]:
        settings = crawler.settings
        given: dict[str, Any] = super().from_crawler_kwargs(crawler)
        return given | {
            "api_url": settings["ALQAHIRA_SLACK_API_URL"],
            "timeout": settings.getint("ALQAHIRA_ALERT_TIMEOUT"),
        }

    def run_action(self) -> None:
        try:
            super().run_action()
        except SlackApiError as error:
            raise AlqahiraError(f"Slack refused the message: {error.response.get('error')}") from None
        except OSError as error:
            raise AlqahiraError(f"Slack cannot be reached: {type(error).__name__}") from None

    def get_message(self) -> str:
        return str(super().get_message()) if self.message else alert_text(self.data.meta["summary"])
