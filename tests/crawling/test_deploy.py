"""The files of deploy/, checked by the programs that read them, if this machine has them."""

import json
import os
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from scrapy_process import PROJECT, UNTHROTTLED

DEPLOY = PROJECT / "deploy"
UNITS = sorted(path.name for path in DEPLOY.iterdir() if path.suffix in (".service", ".timer"))


def ran(*command, **environment):
    done = subprocess.run(command, capture_output=True, text=True, env=environment or None, check=False)
    return done.returncode, done.stdout + done.stderr


def test_every_file_is_explained():
    page = (PROJECT / "docs" / "scheduling.md").read_text("utf-8")
    assert not [path.name for path in DEPLOY.iterdir() if f"`{path.name}`" not in page]


def test_no_file_holds_a_password_or_an_address_that_is_not_loopback():
    for path in (*DEPLOY.iterdir(), PROJECT / "scrapy.cfg"):
        text = path.read_text("utf-8")
        for secret in re.findall(r"(?im)^\s*[-\w]*password[ \t]*[=:][ \t]*(.*)$", text):
            assert secret.startswith("$") or not secret, path
    conf = ConfigParser()
    conf.read(DEPLOY / "scrapyd.conf")
    assert conf["scrapyd"]["bind_address"] == "127.0.0.1"
    assert '"127.0.0.1:6800:6800"' in (DEPLOY / "compose.yaml").read_text("utf-8")


@pytest.mark.scrapyd
def test_scrapyd_knows_every_option_of_its_conf():
    from scrapyd.config import Config

    ours, theirs = ConfigParser(), Config().cp
    ours.read(DEPLOY / "scrapyd.conf")
    for section in ours.sections():
        assert not set(ours[section]) - set(theirs[section]), section


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_accepts_the_units(name, tmp_path):
    for unit in UNITS:
        # Nothing is installed in /opt here.
        text = re.sub(r"(?m)^(ExecStart=)\S+", rf"\g<1>{sys.executable}", (DEPLOY / unit).read_text("utf-8"))
        (tmp_path / unit).write_text(text)
    # An instance: a template alone cannot be verified.
    instance = tmp_path / name.replace("@.", "@defense.")
    if instance.name != name:
        shutil.copy(tmp_path / name, instance)
    assert ran("systemd-analyze", "verify", "--man=no", str(instance)) == (0, "")


def test_timers_start_both_spiders_half_an_hour_apart():
    minutes = []
    for path in DEPLOY.glob("*.timer"):
        text = path.read_text("utf-8")
        template, spider = re.search(r"(?m)^Unit=(\S+@)(\w+)\.service$", text).groups()
        assert (DEPLOY / f"{template}.service").exists()
        assert (PROJECT / "spiders" / f"{spider}.py").exists()
        minutes.append(int(re.search(r"OnCalendar=\*-\*-\* \*:(\d\d):00", text)[1]))
    assert len(minutes) == 2
    assert abs(minutes[0] - minutes[1]) == 30


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".timer")])
def test_timers_elapse_once_an_hour(name):
    (when,) = re.findall(r"(?m)^OnCalendar=(.*)$", (DEPLOY / name).read_text("utf-8"))
    status, output = ran("systemd-analyze", "calendar", "--iterations=3", "--base-time=2026-11-30 12:00:00 UTC", when)
    assert status == 0, output
    assert re.findall(r"Mon 2026-11-30 (\d\d):\d\d:00 UTC", output) == ["12", "13", "14"]


def test_no_unit_of_one_section_waits_for_the_other():
    for name in UNITS:
        related = re.findall(
            r"(?m)^(?:After|Before|Requires|BindsTo|Conflicts|Upholds)=(.*)$", (DEPLOY / name).read_text()
        )
        assert set(related) <= {"network-online.target"}, name


