"""Which of a page's blocks are the story: by evidence together, not by one weight.

A block weighs by its text outside links. The story is in the innermost element that holds nearly all of the weight, or
that holds the heading and much of it; what stands beside it by its name, what repeats as links to other stories, and
captions weigh nothing. An element whose name puts it aside is the story after all if it holds most of the page's text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from alqahira.extraction.sources.blocks import HEADINGS
from alqahira.extraction.sources.page_text import Block, Node, PageText

_PARAGRAPH = 40  # characters outside links; less is a label
_SENTENCE_END = re.compile(r"[.!?؟。…:»”\")’]\s*$")
_LEAD = 80  # characters
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")
_NO_PARAGRAPH = HEADINGS | {"dt", "summary", "th"}
_PARAGRAPHS = frozenset({"blockquote", "li", "p", "pre"}) | HEADINGS
_LINKED = 0.66  # of a block's text; with more it weighs nothing
_NEARLY_ALL, _MOST, _MUCH, _SOME, _LITTLE = 0.75, 0.5, 0.35, 0.25, 0.1  # of the weight
_NAMED = 0.4  # of the weight, for an element whose name says that it is the story's text
_ARTICLE = 200  # characters of an `article` element that is one
_LONGEST_CAPTION, _LONGEST_PARAGRAPH_CAPTION = 200, 150  # characters
_FEWEST_TEASERS, _MOST_OF_A_TEASER = 3, 8  # elements; blocks
_TEASER_LINK = 15  # characters
_FEWEST_PARAGRAPHS = 3  # of a story, beside a longer text
_FEWEST_OF_A_LOOK = 3  # one in so many paragraphs


def story_blocks(page: PageText, heading: int | None) -> list[Block]:
    """The blocks of the story's text in reading order; `heading`: the number of the block with its headline."""
    nodes, blocks = page.nodes, page.blocks
    for block in blocks:
        block.weight = _weight(block)
    _mark_captions(nodes, blocks)
    _mark_teasers(nodes, blocks, heading)
    _sum(nodes, blocks)
    _pardon(nodes, heading)
    for block in blocks:
        block.is_beside = bool(block.node.beside)
    _sum(nodes, blocks)
    return _story(_container(nodes[0], blocks, heading), blocks, heading)


def _weight(block: Block) -> float:
    length = block.chars - block.links
    if length < _PARAGRAPH or block.link_share > _LINKED or block.node.tag in _NO_PARAGRAPH:
        return 0.0
    is_sentence = _SENTENCE_END.search(block.text) is not None
    return length * (1.0 if is_sentence else 0.5) * (0.5 if block.node.tag == "li" else 1.0)


def _mark_captions(nodes: Sequence[Node], blocks: Sequence[Block]) -> None:
    """An element with an image and one short text has a caption."""
    for node in reversed(nodes):
        if node.parent is not None:
            node.parent.images += node.images
    for node in nodes:
        if node.images and node.last - node.first == 1 and not node.beside:
            block = blocks[node.first]
            if block.node.tag in HEADINGS or node.tag in HEADINGS:
                continue
            if block.node is node and node.tag == "p":  # an image in a paragraph
                is_caption = block.chars <= _LONGEST_PARAGRAPH_CAPTION and not _SENTENCE_END.search(block.text)
            else:
                is_caption = block.chars <= _LONGEST_CAPTION
            if is_caption:
                node.beside = "caption"


def _mark_teasers(nodes: Sequence[Node], blocks: Sequence[Block], heading: int | None) -> None:
    """Elements of one kind side by side, most of them with a link as their heading, are other stories."""
    for node in nodes:
        if len(node.children) < _FEWEST_TEASERS or node.last - node.first < _FEWEST_TEASERS:
            continue
        kinds: dict[tuple[str, str], list[Node]] = {}
        for child in node.children:
            if child.last > child.first and child.tag not in _PARAGRAPHS and not child.holds(heading):
                kinds.setdefault((child.tag, child.names), []).append(child)
        for members in kinds.values():
            if len(members) < _FEWEST_TEASERS:
                continue
            linked = [child for child in members if _is_teaser(child, blocks)]
            if len(linked) >= 0.6 * len(members):
                for child in linked:
                    child.beside = child.beside or "teaser"


def _is_teaser(node: Node, blocks: Sequence[Block]) -> bool:
    """Whether a link is the first text of an element but labels."""
    if node.last - node.first > _MOST_OF_A_TEASER:
        return False
    for block in blocks[node.first : min(node.last, node.first + 4)]:
        is_first = len(block.lines) > 1 and block.lines[0].link_share > 0.8
        is_linked = is_first or block.link_share > 0.8 or (block.node.tag in HEADINGS and block.link_share > 0.4)
        if is_linked and block.links >= _TEASER_LINK:
            return True
        if block.weight:
            return False
    return False


def _pardon(nodes: Sequence[Node], heading: int | None) -> None:
    """What holds most of the page's text is not beside it, whatever its name, unless it is readers' comments."""
    comments = 0.0
    for node in nodes:
        if node.parent is not None and node.parent.in_comments:
            node.in_comments = True
        elif node.beside and node.is_comments and not node.holds(heading):
            node.in_comments = True
            comments += node.weight
    most = _MOST * (nodes[0].weight - comments)
    for node in nodes:
        around = node.parent.beside if node.parent is not None else ""
        is_asked = node.beside and node.beside not in ("caption", "embed", "teaser")
        is_text = node.holds(heading) or (node.paragraphs >= _FEWEST_PARAGRAPHS and node.last > (heading or 0))
        if is_asked and is_text and not node.in_comments and node.weight >= most:
            node.beside = ""
        node.beside = node.beside or around


