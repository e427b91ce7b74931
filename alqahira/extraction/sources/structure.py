"""A page without known markup, as after a redesign or on another site: what its structure shows.

The headline is what heading and titles agree on (`headings`), the body the blocks of running text near it
(`running_text`); credit and date are short texts between the two (`byline`).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from alqahira import site
from alqahira.extraction.sources import Document, ExtractedFields, strip_site_name
from alqahira.extraction.sources.blocks import paragraphs_in
from alqahira.extraction.sources.byline import credit, date
from alqahira.extraction.sources.headings import find_heading, headline, likeness, read_titles
from alqahira.extraction.sources.page_text import Block, PageText, read_text
from alqahira.extraction.sources.picture import caption, image, is_inside
from alqahira.extraction.sources.running_text import story_blocks
from alqahira.extraction.sources.site_markup import texts
from alqahira.extraction.urls import image_url, path_prefix
from alqahira.text.credits import is_credit_line
from alqahira.text.normalization import clean_line, fold_text

_ASIDE = ("aside", "nav", "footer", "header", "form")
_CATEGORY, _TAG = path_prefix(site.CATEGORY_URL.value), path_prefix(site.TAG_URL.value)
_LABEL_WORDS = 3  # a heading of no more may be a section's name
_ALIKE = 0.4  # of a heading and a title
_LONGEST_TITLE, _LINES_ABOVE = 200, 3  # characters; blocks above the story


def read(
    page: Document, jsonld: ExtractedFields | None = None, meta: ExtractedFields | None = None
) -> ExtractedFields | None:
    """Headline, body, credit, date, image, tags and categories by structure; None without headline and body.

    `jsonld`, `meta`: the fields of these sources, with which those here have to agree.
    """
    text = read_text(page.tree)
    titles = read_titles(page.tree, page.url)
    given = strip_site_name(jsonld.headline) if jsonld is not None and jsonld.headline else None
    names = [*titles.all(), given or ""]
    number = find_heading(text.blocks, names)
    heading = text.blocks[number] if number is not None else None
    story = story_blocks(text, number)
    name = headline(heading, titles, given)
    if heading is None and (line := _first_line(text, story, name)) is not None:
        name, story = clean_line(line.text), [block for block in story if block is not line]
    paragraphs = paragraphs_in(block.lines for block in story)
    if not paragraphs:
        return ExtractedFields(headline=name) if name else None
    is_sure = heading is not None and len(heading.text.split()) > _LABEL_WORDS and likeness(heading, names) >= _ALIKE
    line = credit(text, number, story, [author for fields in (jsonld, meta) if fields for author in fields.authors])
    if line is None and is_credit_line(paragraphs[0]):
        line = paragraphs.pop(0)
    root = _root(heading, story)
    picture = image(root)
    return ExtractedFields(
        headline=name,
        paragraphs=paragraphs,
        story_share=_share(text, story),
        is_sure=is_sure,
        credit_line=line,
        published=date(text, number, story, page.now),
        image_url=image_url(picture.get("src"), base=page.url) if picture is not None else None,
        image_caption=caption(text, number, story),
        keywords=_links(root, _TAG, story, _ASIDE),
        sections=_links(root, _CATEGORY, story, ("aside", "footer")),  # breadcrumbs are a nav
    )


def _share(text: PageText, story: list[Block]) -> float:
    """The share of the story in the weight of the page without readers' comments, 0 to 1."""
    weight = sum(block.weight for block in text.blocks if not block.node.in_comments)
    return sum(block.weight for block in story) / weight if weight else 0.0


def _first_line(text: PageText, story: list[Block], title: str | None) -> Block | None:
    """On a page without a heading: the line above the story, if the title shares few words with the story."""
    if not story:
        return None
    words = set(fold_text(" ".join(block.text for block in story)).split())
    title_words = fold_text(title or "").split()
    if title_words and sum(word in words for word in title_words) >= len(title_words) / 2:
        return None
    at = next(number for number, block in enumerate(text.blocks) if block is story[0])
    near = {story[0].node, story[0].node.parent}
    lines = [line for line in text.blocks[max(0, at - _LINES_ABOVE) : at + 1] if not near.isdisjoint((line.node, line.node.parent))]
    return next((line for line in reversed(lines) if _is_title_line(line)), None)


def _is_title_line(block: Block) -> bool:
    words = len(block.text.split())
    is_short = not block.is_beside and block.chars <= _LONGEST_TITLE and _LABEL_WORDS < words
    return is_short and not block.text.endswith((".", ":", "؛")) and block.link_share < 0.5 and not is_credit_line(block.text)


def _root(heading: Block | None, story: list[Block]) -> Any:
    """The innermost element around headline and story; that around the story if it is the whole page."""
    inner = _common([story[0], story[-1]])
    outer = _common([heading, story[0], story[-1]]) if heading is not None else inner
    return outer


def _common(blocks: list[Block]) -> Any:
    """The innermost block element around all of them."""
    above = [{id(node) for node in block.node.outer()} for block in blocks[1:]]
    return next(node.element for node in blocks[0].node.outer() if all(id(node) in ids for ids in above))


def _links(root: Any, path: str, story: list[Block], aside: Collection[str]) -> list[str]:
    """The texts of links to addresses with that path, without those in the story and in sidebars."""
    inside = {block.node.element for block in story}
    links = (link for link in root.iter("a") if path in (link.get("href") or "") and not is_inside(link, aside))
    labels = texts([link for link in links if inside.isdisjoint(link.iterancestors())])
    return [label for label in labels if fold_text(label) != fold_text(site.NAME.value)]
