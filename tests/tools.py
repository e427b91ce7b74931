"""Programs that tests start, in an environment of their own: `make .venv-tools/.installed` (tests/tools.txt)."""

from __future__ import annotations

from pathlib import Path

import pytest
from scrapy_process import PROJECT

BIN = PROJECT / ".venv-tools" / "bin"


def tool(name: str) -> Path:
    """The path of a program; the test is skipped where it is not installed."""
    if not (BIN / name).exists():
        pytest.skip(f"needs {name}: make .venv-tools/.installed")
    return BIN / name
