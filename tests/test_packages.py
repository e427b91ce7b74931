"""The packages that are installed: pinned by version and hash, and under which licences."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PINS = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==[\w.]+( ; [^#]+?)?( --hash=sha256:[0-9a-f]{64})+ # (?P<tags>(\[[a-z-]+\] ?)+)")
TAGS = {pin["name"]: set(pin["tags"].split()) for pin in map(PIN.fullmatch, PINS) if pin}
# Needed by no run without PostgreSQL or `make bench`; what is only for developers, [lint], is not asked about.
LGPL = {"psycopg": "[postgresql]", "psycopg-binary": "[postgresql]", "pygal": "[bench]"}


def test_each_line_is_a_version_its_hashes_and_its_extras():
    assert [line[:80] for line in PINS if not PIN.fullmatch(line)] == []
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set().union(*TAGS.values()) <= {"[install]", *(f"[{name}]" for name in extras)}


def test_each_requirement_of_pyproject_is_pinned_for_its_extra():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {"install": project["dependencies"], **project["optional-dependencies"]}
    names = [
        (re.match(r"[\w.-]+", text)[0].lower().replace(".", "-"), f"[{extra}]")
        for extra, texts in wanted.items()
        for text in texts
    ]
    unpinned = [
        pair for pair in names if pair[0] != "alqahira" and not {pair[1], "[install]"} & TAGS.get(pair[0], set())
    ]
    assert unpinned == []


def licences(name: str) -> str:
    """The licences that a package may be used under, a line each; of several classifiers, any."""
    told = distribution(name).metadata
    if expression := told.get("License-Expression"):
        return expression.replace(" OR ", "\n")
    classified = [text for text in told.get_all("Classifier", []) if text.startswith("License ::")]
    return "\n".join(classified or [told.get("License", "").partition("\n")[0]])


@pytest.mark.parametrize("name", [name for name, tags in TAGS.items() if tags != {"[lint]"}])
def test_no_package_is_gpl_alone(name):
    try:
        choices = licences(name).splitlines()
    except PackageNotFoundError:
        pytest.skip("not installed here")
    free = [choice for choice in choices if not re.search(r"GPL|General Public", choice)]
    if not free and name in LGPL:
        assert LGPL[name] in TAGS[name]
        assert all(re.search(r"LGPL|Lesser", choice) for choice in choices)
    else:
        assert free, choices
