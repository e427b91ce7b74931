"""The report's plots: stacked bars as static SVG that reads from right to left. Pure.

A plot is shown as an image, where no script runs and nothing is loaded. Text stays text, so the reader's own fonts
shape it, and each image carries both of its color schemes. The geometry is here, the markup in `plot.svg.jinja`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

# Distinguishable with any color vision, and at least 3 to 1 against the background (WCAG 2.2, 1.4.11).
PALETTE = ("#1f5fa8", "#c2571a", "#1b7f5c", "#8a4a9e", "#8a6d00", "#0e7c8b", "#a3324f", "#5b6470", "#4457c0", "#67781b")
PALETTE_DARK = (
    *("#6aa9f0", "#f0965a", "#5cc79f", "#c79bdc", "#d9b94a"),
    *("#5cc4d3", "#ef8aa4", "#a9b3c0", "#98a6ff", "#b7c765"),
)
# Widths in CSS pixels: for a desktop window and for a phone.
WIDE, NARROW = 680, 328
_LONGEST_LABEL = {WIDE: 32, NARROW: 21}  # characters
_LETTER, _MARGIN = 7, 6
_ROW, _BAR, _COLUMNS_HEIGHT, _AXIS_HEIGHT = 26, 17, 240, 30
_STEPS = [digit * 10**zeros for zeros in range(16) for digit in (1, 2, 5)]
# Characters that XML or HTML forbids: one would make the image or the page unreadable.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Series:
    """One value per label of a plot, and a place in PALETTE."""

    name: str
    values: Sequence[float]
    color: int = 0


@dataclass(frozen=True, slots=True)
class Plot:
    """Stacked series over labels, and the texts and the table that the page shows beside them.

    `columns` are in the order of time, from right to left; `bars` lie, the first on top. `wholes`: what each label's
    values are a share of; the plot then shows percentages. `head` and `cells` are the table's leading columns, by
    default the labels.
    """

    kind: Literal["columns", "bars"]
    labels: Sequence[str]
    series: Sequence[Series]
    title: str = ""
    summary: str = ""
    head: Sequence[str] = ("",)
    cells: Sequence[Sequence[str]] = ()
    wholes: Sequence[float] = ()

    @property
    def height(self) -> int:
        """In CSS pixels, whatever the width."""
        return _COLUMNS_HEIGHT if self.kind == "columns" else _ROW * len(self.labels) + _MARGIN + _AXIS_HEIGHT

    @property
    def is_empty(self) -> bool:
        return not any(any(series.values) for series in self.series)

    @property
    def rows(self) -> list[tuple[Sequence[str], list[float]]]:
        """The table: leading cells and the series' values of each label; of columns the newest first."""
        cells = self.cells or [(label,) for label in self.labels]
        values = zip(*(series.values for series in self.series), strict=True)
        rows = [(names, list(row)) for names, row in zip(cells, values, strict=True)]
        return rows[::-1] if self.kind == "columns" else rows


def draw(plot: Plot, width: int = WIDE) -> str:
    """The plot as an SVG document `width` pixels wide; the same plot gives the same text."""
    values = [list(row) for row in zip(*(series.values for series in plot.series), strict=True)]
    if plot.wholes:
        values = [[100 * n / max(1, whole) for n in row] for row, whole in zip(values, plot.wholes, strict=True)]
    texts = [_shorten(label, _LONGEST_LABEL[width]) for label in plot.labels]
    place = _place_columns if plot.kind == "columns" else _place_bars
    colors = [(PALETTE[series.color], PALETTE_DARK[series.color]) for series in plot.series]
    template = TEMPLATES.get_template("plot.svg.jinja")
    return template.render(place(plot, values, texts, width), width=width, height=plot.height, colors=colors)


def ticks(top: float, most: int = 5) -> list[int]:
    """Round whole numbers from 0 to at least `top`, `most` of them above 0 at most."""
    step = next(size for size in _STEPS if size * most >= top)
    return [step * n for n in range(max(1, math.ceil(top / step)) + 1)]


def _place_columns(plot: Plot, values: list[list[float]], texts: list[str], width: int) -> dict[str, object]:
    """Columns beginning at the right, with the axis of values there; labels only where there is room for them."""
    marks = ticks(max(map(sum, values)))
    base, left = width - _MARGIN - _LETTER * len(f"{marks[-1]:,}") - 6, 36  # half a label
    bottom = plot.height - _AXIS_HEIGHT
    step, scale = (base - left) / len(values), (bottom - 2 * _MARGIN) / marks[-1]
    every = math.ceil((max(map(len, texts)) * _LETTER + 10) / step)
    middles = [base - (n + 0.5) * step for n in range(len(values))]
    shown = range((len(texts) - 1) % every, len(texts), every)  # with the newest
    return {
        "guides": [(left, bottom - scale * mark, f"h{base - left:g}") for mark in marks],
        "bars": [
            [(x - 0.4 * step, bottom - scale * top, 0.8 * step, scale * part) for top, part in _stack(row)]
            for x, row in zip(middles, values, strict=True)
        ],
        "x_labels": [(middles[n], bottom + 18, texts[n]) for n in shown],
        "y_labels": [(base + 6, bottom - scale * mark + 4, f"{mark:,}") for mark in marks],
        "ends": [],
    }


def _place_bars(plot: Plot, values: list[list[float]], texts: list[str], width: int) -> dict[str, object]:
    """Lying bars that begin at the right, beside their labels; a single series shows its figures at their ends."""
    unit, top, single = "%" if plot.wholes else "", max(map(sum, values)), len(plot.series) == 1
    marks = [0, 50, 100] if plot.wholes else ticks(top, 2 if width == NARROW else 5)
    base, left = width - _MARGIN - _LETTER * max(map(len, texts)) - 6, 24
    room = 2 * _MARGIN + _LETTER * len(f"{top:,.0f}%") if single else 0
    scale = min((base - left) / marks[-1], (base - left - room) / max(top, 1))
    bottom = plot.height - _AXIS_HEIGHT
    rows = [(_MARGIN + n * _ROW, row) for n, row in enumerate(values)]
    return {
        "guides": [(base - scale * mark, _MARGIN, f"v{bottom - _MARGIN}") for mark in marks],
        "bars": [[(base - scale * end, y + 4, scale * part, _BAR) for end, part in _stack(row)] for y, row in rows],
        "x_labels": [(base - scale * mark, bottom + 18, f"{mark:,}{unit}") for mark in marks],
        "y_labels": [(base + 6, y + 18, text) for (y, _), text in zip(rows, texts, strict=True)],
        "ends": [(base - scale * row[0] - 5, y + 17, f"{row[0]:,.0f}{unit}") for y, row in rows if single],
    }


def _stack(row: list[float]) -> Iterator[tuple[float, float]]:
    """(end, size) of each part of a stack."""
    return zip(accumulate(row), row, strict=True)


def _shorten(text: str, longest: int) -> str:
    text = UNPRINTABLE.sub("\ufffd", " ".join(text.split()))
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
