"""The report's plots: reproducible, from right to left, without anything active."""

import pytest
from lxml import etree

from alqahira.monitoring.report.charts import NARROW, WIDE, Plot, Series, draw, ticks


@pytest.mark.parametrize(
    ("top", "marks"), [(0, [0, 1]), (1, [0, 1]), (7, [0, 2, 4, 6, 8]), (112, [0, 50, 100, 150]), (1_000_000, 6)]
)
def test_ticks_are_round_and_reach_the_top(top, marks):
    made = ticks(top)
    assert made == marks if isinstance(marks, list) else len(made) == marks
    assert made[-1] >= top


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("kind", ["columns", "bars"])
def test_plot_is_static_and_reproducible(kind, width):
    plot = Plot(kind, ["قمة", "هدنة", "مناورة"], [Series("أ", [1, 2, 3]), Series("ب", [0, 5, 2], 1)])
    svg = draw(plot, width)
    assert svg == draw(plot, width)
    root = etree.fromstring(svg)
    assert (root.get("width"), root.get("height")) == (str(width), str(plot.height))
    names = {etree.QName(node).localname for node in root.iter()}
    assert names <= {"svg", "defs", "style", "g", "rect", "path", "text"}
    assert not [name for node in root.iter() for name in node.attrib if name.startswith("on") or "href" in name]


def test_bars_begin_at_the_right():
    svg = etree.fromstring(draw(Plot("bars", ["كثير", "قليل"], [Series("", [9, 1])])))
    bars = svg.xpath("//*[@class='bar']/*")
    ends = [round(float(bar.get("x")) + float(bar.get("width")), 1) for bar in bars]
    assert len(set(ends)) == 1, "all bars begin at the same place, their right end"
    labels = svg.xpath("//*[@class='axis y']//*[local-name()='text']")
    assert all(float(label.get("x")) > ends[0] for label in labels)


@pytest.mark.parametrize(
    "label",
    [
        "</text><script>alert(1)</script>",
        "\0\x0b\x1b[31m",
        "\ud800",
        "\ufffe",
        "]]>&lt;",
        "\u202eمقلوب",
        "أ" * 10_000,
    ],
)
def test_hostile_label_stays_text(label):
    for width in (WIDE, NARROW):
        root = etree.fromstring(draw(Plot("bars", [label, "هدنة"], [Series("", [2, 1])]), width))
        assert not root.xpath("//*[local-name()='script']")
        assert all(len(text) <= 32 for text in root.itertext() if "{" not in text)


@pytest.mark.parametrize("count", [1, 2, 60])
def test_any_number_of_labels_is_drawn(count):
    for kind in ("columns", "bars"):
        etree.fromstring(draw(Plot(kind, [f"{n}" for n in range(count)], [Series("", [0] * count)]), NARROW))
