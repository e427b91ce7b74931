"""Which hosts Chromium may reach."""

from __future__ import annotations

import pytest

from alqahira.crawling.browser.chromium import launch_options, resolver_rules


@pytest.mark.parametrize(
    ("site_url", "open_to"),
    [
        ("http://127.0.0.1:8000", ["127.0.0.1:8000"]),
        ("http://user:secret@[::1]:8000", ["[::1]:8000"]),
        (
            "https://www.news.example",
            ["news.example:443", "news.example:80", "www.news.example:443", "www.news.example:80"],
        ),
    ],
)
def test_only_the_sites_host_and_ports_are_open(site_url, open_to):
    *kept, last = resolver_rules(site_url).split(", ")
    assert kept == [f"MAP {endpoint} {endpoint}" for endpoint in open_to]
    assert last == "MAP * ~NOTFOUND"


def test_options_of_the_user_win_but_their_arguments_are_added():
    options = launch_options("https://news.example", given={"args": ["--mine"], "executable_path": "/x"})
    assert options["executable_path"] == "/x"
    assert "--mine" in options["args"]
    assert any(argument.startswith("--host-resolver-rules=") for argument in options["args"])
