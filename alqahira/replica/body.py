"""The short notation in which bodies are written in `articles/*.toml`, as HTML and as the text a reader sees.

Blocks are parted by a blank line. How a block begins says what it is:

    ## text       a sub-heading
    > text        a quotation
    - text        a list, one item a line
    | text        text without paragraphs, its lines parted by <br><br>
    + <html>      markup that is body: its text counts
    ~ <html>      boilerplate or noise: no part of it is body
    @61003.4      the fourth block of article 61003
    text          a paragraph; a line end inside it is a <br>
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

_TAG = re.compile(r"<[^>]*>")
_BLANK_LINE = re.compile(r"\n\s*\n")
_SHARED = re.compile(r"@(\d+)\.(\d+)$")
_PARAGRAPH = '<p dir="rtl" style="text-align: right;">'


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its markup, and the body text it gives ("" for boilerplate)."""

    html: str
    text: str


def paragraph(text: str) -> Block:
    """A paragraph of body text; line breaks become <br>."""
    return Block(f"{_PARAGRAPH}{html.escape(text, quote=False).replace(chr(10), '<br>')}</p>", text)


def _lines(block: str, mark: str) -> list[str]:
    return [line.strip().removeprefix(mark).strip() for line in block.split("\n")]


def _block(source: str) -> Block:
    kind, _, rest = source.partition(" ")
    rest = rest.strip()
    match kind:
        case "##":
            return Block(f'<h3 dir="rtl">{html.escape(rest, quote=False)}</h3>', rest)
        case ">":
            return Block(f"<blockquote>{paragraph(rest).html}</blockquote>", rest)
        case "-":
            items = _lines(source, "-")
            marked = "".join(f"<li>{html.escape(item, quote=False)}</li>" for item in items)
            return Block(f'<ul dir="rtl">{marked}</ul>', "\n\n".join(items))
        case "|":
            lines = _lines(source, "|")
            return Block("<br><br>".join(html.escape(line, quote=False) for line in lines), "\n\n".join(lines))
        case "+":
            return Block(rest, html.unescape(_TAG.sub("", rest)))
        case "~":
            return Block(rest, "")
    return paragraph(source)


def parse_body(source: str, shared: Callable[[int, int], Block]) -> tuple[Block, ...]:
    """The blocks of a body; `shared` gives the n-th block (from 1) of another article."""
    blocks = []
    for part in _BLANK_LINE.split(source.strip()):
        reference = _SHARED.match(part.strip())
        if reference:
            blocks.append(shared(int(reference[1]), int(reference[2])))
        elif part.strip():
            blocks.append(_block(part.strip("\n")))
    return tuple(blocks)


def body_text(blocks: tuple[Block, ...]) -> str:
    """What a reader reads: the blocks' texts, a blank line between them."""
    return "\n\n".join(block.text for block in blocks if block.text)


def body_html(blocks: tuple[Block, ...]) -> str:
    """The markup, its first paragraph begun by a no-break space as on the site's own pages."""
    return "".join(block.html for block in blocks).replace(_PARAGRAPH, _PARAGRAPH + "&nbsp;", 1)
