"""The documentation as a site: `make docs` builds it into docs/_build, where a warning is an error."""

import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

# spiders and pipelines are at the root of a checkout.
sys.path.insert(0, str(Path(__file__).parent.parent))

project = "alqahira"
author = "the alqahira authors"
html_title = "alqahira"
html_theme = "furo"
extensions = [
    "myst_parser",
    "sphinx.ext.apidoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinxcontrib.mermaid",
]
exclude_patterns = ["_build"]

# Pages are written for a forge first: its fences, its anchors.
myst_fence_as_directive = ["mermaid"]
myst_heading_anchors = 4

# Every module, from its docstrings, where what stands in single backticks is code.
apidoc_modules = [
    {"path": f"../{package}", "destination": f"api/{package}", "module_first": True, "separate_modules": True}
    for package in ("alqahira", "spiders", "pipelines")
]
default_role = "code"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False  # Scrapy's own refer to its pages
toc_object_entries = False  # the side bar of every page would hold every function
# Annotations are text here; a name that two modules have is no mistake.
suppress_warnings = ["ref.python"]

_FOLDERS = r"alqahira/|tests/|integrations/|CONTRIBUTING\.md|\.\./schema"
_OUT_OF_DOCS = re.compile(rf"\[([^]]+)\]\((?:\.\./)*(?:{_FOLDERS})[^)]*\)")


def _unlink(text: str) -> str:
    """The page without its links to what a forge shows and this site does not: source files and folders."""
    return _OUT_OF_DOCS.sub(r"\1", text)


def _page(_app: Sphinx, _name: str, lines: list[str]) -> None:
    lines[0] = _unlink(lines[0])


def _included(_app: Sphinx, _path: str, _parent: str, lines: list[str]) -> None:
    lines[0] = _unlink(lines[0])


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _page)
    app.connect("include-read", _included)
