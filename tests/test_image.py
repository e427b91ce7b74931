"""deploy/Dockerfile, built by buildah on a base made of Debian's packages, as no registry is needed for that."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from scrapy_process import PROJECT, UNTHROTTLED

pytestmark = [pytest.mark.install, pytest.mark.timeout(1800)]
NEEDED = ("buildah", "debootstrap")
BASE = "docker.io/library/python:3.11-slim-bookworm"
# How this machine reaches its package index.
SHARED = ("/etc/pip.conf", "/etc/ssl/certs")


class Buildah:
    """buildah with a store of its own. Nothing is mounted, so that it works within containers."""

    def __init__(self, folder: Path) -> None:
        self._store = ("--storage-driver=vfs", f"--root={folder}/store", f"--runroot={folder}/run")

    def __call__(self, *arguments: object, fails: bool = False) -> str:
        """What it printed. AssertionError if it ends otherwise than it should."""
        command = ["buildah", *self._store, *map(str, arguments)]
        ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert (ran.returncode != 0) is fails, ran.stdout[-3000:]
        return ran.stdout.strip()

    def make_base(self, root: Path) -> None:
        """What Docker's image of Python holds for the Dockerfile: Debian 12, and `python` and `pip` of 3.11."""
        packages = "--include=python3-venv,ca-certificates"
        debootstrap = ("debootstrap", "--variant=minbase", packages, "bookworm", root)
        subprocess.run(debootstrap, check=True, capture_output=True)
        subprocess.run(("chroot", root, "python3", "-m", "venv", "/usr/local"), check=True)
        container = self("from", "scratch")
        self("copy", "--quiet", container, root, "/")
        shutil.rmtree(root)
        self("config", "--env=PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container)
        self("commit", "--quiet", "--rm", container, BASE)


@pytest.fixture(scope="module")
def in_image(tmp_path_factory):
    """Runs a command in a container of the image, as the image's user."""
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        pytest.skip(f"needs {' and '.join(missing)} (Debian's packages)")
    if os.geteuid():
        pytest.skip("needs root")
    if subprocess.run(("unshare", "--mount", "true"), capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    folder = tmp_path_factory.mktemp("image")
    buildah = Buildah(folder)
    buildah.make_base(folder / "base")
    shared = [f"--volume={path}:{path}:ro" for path in SHARED if Path(path).exists()]
    options = ("--isolation=chroot", "--pull-never", "--layers=false", "--tag=alqahira", *shared)
    buildah("build", *options, f"--file={PROJECT / 'deploy' / 'Dockerfile'}", PROJECT)
    container = buildah("from", "--pull-never", "localhost/alqahira")
    yield lambda *command, **how: buildah("run", "--isolation=chroot", container, "--", *command, **how)
    shutil.rmtree(folder)


def test_image_crawls_as_its_user(in_image, replica):
    assert in_image("id", "-un") == "alqahira"
    assert in_image("alqahira", "list") == "defense\nforeign_affairs"
    settings = UNTHROTTLED | {"ALQAHIRA_SITE_URL": replica().url}
    log = in_image("alqahira", "crawl", "defense", *(f"--set={name}={value}" for name, value in settings.items()))
    assert "Spider closed (finished)" in log
    assert "_manifest.json" in in_image("ls", "/var/lib/alqahira/output").split()


def test_image_holds_chromium_and_no_leftovers(in_image):
    assert "Chromium" in in_image("chromium", "--version")
    assert in_image("sh", "-c", "ls /opt/alqahira | tr '\\n' ' '").split() == [
        *("LICENSE", "README.md", "alqahira", "constraints.txt", "pipelines", "pyproject.toml", "scrapy.cfg"),
        *("setup.py", "spiders"),
    ]


def test_scrapyd_of_the_image_does_not_start_without_a_password(in_image):
    assert "SCRAPYD_PASSWORD" in in_image("scrapyd", "--pidfile=", fails=True)