@pytest.mark.chaos
def test_both_crawls_of_the_crontab_at_the_same_minute_end_well(replica, tmp_path):
    lines = (DEPLOY / "crontab").read_text("utf-8").splitlines()
    commands = [line.split(maxsplit=5)[5].replace(r"\%", "%") for line in lines if "scrapy crawl" in line]
    places = {
        "/opt/alqahira": PROJECT,
        ".venv/bin/scrapy": f"{sys.executable} -m scrapy",
        "/var/log/alqahira": tmp_path,
    }
    settings = " ".join(f"-s {name}={value}" for name, value in UNTHROTTLED.items())
    environment = {"ALQAHIRA_SITE_URL": replica().url, "ALQAHIRA_OUTPUT_DIR": str(tmp_path / "output")}
    crawls = []
    for command in commands:
        for printed, here in places.items():
            command = command.replace(printed, str(here))
        crawls.append(
            subprocess.Popen(
                ["/bin/sh", "-c", f"{command} {settings}"],
                env=os.environ | environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    # What is printed would be mailed.
    assert [(crawl.communicate(timeout=240)[0], crawl.returncode) for crawl in crawls] == [("", 0), ("", 0)]
    summaries = [json.loads(path.read_text("utf-8")) for path in (tmp_path / "output" / "runs").glob("*.json")]
    assert sorted(summary["spider"] for summary in summaries if summary["complete"]) == ["defense", "foreign_affairs"]


def test_timer_runs_have_every_limit_that_scrapyd_has():
    def limits(name):
        lines = (DEPLOY / name).read_text("utf-8").splitlines()
        return {
            line for line in lines if re.match(r"(Protect|Private|Restrict[A-Z]|Lock|NoNew|System|Capab|Memory)", line)
        }

    assert limits("alqahira-scrapyd.service") == limits("alqahira-crawl@.service")
    assert len(limits("alqahira-scrapyd.service")) > 15


@pytest.mark.skipif(shutil.which("crontab") is None, reason="needs crontab")
def test_cron_accepts_the_crontab():
    status, output = ran("crontab", "-n", str(DEPLOY / "crontab"))
    if "invalid option" in output:
        pytest.skip("this crontab cannot check alone")
    assert status == 0, output


def test_crontab_commands_are_the_projects_own(tmp_path):
    """Each line run by the shell that cron would run it with, in a project whose scrapy prints its arguments."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    fake = tmp_path / ".venv" / "bin" / "scrapy"
    fake.write_text('#!/bin/sh\necho "$@"\n')
    fake.chmod(0o755)
    runs = []
    for line in (DEPLOY / "crontab").read_text("utf-8").splitlines():
        if "scrapy " in line and not line.startswith("#"):
            command = line.split(maxsplit=5)[5].replace("/opt/alqahira", str(tmp_path)).replace(r"\%", "%")
            runs.append(ran("/bin/sh", "-c", command))
    assert [status for status, _ in runs] == [0, 0, 0]
    assert runs[0][1].startswith("crawl defense --logfile /var/log/alqahira/defense-2")
    assert runs[1][1].startswith("crawl foreign_affairs --logfile /var/log/alqahira/foreign_affairs-2")
    assert runs[2][1] == "", "cron sends no mail where `scrapy verify` finds nothing"


def test_image_holds_the_whole_project_and_does_not_run_as_root():
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    copied = {name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]}
    assert {"alqahira", "spiders", "pipelines", "pyproject.toml", "constraints.txt", "scrapy.cfg"} <= copied
    kept = {
        line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines() if line[:1] == "!"
    }
    assert copied <= kept
    assert all((PROJECT / name).exists() for name in copied)
    assert [line for line in lines if line.startswith("USER")] == ["USER alqahira"]
    assert lines.index("USER alqahira") < next(n for n, line in enumerate(lines) if line.startswith("CMD"))


@pytest.mark.skipif(shutil.which("docker") is None, reason="needs docker compose")
def test_compose_accepts_its_file():
    compose = ("docker", "compose", "--file", str(DEPLOY / "compose.yaml"), "config", "--quiet")
    path = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(Path.home())}
    if ran("docker", "compose", "version", **path)[0]:
        pytest.skip("this docker has no compose")
    assert ran(*compose, SCRAPYD_PASSWORD="x", **path)[0] == 0
    status, output = ran(*compose, **path)
    assert status != 0
    assert "SCRAPYD_PASSWORD" in output
