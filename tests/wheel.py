"""What a wheel and an egg hold, a wheel of the project, and the Pythons of this machine to install it for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from scrapy_process import PROJECT

_SOURCES = ("alqahira", "spiders", "pipelines", "pyproject.toml", "setup.py", "README.md", "LICENSE")
# Those of pyproject.toml's classifiers.
VERSIONS = ("3.11", "3.12", "3.13", "3.14")


def packaged_files() -> list[str]:
    """Every module and data file, by its place in a wheel or an egg."""
    return [
        ("" if package == "alqahira" else "alqahira/") + path.relative_to(PROJECT).as_posix()
        for package in ("alqahira", "spiders", "pipelines")
        for path in (PROJECT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]


def build_wheel(folder: Path) -> Path:
    """A wheel of the project, built in `folder` with the setuptools that the tests run with."""
    sources = folder / "sources"
    sources.mkdir(parents=True)
    for name in _SOURCES:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(PROJECT / name, sources)
    command = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, sources]
    subprocess.run([sys.executable, *command], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def python(version: str) -> str | None:
    """The program of a Python, if this machine has it. pyenv's are there where PYENV_VERSION names them."""
    program = shutil.which(f"python{version}")
    if program is None or subprocess.run([program, "-c", ""], capture_output=True, check=False).returncode:
        return None
    return program
