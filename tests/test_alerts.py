"""Who is told when a monitor fails, each through a real server of its kind, and what none of them may learn."""

from __future__ import annotations

import json
from contextlib import contextmanager
from email import message_from_bytes

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from crawling import scrapy
from http_server import QuietHandler, serving

SECRETS = ("hook-secret", "smtp-secret", "xoxb-secret")


class Posts(QuietHandler):
    """Keeps what is posted to it, and answers as Slack's API does."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, self.headers, body))
        self.answer(b'{"ok": true, "members": []}', "application/json")


class Mailbox:
    """Keeps what it is sent, and whom for."""

    def __init__(self):
        self.mails, self.logins = [], []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, message_from_bytes(envelope.content)))
        return "250 OK"

    def login(self, server, session, envelope, mechanism, auth):
        self.logins.append((auth.login.decode(), auth.password.decode()))
        return AuthResult(success=True)


class OnAnyPort(Controller):
    """A mail server on a port of the system's choice, which it learns before it looks whether it answers."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def smtp_server():
    mailbox = Mailbox()
    server = OnAnyPort(mailbox, hostname="127.0.0.1", port=0, authenticator=mailbox.login, auth_require_tls=False)
    server.start()
    try:
        yield mailbox, server.port
    finally:
        server.stop()


def alerts(http_url, smtp_port):
    return {
        "ALQAHIRA_WEBHOOK_URL": f"{http_url}/hooks/hook-secret",
        "SPIDERMON_EMAIL_TO": "desk@example.org, night@example.org",
        "SPIDERMON_EMAIL_SENDER": "alqahira@example.org",
        "SPIDERMON_SMTP_HOST": "127.0.0.1",
        "SPIDERMON_SMTP_PORT": str(smtp_port),
        "SPIDERMON_SMTP_USER": "alqahira",
        "SPIDERMON_SMTP_PASSWORD": "smtp-secret",
        "SPIDERMON_SLACK_SENDER_TOKEN": "xoxb-secret",
        "SPIDERMON_SLACK_RECIPIENTS": "C0123",
        "ALQAHIRA_SLACK_API_URL": f"{http_url}/api/",
        "ALQAHIRA_ALERT_TIMEOUT": "10",
    }


def fail_and_tell(folder, told):
    """A crawl of a site that does not answer, its alerts given by the environment, as secrets should be."""
    settings = {"ALQAHIRA_OUTPUT_DIR": str(folder), "ALQAHIRA_SITE_URL": "http://127.0.0.1:1", "RETRY_TIMES": "0"}
    return scrapy("crawl", "defense", "-L", "DEBUG", settings=settings, **told)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    folder = tmp_path_factory.mktemp("told") / "output"
    with serving(Posts) as server, smtp_server() as (mailbox, port):
        server.posts = []
        ran = fail_and_tell(folder, alerts(f"http://127.0.0.1:{server.server_port}", port))
    return ran, folder, server.posts, mailbox


def test_a_failed_monitor_is_told_to_a_webhook(told):
    ran, folder, posts, _ = told
    assert ran.status == 1
    (body,) = [json.loads(body) for path, _, body in posts if path == "/hooks/hook-secret"]
    (file,) = (folder / "runs").glob("*.json")
    assert body["summary"] == json.loads(file.read_text())
    assert "listings_answered: no listing answered" in body["text"]


def test_a_failed_monitor_is_told_by_mail(told):
    _, folder, _, mailbox = told
    ((sender, recipients, mail),) = mailbox.mails
    assert (sender, recipients) == ("alqahira@example.org", ["desk@example.org", "night@example.org"])
    assert mailbox.logins == [("alqahira", "smtp-secret")]
    assert mail["Subject"] == "alqahira: defense ended with exit status 1"
    text, summary = mail.get_payload()
    assert "no listing answered" in text.get_payload(decode=True).decode()
    (file,) = (folder / "runs").glob("*.json")
    assert (summary.get_filename(), summary.get_payload(decode=True)) == (file.name, file.read_bytes())


def test_a_failed_monitor_is_told_to_slack(told):
    _, _, posts, _ = told
    (headers, body) = next((headers, body) for path, headers, body in posts if path == "/api/chat.postMessage")
    assert headers["Authorization"] == "Bearer xoxb-secret"
    assert "C0123" in body.decode()
    assert "listings_answered" in body.decode()


def test_no_secret_is_in_log_summary_or_metrics(told):
    ran, folder, _, _ = told
    written = [path.read_text() for path in [*folder.glob("runs/*"), *folder.glob("metrics/*")]]
    assert len(written) == 2
    assert not [secret for secret in SECRETS for text in [ran.stdout, ran.stderr, *written] if secret in text]


def test_an_alert_that_cannot_be_sent_is_a_line_of_the_log(tmp_path):
    ran = fail_and_tell(tmp_path / "output", alerts("http://127.0.0.1:1", 1))
    assert ran.status == 1
    assert ran.lines[-1].startswith("alqahira: no listing answered")
    for name in ("PostWebhook", "SendMail", "SendSlack"):
        assert len([line for line in ran.lines if f"Alert {name} was not sent: " in line]) == 1
    assert "Traceback" not in ran.stderr
    assert not [secret for secret in SECRETS if secret in ran.stderr]
    assert len(list((tmp_path / "output" / "runs").glob("*.json"))) == 1


def test_half_a_mail_setting_is_refused_before_the_run(tmp_path):
    ran = fail_and_tell(tmp_path / "output", {"SPIDERMON_EMAIL_TO": "desk@example.org"})
    assert ran.status == 2
    (line,) = ran.lines
    assert "SPIDERMON_EMAIL_SENDER and SPIDERMON_SMTP_HOST must be as well" in line
