"""The page: figures, plots and words as one HTML document that needs nothing else. Pure.

Every crawled string goes through the template's escaping, and the page's policy (CSP) allows one style sheet, by
its hash, and images within the page: no script, no request, no form, whatever a headline contains.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections import Counter
from datetime import datetime
from pathlib import Path

from markupsafe import Markup

from alqahira.monitoring.report import words
from alqahira.monitoring.report.charts import NARROW, PALETTE, PALETTE_DARK, TEMPLATES, UNPRINTABLE, WIDE, Plot, draw
from alqahira.monitoring.report.figures import Figures, site_link, topic_group
from alqahira.monitoring.report.plots import plots
from alqahira.text.dates import cairo_day
from alqahira.text.lexicon import TOPICS


def render(figures: Figures) -> str:
    """The whole document. The same figures give the same page."""
    style, today = style_sheet(), cairo_day(figures.now)
    page = TEMPLATES.get_template("report.html.jinja").render(
        figures=figures,
        corpus=figures.corpus,
        today=today,
        published_today=figures.corpus.by_day.get(today, Counter()).total(),
        topics=tuple(TOPICS),
        plots=plots(figures),
        # Trusted: our own file, and the hash in the policy is of these very bytes.
        style=Markup(style),
        policy=policy(style),
        **_HELPERS,
    )
    return UNPRINTABLE.sub("\ufffd", page)


def policy(style: str) -> str:
    """The Content-Security-Policy that the page works under."""
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def style_sheet() -> str:
    """The page's own rules, with the plots' colors for their keys."""
    keys = "".join(f".key-{n}{{--key:{color}}}\n" for n, color in enumerate(PALETTE))
    dark = "".join(f".key-{n}{{--key:{color}}}\n" for n, color in enumerate(PALETTE_DARK))
    rules = Path(__file__).with_name("report.css").read_text("utf-8")
    return f"{rules}{keys}@media (prefers-color-scheme: dark) {{\n{dark}}}\n"


def _image(plot: Plot, width: int) -> str:
    """The plot as the address of an image."""
    return f"data:image/svg+xml;base64,{b64encode(draw(plot, width).encode()).decode()}"


_HELPERS = {
    "words": words,
    "image": _image,
    "site_link": site_link,
    "topic_group": topic_group,
    "datetime": datetime,
    "WIDE": WIDE,
    "NARROW": NARROW,
}
