"""The hostile server's hosts as a fixture."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hostile_server import Host, hostile_hosts


@pytest.fixture
def open_host() -> Iterator[Callable[..., Host]]:
    """Opens another host of the hostile server."""
    with hostile_hosts() as open_now:
        yield open_now
