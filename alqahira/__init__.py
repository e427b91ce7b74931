"""alqahira: the defense and foreign-affairs coverage of Al-Qahera News as exact, deduplicated JSON Lines.

`__all__` is the public Python interface: pure functions, without network, clock or Scrapy. Each module is loaded when
one of its names is first used (PEP 562).
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    from alqahira.article import Article
    from alqahira.extraction.extractor import extract_article
    from alqahira.text.credits import parse_credit
    from alqahira.text.dates import parse_date
    from alqahira.text.entities import match_entities
    from alqahira.text.near_duplicates import is_near_duplicate
    from alqahira.text.normalization import clean_text, fold_text
    from alqahira.text.topics import match_topics

_MODULES = {
    "Article": "alqahira.article",
    "clean_text": "alqahira.text.normalization",
    "extract_article": "alqahira.extraction.extractor",
    "fold_text": "alqahira.text.normalization",
    "is_near_duplicate": "alqahira.text.near_duplicates",
    "match_entities": "alqahira.text.entities",
    "match_topics": "alqahira.text.topics",
    "parse_credit": "alqahira.text.credits",
    "parse_date": "alqahira.text.dates",
}

__all__ = [
    "Article",
    "clean_text",
    "extract_article",
    "fold_text",
    "is_near_duplicate",
    "match_entities",
    "match_topics",
    "parse_credit",
    "parse_date",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def _end_in_one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What Python calls with an error that nobody handles: Ctrl-C is none of the program."""
    if issubclass(kind, KeyboardInterrupt):
        sys.stderr.write("alqahira: interrupted\n")
    else:
        sys.__excepthook__(kind, error, trace)


if "scrapy.cmdline" in sys.modules:
    # Here, since what a command loads takes longer than most of them run.
    sys.excepthook = _end_in_one_line
