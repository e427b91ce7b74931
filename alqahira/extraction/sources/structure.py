"""A page without known markup, as after a redesign or on another site: what its structure shows.

The headline is what heading and titles agree on (`headings`), the body the blocks of running text near it
(`running_text`); credit and date are short texts between the two (`byline`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile
from typing import Any

from alqahira import site
from alqahira.extraction import urls
from alqahira.extraction.sources import Document, ExtractedFields, strip_site_name
from alqahira.extraction.sources.blocks import HEADINGS, paragraphs_in
from alqahira.extraction.sources.byline import LONGEST_DATE, credit, date, is_date
from alqahira.extraction.sources.headings import find_heading, headline, likeness, read_titles
from alqahira.extraction.sources.page_text import Block, PageText, count_words, read_text
from alqahira.extraction.sources.picture import caption, image, is_inside
from alqahira.extraction.sources.running_text import story_blocks
from alqahira.extraction.sources.site_markup import texts
from alqahira.extraction.sources.zones import in_its_zone, is_same_clock
from alqahira.text.credits import is_credit_line
from alqahira.text.dates import parse_date
from alqahira.text.normalization import clean_line, fold_text

_ASIDE = ("aside", "nav", "footer", "header", "form")
_CATEGORY, _TAG = urls.path_prefix(site.CATEGORY_URL.value), urls.path_prefix(site.TAG_URL.value)
_ARABIC = re.compile("[\u0621-\u064a]")
_LINES_OF_HEAD = 5  # blocks
_SENTENCE_END = re.compile(r"[.!?؟。:»”]\s*$")
_LABEL_WORDS = 3  # a heading of no more may be a section's name
_ALIKE = 0.4  # of a heading and a title
_LONGEST_TITLE, _LINES_ABOVE = 200, 3  # characters; blocks above the story
_COMPARED = 5_000  # characters of the story
# The last paragraphs may be about readers' comments.
_LAST = 3
_COMMENTS = re.compile(r"تعليق|\bcomments?\b|kommentar|commentaires?\b", re.IGNORECASE)
_POLICY = re.compile(
    r"سياس[ةه]|مراجع|مسؤول|لا تعبر|نرحب|ترحب|\bpolicy|\brules|moderat|responsib|verantwort|\breaders\b", re.IGNORECASE
)
_VIEWS = re.compile(r"(?:ال[اآ]راء|المقالات|التعليقات) (?:الواردة|المنشورة|والتعليقات)")


@dataclass(kw_only=True)
class Structure(ExtractedFields):
    """What a page's structure shows, and what speaks for it."""

    story_share: float = 0.0  # of the weight of the page's text, 0 to 1
    is_sure: bool = False  # the story stands below a heading that is the page's title
    is_untitled: bool = False  # it stands below a heading as long as a headline, and the page has no title
    teasers: int = 0  # of other stories
    is_clock_wrong: bool = False  # metadata have the date's hour and minute in another zone


def read(
    page: Document, jsonld: ExtractedFields | None = None, meta: ExtractedFields | None = None
) -> Structure | None:
    """Headline, body, credit, date, image, tags and categories by structure; None without headline and body.

    `jsonld`, `meta`: the fields of these sources, with which those here have to agree.
    """
    text = read_text(page.tree)
    titles = read_titles(page.tree, page.url)
    given = strip_site_name(jsonld.headline) if jsonld is not None and jsonld.headline else None
    names = [*titles.all(), given or ""]
    number = find_heading(text.blocks, names)
    heading = text.blocks[number] if number is not None else None
    name = headline(heading, titles, given)
    if not (story := story_blocks(text, number)) and heading is not None:  # of another story, below this one
        number = heading = None
        story = story_blocks(text, None)
    if heading is None and (line := _line_above(text, story, name)) is not None:
        name, story = _title_in(line, page.now), [block for block in story if block is not line]
    story = _below_date(story, page.now)
    paragraphs = paragraphs_in(block.lines for block in story)
    teasers = sum(node.beside == "teaser" and node.tag != "li" for node in text.nodes)
    if not paragraphs:
        return Structure(headline=name, teasers=teasers) if name else None
    writer = credit(text, number, story, [author for fields in (jsonld, meta) if fields for author in fields.authors])
    if writer is None and is_credit_line(paragraphs[0]):
        writer = paragraphs[0]
    published, is_clock_wrong = _published(page, date(text, number, story, page.now), jsonld, meta)
    root = _common([*([heading] if heading is not None else []), story[0], story[-1]])
    is_headed = heading is not None and count_words(heading.text) > _LABEL_WORDS
    return Structure(
        headline=name,
        paragraphs=_without_labels(paragraphs, [name, writer], page.now),
        story_share=_share(text, story),
        teasers=teasers,
        is_sure=is_headed and heading is not None and likeness(heading, names) >= _ALIKE,
        is_untitled=is_headed and not any(names) and next(page.tree.iter("title"), None) is None,
        credit_line=writer,
        published=published,
        is_clock_wrong=is_clock_wrong,
        image_url=image(root, page.base),
        image_caption=caption(text, number, story),
        keywords=_links(root, _TAG, story, _ASIDE),
        sections=_links(root, _CATEGORY, story, ("aside", "footer")),  # breadcrumbs are a nav
    )


