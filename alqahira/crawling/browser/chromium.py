"""Which Chromium is run, and with which flags."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alqahira import site

# As the packages of Debian, Fedora, Arch and Alpine, and Google's own, name it.
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No UDP around the resolver rules below.
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
)
# Playwright's context options: a reader in Cairo, so that dates printed for the reader's clock are in the site's time.
CONTEXT_OPTIONS: dict[str, Any] = {
    "locale": f"{site.LANGUAGE.value}-EG",
    "timezone_id": site.TIME_ZONE.value,
    "accept_downloads": False,
    "service_workers": "block",
}


def missing_dependency() -> str | None:
    """What a browser lacks, in words for the user; None where there is one. Imports nothing."""
    if find_spec("scrapy_playwright") is None or find_spec("playwright") is None:
        return "the package scrapy-playwright is not installed"
    if find_chromium() is None:
        return f"no Chromium was found (looked for {', '.join(_NAMES)} and for Playwright's own)"
    return None


def find_chromium() -> str | None:
    """The executable's path; the empty string where only Playwright's own download is there; None without any."""
    if path := next(filter(None, map(shutil.which, _NAMES)), None):
        return path
    home = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path(os.environ.get("HOME", "/"), ".cache", "ms-playwright")
    return "" if any(Path(home).glob("chromium*-*")) else None


def launch_options(site_url: str, *, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Playwright's launch options. `given` (PLAYWRIGHT_LAUNCH_OPTIONS) wins, but for `args`, which are added."""
    given = dict(given or {})
    args = [*_FLAGS, f"--host-resolver-rules={resolver_rules(site_url)}", *given.pop("args", ())]
    if os.name == "posix" and os.geteuid() == 0:
        args.append("--no-sandbox")  # Chromium refuses to run as root with it
    # Scrapy decides what a signal means; a graceful stop still finishes the open pages.
    ignored = dict.fromkeys(("handle_sigint", "handle_sigterm", "handle_sighup"), False)
    return {"args": args, "executable_path": find_chromium() or None, **ignored, **given}


def resolver_rules(site_url: str) -> str:
    """Chromium's --host-resolver-rules that leave nothing of the network but the site's host and ports.

    Playwright's routes see a request before its redirects, never after: this is what holds there, and for
    pop-ups, prefetches and sockets too. It applies to names and to literal addresses alike. With the default ports
    both schemes are open, each with and without `www.`.
    """
    parts = urlsplit(site_url)
    bare = (parts.hostname or "").removeprefix("www.")
    endpoints = [f"{name}:{port}" for name in (bare, f"www.{bare}") for port in (443, 80)]
    if parts.port:
        endpoints = [parts.netloc.rpartition("@")[2]]
    return ", ".join([*(f"MAP {endpoint} {endpoint}" for endpoint in endpoints), "MAP * ~NOTFOUND"])
