"""The report's plots: pygal's, as static SVG that reads from right to left. Pure.

pygal is made for a page with its own script. Here a plot stands in the page as an image, where no script runs:
its tooltips, scripts and comments are taken out, and a table below each plot tells the figures. Text stays text,
so the reader's own fonts shape it, and each image brings both of its colour schemes along.
"""

from __future__ import annotations

import math
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pygal
from lxml import etree
from pygal.style import Style

# Told apart by readers with any colour vision, and at least 3 to 1 against the background (WCAG 2.2, 1.4.11).
PALETTE = ("#1f5fa8", "#c2571a", "#1b7f5c", "#8a4a9e", "#8a6d00", "#0e7c8b", "#a3324f", "#5b6470", "#4457c0", "#67781b")
PALETTE_DARK = (
    *("#6aa9f0", "#f0965a", "#5cc79f", "#c79bdc", "#d9b94a"),
    *("#5cc4d3", "#ef8aa4", "#a9b3c0", "#98a6ff", "#b7c765"),
)
FONTS = '"Segoe UI", "Noto Sans Arabic", "Noto Naskh Arabic", "Geeza Pro", Tahoma, "DejaVu Sans", sans-serif'
WIDE, NARROW = 680, 328
_FONT_SIZE = 13
_ROW, _COLUMNS_HEIGHT, _AXIS_HEIGHT = 26, 240, 44
_LETTER_WIDTH = 7
_LONGEST_LABEL = {WIDE: 32, NARROW: 21}
_ROUND = [digit * 10**zeros for zeros in range(16) for digit in (1, 2, 5)]
_NUMBER = r"(-?[\d.]+)"
# Where XML and HTML allow none; such a character would make the image, or the page, unreadable.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Plot:
    """What a plot shows: labels along its axis, and for each series a value per label.

    `columns` stand in the order of time, from right to left; `bars` lie, the first on top. Series are stacked.
    `percent`: the values are shares of 100. `colors`: places in PALETTE, in the series' order.
    """

    kind: Literal["columns", "bars"]
    labels: Sequence[str]
    series: Sequence[tuple[str, Sequence[float]]]
    percent: bool = False
    colors: Sequence[int] = tuple(range(len(PALETTE)))

    @property
    def is_keyed(self) -> bool:
        """Whether the series' names say anything."""
        return len(self.series) > 1 or bool(self.series and self.series[0][0])

    @property
    def is_empty(self) -> bool:
        return not any(any(values) for _, values in self.series)


def draw(plot: Plot, width: int = WIDE) -> bytes:
    """The plot as an SVG document `width` pixels wide; the same plot gives the same bytes."""
    totals = [sum(values) for values in zip(*(values for _, values in plot.series), strict=True)]
    chart = _columns(plot, width, max(totals)) if plot.kind == "columns" else _bars(plot, width, max(totals))
    # pygal lays the first of lying bars at the bottom.
    order = 1 if plot.kind == "columns" else -1
    chart.x_labels = _labels(plot, width)[::order]
    for name, values in plot.series:
        chart.add(name, list(values)[::order])
    chart.add_xml_filter(lambda root: _finished(root, width, _css(plot.colors)))
    return bytes(chart.render())


def size(svg: bytes) -> tuple[int, int]:
    """Width and height of a drawn plot in CSS pixels."""
    root = etree.fromstring(svg)
    return int(root.get("width")), int(root.get("height"))


def data_uri(svg: bytes) -> str:
    """An SVG as the address of an image."""
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"


def ticks(top: float, most: int = 5) -> list[int]:
    """Round whole numbers from 0 to at least `top`, `most` of them above 0 at most."""
    step = next(size for size in _ROUND if size * most >= top)
    return [step * n for n in range(max(1, math.ceil(top / step)) + 1)]


def _columns(plot: Plot, width: int, top: float) -> Any:
    marks = ticks(top)
    return pygal.StackedBar(**_options(plot, width, _COLUMNS_HEIGHT), y_labels=marks, range=(0, marks[-1]))


def _bars(plot: Plot, width: int, top: float) -> Any:
    single = len(plot.series) == 1
    most = 2 if width == NARROW else 5
    marks = [0, 50, 100] if plot.percent else ticks(top, most)
    # Room for the figure at the end of the longest bar.
    reach = max(marks[-1], top * (1.3 if width == NARROW else 1.12)) if single else marks[-1]
    return pygal.HorizontalStackedBar(
        **_options(plot, width, _ROW * len(plot.labels) + _AXIS_HEIGHT),
        y_labels=marks,
        range=(0, reach),
        print_values=single,
        print_values_position="top",
    )


