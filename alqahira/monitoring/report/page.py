"""The page: figures, plots and words as one HTML document that needs nothing else. Pure.

Every crawled string goes through the template's escaping, and the page's policy (CSP) allows one style sheet, by
its hash, and images within the page: no script, no request, no form, whatever a headline says.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from alqahira.ledger.decisions import Outcome
from alqahira.monitoring.report import words
from alqahira.monitoring.report.charts import NARROW, PALETTE, PALETTE_DARK, UNPRINTABLE, WIDE, data_uri, draw, size
from alqahira.monitoring.report.figures import Figures
from alqahira.monitoring.report.sections import Chart, Code, cards, run_state, sections

_HERE = Path(__file__).parent


def render(figures: Figures) -> str:
    """The whole document. The same figures give the same page."""
    style = style_sheet()
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.tests["code"] = lambda cell: isinstance(cell, Code)
    environment.globals.update(words=words, outcomes=tuple(Outcome), pictures=_pictures, run_state=run_state)
    page = environment.get_template("report.html.jinja").render(
        figures=figures,
        cards=cards(figures),
        sections=[] if figures.is_empty else sections(figures),
        # Trusted: our own file, and the hash in the policy is of these very bytes.
        style=Markup(style),
        policy=policy(style),
    )
    return UNPRINTABLE.sub("\ufffd", page)


def policy(style: str) -> str:
    """The Content-Security-Policy that the page works under."""
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def style_sheet() -> str:
    """The page's own rules, with the plots' colours for their keys."""
    keys = "".join(f".key-{n}{{--key:{color}}}\n" for n, color in enumerate(PALETTE))
    dark = "".join(f".key-{n}{{--key:{color}}}\n" for n, color in enumerate(PALETTE_DARK))
    rules = (_HERE / "report.css").read_text("utf-8")
    return f"{rules}{keys}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"


def _pictures(chart: Chart) -> list[dict[str, Any]]:
    """The plot for a wide window and for a phone."""
    made = []
    for width in (WIDE, NARROW):
        svg = draw(chart.plot, width)
        made.append({"uri": data_uri(svg), "width": size(svg)[0], "height": size(svg)[1]})
    return made