def _line_above(text: PageText, story: Sequence[Block], title: str | None) -> Block | None:
    """On a page without a heading: the line above the story, if the title is a label or shares few words with it."""
    if not story:
        return None
    words = set(fold_text(" ".join(block.text for block in story)[:_COMPARED]).split())
    title_words = fold_text(title or "").split()
    is_label = len(title_words) <= _LABEL_WORDS
    if not is_label and sum(word in words for word in title_words) >= len(title_words) / 2:
        return None
    at = next(number for number, block in enumerate(text.blocks) if block is story[0])
    near = {story[0].node, story[0].node.parent}
    lines = (line for line in reversed(text.blocks[max(0, at - _LINES_ABOVE) : at + 1]) if _is_title(line))
    return next((line for line in lines if line.node.tag in HEADINGS or not near.isdisjoint(line.node.outer())), None)


def _below_date(story: list[Block], now: datetime) -> list[Block]:
    """The story from below a date near its beginning, if nothing above that is a sentence: a subtitle, a writer."""
    for number, block in enumerate(story[:_LINES_OF_HEAD]):
        if block.weight and _SENTENCE_END.search(block.text):
            break
        if is_date(clean_line(block.text), now):
            return story[number + 1 :] or story
    return story


def _title_in(block: Block, now: datetime) -> str:
    """The title in lines: without a date and a credit below, and, with them, without a section's name above."""
    lines = [line for line in (clean_line(line.text) for line in block.lines) if line]
    title = [line for line in lines if not is_credit_line(line) and parse_date(line, now=now, guess=False) is None]
    if len(title) < len(lines):
        title = list(dropwhile(lambda line: count_words(line) <= _LABEL_WORDS, title))
    return " ".join(title or lines)


def _is_title(block: Block) -> bool:
    """Whether a block may be a headline: a line without a full stop that is no label, link, date or credit."""
    if block.is_beside or block.chars > _LONGEST_TITLE or len(block.text.split()) <= _LABEL_WORDS:
        return False
    return block.link_share < 0.5 and not block.text.endswith((".", ":", "؛")) and not is_credit_line(block.text)


def _without_labels(paragraphs: list[str], labels: Sequence[str | None], now: datetime) -> list[str]:
    """The paragraphs without dates, credits and the headline at their ends, and without a policy of comments."""
    keys = {fold_text(label) for label in labels if label}

    def is_label(text: str) -> bool:
        is_printed = len(text) <= LONGEST_DATE and parse_date(text, now=now) is not None
        return is_printed or is_date(text, now) or fold_text(text) in keys or is_credit_line(text)

    start, end = 0, len(paragraphs)
    while start < end - 1 and is_label(paragraphs[start]):
        start += 1
    for number in range(max(start + 1, end - _LAST), end):
        text = paragraphs[number]
        if _VIEWS.match(text) or (_COMMENTS.search(text) and _POLICY.search(text)):
            end = number
            break
    while start < end - 1 and is_label(paragraphs[end - 1]):
        end -= 1
    return paragraphs[start:end]


def _published(
    page: Document, shown: tuple[str, datetime] | None, *metadata: ExtractedFields | None
) -> tuple[datetime | None, bool]:
    """The date that the page shows, and whether the machine's has its hour and minute in a wrong zone."""
    if shown is None:
        return None, False
    line, moment = shown
    if not urls.is_on_site(page.url, site.ROOT.value):
        moment = in_its_zone(line, moment, page.url)
    machine = next((fields.published for fields in metadata if fields and fields.published), None)
    if machine is not None and _ARABIC.search(line) and is_same_clock(machine, moment):
        return moment.replace(second=machine.second), True
    return moment, False


def _share(text: PageText, story: Sequence[Block]) -> float:
    """The share of the story in the weight of what the page shows without readers' comments, 0 to 1."""
    blocks = (block for block in text.blocks if not block.node.in_comments and block.node.beside != "hidden")
    weight = sum(block.weight for block in blocks)
    return sum(block.weight for block in story) / weight if weight else 0.0


def _common(blocks: Sequence[Block]) -> Any:
    """The innermost block element around all of them."""
    above = [{id(node) for node in block.node.outer()} for block in blocks[1:]]
    return next(node.element for node in blocks[0].node.outer() if all(id(node) in ids for ids in above))


def _links(root: Any, path: str, story: Sequence[Block], aside: Collection[str]) -> list[str]:
    """The texts of links to addresses with that path, without those in the story and in sidebars."""
    inside = {block.node.element for block in story}
    links = (link for link in root.iter("a") if path in (link.get("href") or "") and not is_inside(link, aside))
    labels = texts([link for link in links if inside.isdisjoint(link.iterancestors())])
    return [label for label in labels if fold_text(label) != fold_text(site.NAME.value)]