def _options(plot: Plot, width: int, height: int) -> dict[str, Any]:
    unit, labels = "%" if plot.percent else "", _labels(plot, width)
    return {
        "width": width,
        "height": height,
        "explicit_size": True,
        "style": Style(label_font_size=_FONT_SIZE, major_label_font_size=_FONT_SIZE, value_font_size=_FONT_SIZE),
        "js": [],
        "show_legend": False,
        "truncate_label": -1,
        "margin": 6,
        # The left one, once the plot is turned around: half a label's.
        "margin_right": 6 if plot.kind == "bars" else 32,
        # pygal leaves 0.6 em for a letter, as in a monospaced font; Arabic takes half an em, and a phone has no room.
        "margin_left": 6 - (max(map(len, labels)) // 2 if plot.kind == "bars" and width == NARROW else 0),
        "spacing": 8,
        "value_formatter": lambda value: f"{value:,.0f}{unit}",
    }


def _css(colors: Sequence[int]) -> str:
    """The images' own rules, instead of pygal's, which are for a page with pointers and a theme."""
    light, dark = (
        "".join(f".color-{n}{{fill:{palette[color]}}}" for n, color in enumerate(colors))
        for palette in (PALETTE, PALETTE_DARK)
    )
    return (
        f"text{{font:{_FONT_SIZE}px {FONTS};direction:rtl;unicode-bidi:plaintext;fill:#33404d}}.background{{fill:none}}"
        # In text that runs from the right, `start` is the right end.
        ".axis.y text{text-anchor:end}.text-overlay text{text-anchor:start}.axis.x text{text-anchor:middle}"
        ".line{stroke:#8b97a3}.guide.line{stroke:#d5dbe1}"
        ".horizontal .axis.y .line,.vertical .axis.x .guide.line{stroke:none}"
        f"{light}@media (prefers-color-scheme:dark){{text{{fill:#d3dbe3}}.line{{stroke:#6d7a87}}"
        f".guide.line{{stroke:#36424d}}{dark}}}"
    )


def _labels(plot: Plot, width: int) -> list[str]:
    """The labels, shortened; under columns only as many as there is room for, the newest first."""
    room = max(map(len, plot.labels)) * _LETTER_WIDTH + 10
    every = 1 if plot.kind == "bars" else math.ceil(len(plot.labels) * room / (width - 60))
    last = len(plot.labels) - 1
    return [_short(text, width) if (last - n) % every == 0 else "" for n, text in enumerate(plot.labels)]


def _short(text: str, width: int) -> str:
    text = UNPRINTABLE.sub("\ufffd", " ".join(text.split()))
    longest = _LONGEST_LABEL[width]
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _finished(root: Any, width: int, css: str) -> Any:
    """Without what only a script would use, and mirrored: the axis of values begins at the right."""
    doomed = [n for n in root.iter() if not isinstance(n.tag, str) or etree.QName(n).localname in _NOT_SHOWN]
    doomed += root.xpath("//*[contains(concat(' ', @class, ' '), ' tooltip-overlay ')]")
    for node in doomed:
        if node.getparent() is not None and node is not root:
            node.getparent().remove(node)
    root.attrib.pop("id", None)
    root.find("defs/style").text = css
    for node in root.iter():
        _mirror(node, width)
    return root


# pygal's titles repeat the labels and its descriptions are data for the tooltips.
_NOT_SHOWN = frozenset({"script", "desc", "title"})


def _mirror(node: Any, width: int) -> None:
    """Turn one element of pygal's around: groups about the image's middle, all else about its group's origin."""
    if shift := node.get("transform"):
        node.set(
            "transform", re.sub(rf"^translate\({_NUMBER}, ?", lambda m: f"translate({width - float(m[1]):g}, ", shift)
        )
    if (x := node.get("x")) is not None and etree.QName(node).localname in ("rect", "text"):
        node.set("x", f"{-float(x) - float(node.get('width', 0)):.1f}")
        node.set("y", f"{float(node.get('y', 0)):.1f}")
    if path := node.get("d"):
        turned = re.sub(rf"^M{_NUMBER}", lambda m: f"M{-float(m[1]):.1f}", path)
        node.set("d", re.sub(rf"h{_NUMBER}", lambda m: f"h{-float(m[1]):.1f}", turned))