def _sum(nodes: Sequence[Node], blocks: Sequence[Block]) -> None:
    """Set each node's weight and lengths to the sums of what is below it."""
    for node in nodes:
        node.weight, node.chars, node.links, node.paragraphs = 0.0, 0, 0, 0
    for block in blocks:
        node = block.node
        node.chars += block.chars
        node.links += block.links
        if block.weight and not block.is_beside:
            node.weight += block.weight
            node.paragraphs += 1
    for node in reversed(nodes):
        if (parent := node.parent) is not None:
            parent.weight += node.weight
            parent.chars += node.chars
            parent.links += node.links
            parent.paragraphs += node.paragraphs


def _container(root: Node, blocks: Sequence[Block], heading: int | None) -> Node:
    """The innermost element around the story."""
    node = root
    while kids := [child for child in node.children if child.weight]:
        best = max(kids, key=lambda child: child.weight)
        holder = next((child for child in kids if child.holds(heading)), None)
        if best.tag in _PARAGRAPHS and not best.children:
            break
        is_article = holder is not None and _is_story(holder, best, node)
        if holder is None or holder is best or not is_article:
            is_alone = sum(child.names == best.names for child in kids) == 1
            is_named = is_alone and best.weight >= _NAMED * node.weight and best.is_running_text
            if best.weight >= _NEARLY_ALL * node.weight or is_named:
                if best.weight < node.weight and _is_parted(node, best, blocks, heading):
                    break
                node = best
                continue
        if holder is None or holder.weight < (_LITTLE if is_article else _MUCH) * node.weight:
            break
        node = holder
    return node


def _is_story(holder: Node, best: Node, around: Node) -> bool:
    """Whether the element with the heading is the story's rather than that of its first paragraph."""
    if holder.tag == "article" and holder.weight >= _ARTICLE:
        return True
    if any(node.tag == "article" for node in around.outer()):
        return False
    is_other = best is not holder and (not best.names.strip() or best.names != holder.names)
    return is_other and holder.paragraphs >= _FEWEST_PARAGRAPHS and not best.is_running_text


def _is_parted(node: Node, best: Node, blocks: Sequence[Block], heading: int | None) -> bool:
    """Whether paragraphs beside the best part look the same as those in it."""
    looks = Counter(_look(block) for block in blocks[best.first : best.last] if block.weight and not block.is_beside)
    usual = {look for look, count in looks.items() if count * _FEWEST_OF_A_LOOK >= looks.total()}
    start = heading + 1 if heading is not None and node.holds(heading) else node.first
    for number in (*range(start, best.first), *range(best.last, node.last)):
        block = blocks[number]
        if not block.weight or block.is_beside or (look := _look(block)) not in usual:
            continue
        # A p without a class is no evidence, unless it leads to the story, or stands right beside it.
        if look != "p" or number < best.first or block.node.parent is node:
            return True
    return False


def _look(block: Block) -> str:
    names = block.node.names.split()
    return names[0] if names else str(block.node.tag)


def _story(body: Node, blocks: Sequence[Block], heading: int | None) -> list[Block]:
    """The blocks of the story in its container, from its first paragraph to its last."""
    first = heading + 1 if heading is not None and body.holds(heading) else body.first
    shown = [block for block in blocks[first : body.last] if not block.is_beside]
    articles = {id(block): _article(block, body) for block in shown}
    weight = sum(block.weight for block in shown if articles[id(block)])
    if weight < _MOST * body.weight:  # else they are the story's own parts
        shown = [block for block in shown if articles[id(block)] < 1 or articles[id(block)] >= _SOME * body.weight]
    story = [block for block in shown if not _is_aside(block, body)]
    start, end = 0, len(story)
    while start < end and not (story[start].weight or _is_short_paragraph(story[start])):
        start += 1
    while start < end and not (story[end - 1].weight or _is_last(story[end - 1])):
        end -= 1
    return [*_lead(body, blocks, heading), *story[start:end]]


def _lead(body: Node, blocks: Sequence[Block], heading: int | None) -> list[Block]:
    """Paragraphs between the heading and the container."""
    if heading is None or body.holds(heading) or heading > body.first:
        return []
    between = blocks[heading + 1 : body.first]
    return [
        block
        for block in between
        if block.chars >= _LEAD
        and block.weight
        and not block.is_beside
        and _is_plain_sentence(block)
        and not _is_aside(block, body)
    ]


def _is_aside(block: Block, body: Node) -> bool:
    """Whether a block of the container is a link to another story, an address, or in a part of links."""
    if block.link_share > 0.8 and block.chars < _LONGEST_CAPTION:
        return True
    if block.link_share > 0.5 and block.chars - block.links < _PARAGRAPH and block.node.tag != "li":
        return True
    if _ADDRESS.fullmatch(block.text):
        return True
    for node in block.node.outer():
        if node is body:
            return False
        if node.tag != "p" and node.weight < _SOME * body.weight and node.links > _MOST * node.chars:
            return True
    return False


def _article(block: Block, body: Node) -> float:
    """At least 1 for a block in an `article` inside the container: the weight of the outermost; else 0."""
    inside = takewhile(lambda node: node is not body, block.node.outer())
    return max((1 + node.weight for node in inside if node.tag == "article"), default=0.0)


def _is_short_paragraph(block: Block) -> bool:
    return block.node.tag in ("p", "blockquote") and block.chars > _PARAGRAPH / 2 and _is_plain_sentence(block)


def _is_last(block: Block) -> bool:
    """Whether a block without weight may end a story: an entry of a list, or a short sentence."""
    return (block.node.tag == "li" and block.link_share < 0.3) or _is_short_paragraph(block)


def _is_plain_sentence(block: Block) -> bool:
    return block.link_share < 0.3 and _SENTENCE_END.search(block.text) is not None
