"""E-mail: Spidermon's message settings, sent by the standard library.

Spidermon's own SMTP action goes through `scrapy.mail`, which Scrapy has deprecated; it wants a password of every
server and sends the finished message as the text of another one.
"""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from spidermon.contrib.actions.email import SendEmail

from alqahira.errors import AlqahiraError
from alqahira.monitors.message import alert_text

# A template, as SPIDERMON_EMAIL_SUBJECT may be one.
_SUBJECT = "alqahira: {{ data.meta.summary.spider }} ended with exit status {{ data.meta.summary.exit_status }}"


class SendMail(SendEmail):  # type: ignore[misc]
    """One plain message to SPIDERMON_EMAIL_TO, with the summary as an attachment in JSON."""

    def __init__(self, *args: Any, smtp: dict[str, Any], timeout: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.smtp, self.timeout = smtp, timeout

    @classmethod
    def from_crawler_kwargs(cls, crawler: Any) -> dict[str, Any]:
        settings = crawler.settings
        given: dict[str, Any] = super().from_crawler_kwargs(crawler)
        given["subject"] = given["subject"] or _SUBJECT
        smtp = {
            "host": settings["SPIDERMON_SMTP_HOST"],
            "port": settings.getint("SPIDERMON_SMTP_PORT"),
            "user": settings["SPIDERMON_SMTP_USER"],
            "password": settings["SPIDERMON_SMTP_PASSWORD"],
            "ssl": settings.getbool("SPIDERMON_SMTP_ENFORCE_SSL"),
            "tls": settings.getbool("SPIDERMON_SMTP_ENFORCE_TLS"),
        }
        return given | {"smtp": smtp, "timeout": settings.getfloat("ALQAHIRA_ALERT_TIMEOUT")}

    def get_message(self) -> EmailMessage:
        from alqahira.monitors.summary import to_json

        summary = self.data.meta["summary"]
        message = EmailMessage()
        # A header ends where a line does.
        message["Subject"] = " ".join(self.get_subject().split())
        message["From"] = self.sender
        message["To"] = ", ".join(self.to)
        if self.cc:
            message["Cc"] = ", ".join(self.cc)
        if self.reply_to:
            message["Reply-To"] = self.reply_to
        message["Date"], message["Message-ID"] = formatdate(localtime=True), make_msgid(domain="alqahira.invalid")
        message.set_content(self.get_body_text() or alert_text(summary))
        message.add_attachment(
            to_json(summary), maintype="application", subtype="json", filename=f"{summary['run_id']}.json"
        )
        return message

    def send_message(self, message: EmailMessage, **kwargs: Any) -> None:
        smtp = self.smtp
        everyone = [*self.to, *(self.cc or []), *(self.bcc or [])]
        try:
            with self._connect() as server:
                if smtp["tls"]:
                    server.starttls(context=ssl.create_default_context())
                if smtp["user"]:
                    server.login(smtp["user"], smtp["password"] or "")
                server.send_message(message, self.sender, everyone)
        except (OSError, smtplib.SMTPException) as error:
            # A server's answer may repeat what was sent to it.
            raise AlqahiraError(f"{smtp['host']} took no mail: {type(error).__name__}") from None

    def _connect(self) -> smtplib.SMTP:
        host, port = self.smtp["host"], self.smtp["port"]
        if self.smtp["ssl"]:
            return smtplib.SMTP_SSL(host, port, timeout=self.timeout, context=ssl.create_default_context())
        return smtplib.SMTP(host, port, timeout=self.timeout)
