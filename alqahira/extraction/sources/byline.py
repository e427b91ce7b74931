"""Credit and date of a page without known markup: short texts near the headline, and the author in metadata."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from alqahira.extraction.boilerplate import is_boilerplate
from alqahira.extraction.sources.page_text import Block, PageText, has_word
from alqahira.text.credit_words import PLACES, PLACES_OF_TWO_WORDS
from alqahira.text.credits import LONGEST_CREDIT, is_credit_line, parse_credit
from alqahira.text.dates import parse_date
from alqahira.text.normalization import clean_line, fold_text

_PLACES = frozenset(map(fold_text, (*PLACES, *PLACES_OF_TWO_WORDS)))
_OF_PICTURES = frozenset({"caption", "figcaption", "figure"})  # as a node's `beside`
_MOST_LINES = 200  # short texts between headline and story
_BEFORE, _AFTER = 6, 6  # blocks before the headline, and after the story
LONGEST_DATE = 80  # characters
_NAME = 60  # characters at most
_MOST_WORDS_OF_A_NAME = 8
_DATE = re.compile(r"\d{4}")
_AUTHOR_WORDS = frozenset(
    ["author", "authors", "byline", "bylines", "credit", "reporter", "source", "writeby", "writer", "writers"]
)
_LABEL = re.compile(r"^(?:author|by|role)\s*[,،:]?\s+", re.IGNORECASE)
_LABEL_OF_DATE = re.compile(r"^[^\W\d][^:：\d]{1,30}[:：]\s*(?=\d)")  # in any language
_NO_NAME = re.compile(r"[\d@]|https?:|www\.")


def date(page: PageText, heading: int | None, story: Sequence[Block], now: datetime) -> tuple[str, datetime] | None:
    """The first date between headline and story; else right before the headline, or after the story; and its text."""
    start, first, last = _range(page, heading, story)
    ranges = ((start, first + 1), (max(0, start - _BEFORE), start), (last, last + _AFTER))
    dates = (_first_date(list(islice(_texts(page, *numbers), _MOST_LINES)), now) for numbers in ranges)
    return next(filter(None, dates), None)


def is_date(text: str, now: datetime) -> bool:
    """Whether a short text is a date, or several beside bars, each with a label or none."""
    parts = (
        [_LABEL_OF_DATE.sub("", part.strip()) for part in re.split(r"[|•]", text)] if len(text) <= LONGEST_DATE else []
    )
    return any(parse_date(part, now=now, guess=False) is not None for part in parts)


def _range(page: PageText, heading: int | None, story: Sequence[Block]) -> tuple[int, int, int]:
    """The numbers of the first block after the headline, of the story's first, and of the first after it."""
    chosen = {id(block) for block in story}
    numbers = [number for number, block in enumerate(page.blocks) if id(block) in chosen]
    first, last = (numbers[0], numbers[-1] + 1) if numbers else (len(page.blocks), len(page.blocks))
    start = heading + 1 if heading is not None and heading < first else max(0, first - _BEFORE)
    return start, first, last


def _texts(page: PageText, start: int, end: int) -> Iterator[str]:
    """Each block's text and, if it is in pieces, each piece; values of `time` elements where they stand."""
    times = [(number, value) for number, value in page.times if start <= number <= end]
    for number in range(start, min(end, len(page.blocks))):
        while times and times[0][0] <= number:
            yield times.pop(0)[1]
        yield from _parts(page.blocks[number])
    for _, value in times:
        yield value


def _parts(block: Block) -> Iterator[str]:
    if not block.pieces:
        return
    yield (text := clean_line(block.text))
    if (value := _LABEL_OF_DATE.sub("", text)) != text:
        yield value
    if len(block.pieces) > 1:
        yield from filter(None, map(clean_line, block.pieces))
    if "|" in block.text or "•" in block.text:
        parts = [part.strip() for part in re.split(r"\s*[|•]\s*", text)]
        yield from (_LABEL_OF_DATE.sub("", part) for part in parts if part)


def _first_date(lines: Sequence[str], now: datetime) -> tuple[str, datetime] | None:
    """The first date of the lines; its time may be in the next line, or in the one after a line with a bar."""
    for number, line in enumerate(lines):
        if len(line) <= LONGEST_DATE and (day := parse_date(line, now=now)):
            joined = (" ".join(lines[number:end]) for end in (number + 3, number + 2))
            moments = (parse_date(text, now=now) for text in joined if len(text) <= LONGEST_DATE)
            moment = next((moment for moment in moments if moment and moment - day < timedelta(days=1)), day)
            return line, moment
    return None


def credit(page: PageText, heading: int | None, story: Sequence[Block], known: Sequence[str]) -> str | None:
    """The credit line that the page shows near its headline; `known`: the author's names in metadata.

    In this order: a line that names a role or an agency, one with a name from metadata, one in an element named for
    its author, a name beside a date or a town, one that also signs the story, the names in metadata.
    """
    start, first, last = _range(page, heading, story)
    names = {fold_text(name) for name in known}
    ends = (block for block in page.blocks[max(first, last - 2) : last + 2] if block.chars <= _NAME)
    signed = {fold_text(block.text) for block in ends if "©" not in block.text}
    near = [block for block in page.blocks[start : first + 1] if block.chars <= 2 * LONGEST_CREDIT]
    blocks = [block for block in near if block.node.beside not in _OF_PICTURES]
    rules: tuple[Callable[[Block, str], str | None], ...] = (
        lambda _, text: _LABEL.sub("", text) if _is_credit(text) else None,
        lambda _, text: _known(text, names),
        lambda block, text: text if _is_named_for_author(block) and _is_name(text) else None,
        lambda block, text: text if _is_dated(block, text) or _is_person_in_town(text) else None,
        lambda _, text: text if fold_text(text) in signed and _is_person(text) else None,
    )
    for rule in rules:
        for block in blocks:
            for text in _parts(block):
                if len(text) <= LONGEST_CREDIT and (found := rule(block, text)):
                    return found.rstrip(" -–—|•")
    return "، ".join(name for name in known if _is_name(name)) or None


def _is_credit(text: str) -> bool:
    """Whether a text is a credit with a name, and nothing else."""
    return is_credit_line(text) and not _DATE.search(text)


def _known(text: str, names: Collection[str]) -> str | None:
    """The text, or what follows a label in it, if metadata name it as an author."""
    return next((line for line in (text, _LABEL.sub("", text)) if fold_text(line) in names), None)


def _is_named_for_author(block: Block) -> bool:
    return any(has_word(node.names, _AUTHOR_WORDS) for node in islice(block.node.outer(), 2))


def _is_name(text: str) -> bool:
    is_short = len(text) <= _NAME and 2 <= len(text.split()) <= _MOST_WORDS_OF_A_NAME
    return is_short and not _NO_NAME.search(text) and not is_boilerplate(text)


def _is_dated(block: Block, text: str) -> bool:
    """Whether the text is a person's name in a block that also has a date: «17-03-2016 | …»."""
    return text != block.text and _DATE.search(block.text) is not None and _is_person(text)


def _is_person_in_town(text: str) -> bool:
    """«… - القاهرة»."""
    parts = [part.strip() for part in re.split(r"\s[-–—_]\s|[،,]", text)]
    towns = [part for part in parts if fold_text(part) in _PLACES]
    return len(parts) == 2 and len(towns) == 1 and _is_person(text)


def _is_person(text: str) -> bool:
    """Whether a text names a person; «Soumis par» and «Posted by» do not."""
    words = text.split()
    return bool(words and parse_credit(text)[0]) and not (words[0][0].islower() or words[-1][0].islower())
