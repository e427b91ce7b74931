"""The short notation in which bodies are written in `articles/*.toml`, as HTML and as the text a reader sees.

Blocks are separated by a blank line. The beginning of a block is its kind:

    ## text       a sub-heading
    > text        a quotation
    - text        a list, one item a line
    | text        text without paragraphs, its lines parted by <br><br>
    + <html>      markup that is body: its text counts, but for what is in <del>
    ~ <html>      boilerplate or noise: no part of it is body
    % <html>      an embed: a block of its own, no part of it is body
    @61003.4      the fourth block of article 61003
    text          a paragraph; a line end inside it is a <br>
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby

_TAG = re.compile(r"<[^>]*>")
_DELETED = re.compile(r"<del>.*?</del> ?", re.DOTALL)
_BLANK_LINE = re.compile(r"\n\s*\n")
_SHARED = re.compile(r"@(\d+)\.(\d+)$")
_PLAYER = "player.vimeo.com"
_OLDER_PARAGRAPH = '<p dir="rtl" style="text-align: right;">'
_escape = partial(html.escape, quote=False)
_PARAGRAPH = '<p style="text-align:justify;">'


@dataclass(frozen=True, slots=True)
class Block:
    """One block: its markup in the older layout and in today's, and the body text it gives ("" for boilerplate)."""

    html: str
    text: str
    captured: str = ""
    draft: str = "unstyled"  # its type in the editor, draft.js
    embedded: bool = False


def paragraph(text: str) -> Block:
    """A paragraph of body text; line breaks become <br>."""
    inner = _escape(text).replace("\n", "<br>")
    return Block(f"{_OLDER_PARAGRAPH}{inner}</p>", text, f"{_PARAGRAPH}{inner}</p>")


def _block(source: str) -> Block:
    mark, _, rest = source.partition(" ")
    rest = rest.strip()
    lines = [line.strip().removeprefix(mark).strip() for line in source.split("\n")]
    inner, captured = _escape(rest), rest.replace(_OLDER_PARAGRAPH, _PARAGRAPH)
    match mark:
        case "##":
            return Block(f'<h3 dir="rtl">{inner}</h3>', rest, f"<h5><strong>{inner}</strong></h5>", "header-five")
        case ">":
            quotation = f"<blockquote>{inner}</blockquote>"
            return Block(f"<blockquote>{paragraph(rest).html}</blockquote>", rest, quotation, "blockquote")
        case "-":
            items = [f"<li>{_escape(line)}</li>" for line in lines]
            captured = "\n".join(("<ul>", *items, "</ul>"))
            return Block(f'<ul dir="rtl">{"".join(items)}</ul>', "\n\n".join(lines), captured, "unordered-list-item")
        case "|":
            markup = "<br><br>".join(map(_escape, lines))
            return Block(markup, "\n\n".join(lines), markup)
        case "+":
            text = _TAG.sub("", _DELETED.sub("", rest)).replace("&nbsp;</p>", "")
            return Block(rest, html.unescape(text).strip(), captured)
        case "~":
            # The editor writes paragraphs; all other markup came in by a block of code.
            return Block(rest, "", captured, embedded=not rest.startswith("<p"))
        case "%":
            return Block(f"<div>{rest}</div>", "", rest, embedded=True)
    return paragraph(source)


def parse_body(source: str, shared: Callable[[int, int], Block]) -> tuple[Block, ...]:
    """The blocks of a body; `shared` gives the n-th block (from 1) of another article."""
    parts = [part for part in _BLANK_LINE.split(source.strip()) if part.strip()]
    references = [_SHARED.match(part.strip()) for part in parts]
    return tuple(
        shared(int(reference[1]), int(reference[2])) if reference else _block(part.strip("\n"))
        for part, reference in zip(parts, references, strict=True)
    )


def body_text(blocks: tuple[Block, ...]) -> str:
    """What a reader reads: the blocks' texts, a blank line between them."""
    return "\n\n".join(block.text for block in blocks if block.text)


def body_html(blocks: tuple[Block, ...]) -> str:
    """The older layout's markup, its first paragraph begun by a no-break space."""
    return "".join(block.html for block in blocks).replace(_OLDER_PARAGRAPH, _OLDER_PARAGRAPH + "&nbsp;", 1)


def contents(blocks: tuple[Block, ...], *, bare: bool = False) -> Iterator[tuple[str, str, list[Block]]]:
    """(type, HTML, blocks) of each part of today's body: text in one `html`, each embed in a part of its own.

    A film from the site's player is `embeded` (as the site spells it), all other foreign markup `code`.
    The second paragraph begins with a no-break space, as editors leave them; `bare`: paragraphs without a style.
    """
    paragraphs = 0
    for embedded, group in groupby(blocks, lambda block: block.embedded):
        if embedded:
            for block in group:
                yield "embeded" if _PLAYER in block.captured else "code", block.captured, [block]
            continue
        members, lines = list(group), []
        for block in members:
            line = block.captured
            if line.startswith(_PARAGRAPH):
                paragraphs += 1
                if paragraphs == 2:
                    line = line.replace(_PARAGRAPH, _PARAGRAPH + "&nbsp;", 1)
            lines.append(line.replace(_PARAGRAPH, "<p>") if bare else line)
        yield "html", "\n".join(lines) + "\n", members
