"""Alerts about a run that failed, each to a real receiver, and the secrets that they never show."""

from __future__ import annotations

import json
from contextlib import contextmanager
from email import message_from_bytes
from email.policy import default
from threading import Event

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from http_server import QuietHandler, serving
from scrapy_process import scrapy

from alqahira.exceptions import ConfigurationError
from alqahira.monitoring.alerts import check_alert_urls
from alqahira.settings.configuration import refuse_unknown

SECRETS = ("hook-secret", "smtp-secret")


class Receiver(QuietHandler):
    """Keeps what is posted to it; `/moved` redirects, and `/hangs` sends nothing until the test has ended."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, body))
        if self.path == "/hangs":
            self.server.released.wait()
        elif self.path == "/moved":
            self.answer(b"", "text/plain", 307, Location="/hooks/elsewhere")
        else:
            self.answer(b"{}", "application/json")


@contextmanager
def receiver():
    with serving(Receiver) as server:
        server.posts, server.released = [], Event()
        server.url = f"json://127.0.0.1:{server.server_port}"
        try:
            yield server
        finally:
            server.released.set()


class Mailbox:
    """Keeps the messages and logins that a mail server received."""

    def __init__(self):
        self.mails, self.logins = [], []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        return "250 OK"

    def login(self, server, session, envelope, mechanism, auth):
        self.logins.append((auth.login.decode(), auth.password.decode()))
        return AuthResult(success=True)


class OnAnyPort(Controller):
    """A mail server on a free port, which it must know before it checks that it answers."""

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


def mail_url(port):
    return (
        f"mailto://alqahira:smtp-secret@127.0.0.1:{port}?from=alqahira@example.org"
        "&to=desk@example.org,night@example.org&mode=insecure"
    )


def fail_with_alerts(folder, urls, timeout="60"):
    """A crawl of a site that does not answer, with the URLs in the environment, where secrets belong."""
    settings = {"ALQAHIRA_OUTPUT_DIR": str(folder), "ALQAHIRA_SITE_URL": "http://127.0.0.1:1", "RETRY_TIMES": "0"}
    alerts = {"ALQAHIRA_ALERT_URLS": urls, "ALQAHIRA_ALERT_TIMEOUT": timeout}
    ran = scrapy("crawl", "defense", "-L", "DEBUG", settings=settings, **alerts)
    assert ran.status == 1
    assert ran.lines[-1].startswith("alqahira: no listing answered")
    assert "Traceback" not in ran.stderr
    return ran


def unsent(ran):
    return [line.partition("ERROR: ")[2] for line in ran.lines if "was not sent" in line]


@pytest.fixture(scope="module")
def alerted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alerted") / "output"
    with receiver() as server, smtp_server() as (mailbox, port):
        ran = fail_with_alerts(folder, f"{server.url}/hooks/hook-secret\n  {mail_url(port)}")
    return ran, folder, server.posts, mailbox


def check_text(text, folder):
    (file,) = (folder / "runs").glob("*.json")
    assert f"run {file.stem} ended with exit status 1" in text
    assert "listings_answered: no listing answered" in text
    assert "0 discovered = 0 accepted" in text


def test_failed_run_posts_json(alerted):
    ran, folder, posts, _ = alerted
    ((path, body),) = posts
    assert path == "/hooks/hook-secret"
    payload = json.loads(body)
    assert (payload["title"], payload["type"]) == ("alqahira: defense ended with exit status 1", "failure")
    check_text(payload["message"], folder)
    assert not unsent(ran)


def test_failed_run_sends_mail(alerted):
    _, folder, _, mailbox = alerted
    assert {sender for sender, _, _ in mailbox.mails} == {"alqahira@example.org"}
    assert sorted(to for _, receivers, _ in mailbox.mails for to in receivers) == [
        "desk@example.org",
        "night@example.org",
    ]
    assert set(mailbox.logins) == {("alqahira", "smtp-secret")}
    for _, _, mail in mailbox.mails:
        assert mail["Subject"] == "alqahira: defense ended with exit status 1"
        check_text(mail.get_body(("plain",)).get_content(), folder)


def test_log_summary_and_metrics_hold_no_secret(alerted):
    ran, folder, _, _ = alerted
    written = [path.read_text() for path in [*folder.glob("runs/*"), *folder.glob("metrics/*")]]
    assert len(written) == 2
    assert not [secret for secret in SECRETS for text in [ran.stdout, ran.stderr, *written] if secret in text]


def test_dead_receivers_are_a_log_line_each(tmp_path):
    ran = fail_with_alerts(tmp_path / "output", f"json://127.0.0.1:1/hook-secret {mail_url(1)}")
    assert [line.partition(" was not sent: ")[::2] for line in unsent(ran)] == [
        ("Alert 1 of 2 (JSON)", "refused or unreachable"),
        ("Alert 2 of 2 (E-Mail)", "refused or unreachable"),
    ]
    assert not [secret for secret in SECRETS if secret in ran.stderr]
    assert len(list((tmp_path / "output" / "runs").glob("*.json"))) == 1


@pytest.mark.chaos
def test_hanging_receiver_ends_at_the_timeout(tmp_path):
    with receiver() as server:
        # rto: apprise itself would wait this long for the answer.
        urls = f"{server.url}/hangs?rto=3600 {server.url}/hooks/other"
        ran = fail_with_alerts(tmp_path / "output", urls, timeout="5")
    assert unsent(ran) == ["Alert 1 of 2 (JSON) was not sent: no answer in 5 seconds"]
    assert sorted(path for path, _ in server.posts) == ["/hangs", "/hooks/other"]


def test_redirect_is_not_followed(tmp_path):
    with receiver() as server:
        ran = fail_with_alerts(tmp_path / "output", f"{server.url}/moved")
    assert [path for path, _ in server.posts] == ["/moved"]
    assert len(unsent(ran)) == 1


@pytest.mark.parametrize(
    "url", ["hook-secret.example.org", "nonsense://hook-secret", "json://", "json://[::1/hook-secret"]
)
def test_unreadable_url_is_refused_without_being_shown(url):
    with pytest.raises(ConfigurationError) as refused:
        check_alert_urls(["json://example.org/smtp-secret", url])
    assert str(refused.value).startswith("URL 2 of 2 in ALQAHIRA_ALERT_URLS is not an apprise URL")
    assert not [secret for secret in SECRETS if secret in str(refused.value)]


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"ALQAHIRA_ALERT_URLS": "hooks.example.org/hook-secret"}, "URL 1 of 1 in ALQAHIRA_ALERT_URLS is not"),
        ({"ALQAHIRA_WEBHOOK_URL": "https://example.org/hook-secret"}, "ALQAHIRA_ALERT_URLS, such as jsons://"),
    ],
)
def test_wrong_alert_setting_ends_the_run_before_it_starts(tmp_path, environment, message):
    folder = tmp_path / "output"
    ran = scrapy("crawl", "defense", settings={"ALQAHIRA_OUTPUT_DIR": str(folder)}, **environment)
    assert ran.status == 2
    (line,) = ran.lines
    assert message in line
    assert "hook-secret" not in line
    assert not list(folder.glob("**/*"))


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("ALQAHIRA_WEBHOOK_URL", "jsons://"),
        ("ALQAHIRA_SLACK_API_URL", "slack://"),
        ("SPIDERMON_SLACK_SENDER_TOKEN", "slack://"),
        ("SPIDERMON_EMAIL_TO", "mailtos://"),
        ("SPIDERMON_SMTP_PASSWORD", "mailtos://"),
        ("SPIDERMON_ENABLED", "all monitors run"),
        ("SPIDERMON_SPIDER_CLOSE_MONITORS", "all monitors run"),
    ],
)
def test_replaced_setting_is_refused_with_its_replacement(name, example):
    with pytest.raises(ConfigurationError, match="ALQAHIRA_ALERT_URLS, such as ") as refused:
        refuse_unknown([name])
    assert name in str(refused.value)
    assert example in str(refused.value)
