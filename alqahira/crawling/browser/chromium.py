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

# The names in Debian, Fedora, Arch, Alpine and Google's own packages.
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # One may outlive its page and write what the next visit would read.
    "--disable-shared-workers",
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
    """What is missing for a browser, as a message; None if nothing is. Imports nothing."""
    if find_spec("scrapy_playwright") is None or find_spec("playwright") is None:
        return "the package scrapy-playwright is not installed"
    if _find_chromium() is None:
        return f"no Chromium was found (looked for {', '.join(_NAMES)} and for Playwright's own)"
    return None


def launch_options(site_url: str, *, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Playwright's launch options. `given` (PLAYWRIGHT_LAUNCH_OPTIONS) takes precedence; its `args` are added."""
    given = dict(given or {})
    args = [*_FLAGS, f"--host-resolver-rules={resolver_rules(site_url)}", *given.pop("args", ())]
    if os.name == "posix" and os.geteuid() == 0:
        args.append("--no-sandbox")  # Chromium refuses to run as root with it
    # Scrapy decides what a signal means; a graceful stop still finishes the open pages.
    ignored = dict.fromkeys(("handle_sigint", "handle_sigterm", "handle_sighup"), False)
    return {"args": args, "executable_path": _find_chromium() or None, **ignored, **given}


def resolver_rules(site_url: str) -> str:
    """Chromium's --host-resolver-rules that make only the site's host and ports reachable.

    They also apply to redirects, which Playwright's routes do not see, to pop-ups, prefetches and sockets, and to
    literal addresses. Without a port in the URL both schemes are open, each with and without `www.`.
    """
    parts = urlsplit(site_url)
    bare = (parts.hostname or "").removeprefix("www.")
    endpoints = [f"{name}:{port}" for name in (bare, f"www.{bare}") for port in (443, 80)]
    if parts.port:
        endpoints = [parts.netloc.rpartition("@")[2]]
    return ", ".join([*(f"MAP {endpoint} {endpoint}" for endpoint in endpoints), "MAP * ~NOTFOUND"])


def _find_chromium() -> str | None:
    """The executable's path; the empty string if there is only Playwright's own download; None without any."""
    if path := next(filter(None, map(shutil.which, _NAMES)), None):
        return path
    home = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path(os.environ.get("HOME", "/"), ".cache", "ms-playwright")
    return "" if any(Path(home).glob("chromium*-*")) else None
