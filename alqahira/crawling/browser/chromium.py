"""Which Chromium is run, and with which flags."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
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


def missing_part() -> str | None:
    """What stands in the way of a browser, in words for the user; None where nothing does. Imports nothing."""
    if find_spec("scrapy_playwright") is None or find_spec("playwright") is None:
        return "the package scrapy-playwright is not installed"
    if find_chromium() is None:
        return f"no Chromium was found (looked for {', '.join(_NAMES)} and for Playwright's own)"
    return None


def find_chromium(environment: Mapping[str, str] | None = None) -> str | None:
    """The executable's path; the empty string where only Playwright's own download is there; None without any."""
    environment = os.environ if environment is None else environment
    for name in _NAMES:
        found = shutil.which(name, path=environment.get("PATH"))
        if found:
            return found
    home = environment.get("PLAYWRIGHT_BROWSERS_PATH") or Path(environment.get("HOME", "/"), ".cache", "ms-playwright")
    return "" if any(Path(home).glob("chromium*-*")) else None


def launch_options(site_url: str, *, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Playwright's launch options. `given` (PLAYWRIGHT_LAUNCH_OPTIONS) wins, but for `args`, which are added."""
    given = dict(given or {})
    args = [*_FLAGS, f"--host-resolver-rules={resolver_rules(site_url)}"]
    if os.name == "posix" and os.geteuid() == 0:
        args.append("--no-sandbox")  # Chromium refuses to run as root with it
    options: dict[str, Any] = {
        "args": [*args, *given.pop("args", ())],
        # Scrapy decides what a signal means; a graceful stop still finishes the open pages.
        "handle_sigint": False,
        "handle_sigterm": False,
        "handle_sighup": False,
    }
    executable = find_chromium()
    if executable:
        options["executable_path"] = executable
    return options | given


def context_options(user_agent: str | None) -> dict[str, Any]:
    """A reader in Cairo: dates that the page prints for its reader's clock are in the site's own time."""
    options: dict[str, Any] = {
        "locale": f"{site.LANGUAGE.value}-EG",
        "timezone_id": site.TIME_ZONE.value,
        "accept_downloads": False,
        "service_workers": "block",
    }
    if user_agent:
        options["user_agent"] = user_agent
    return options


def resolver_rules(site_url: str) -> str:
    """Chromium's --host-resolver-rules under which the site's host and ports are all there is of the network.

    Playwright's routes see a request before its redirects, never after: this is what holds there, and for
    pop-ups, prefetches and sockets too. It applies to names and to literal addresses alike.
    """
    kept = [f"MAP {endpoint} {endpoint}" for endpoint in _endpoints(site_url)]
    return ", ".join([*kept, "MAP * ~NOTFOUND"])


def _endpoints(site_url: str) -> Iterator[str]:
    """host:port of the site; with the default ports both schemes, each with and without `www.`."""
    parts = urlsplit(site_url)
    host = parts.hostname or ""
    if parts.port:
        yield f"[{host}]:{parts.port}" if ":" in host else f"{host}:{parts.port}"
        return
    bare = host.removeprefix("www.")
    for name in (bare, f"www.{bare}"):
        for port in (443, 80):
            yield f"{name}:{port}"
