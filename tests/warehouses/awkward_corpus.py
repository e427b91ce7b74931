"""A corpus that is hard to load, made by the real ledger and publisher: what went wrong in some engine stands here."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from ledger_scenario import NOW, accept, body, crawled, opened, publisher

from alqahira.parts import read_corpus
from alqahira.record import to_json_line
from alqahira.similarity import content_hash

LONG_AGO = NOW - timedelta(days=700)
LONG = "".join(f"{body(seed, 300)}\n\n" for seed in range(1000, 1072)).strip()
AWKWARD = {
    "0017": "فاصل سطر\u2028وفاصل فقرة\u2029وسطر\x85تال",
    "018": "رموز 🕊️ و👨‍👩‍👧‍👦 وﷺ و\U0001f1ea\U0001f1ec وتشكيل مُدَرَّبٌ",
    "19": 'اقتباس "مزدوج" و\'مفرد\' و\\ و\\n حرفيان، \\u0041 و{"json": [1, null]} و\\N و%s و$1 و`',
    "20": "جدولة\tوسطر\nوعودة\rوفاصل صفحات\fو\x01و\x02و\x1fنهاية",
    "21": LONG,
    "98765432109876543210": "رقم لا يسعه عدد",
    "22": "NULL\n\nnull\n\nNaN\n\n2026-11-24\n\ntrue",
    "23": "مسافات   متتالية وعلامات \u200f\u200e\u200d\u200c\ufeff ونهاية بمسافة\u00a0.",
}
FULL: dict[str, Any] = {
    "description": "وصف; فيه 'علامات' و\"أخرى\"",
    "credit_line": "القاهرة الإخبارية - د ب أ",
    "authors": ["أحمد، علي", 'O\'Neil "x"', "{a,b}"],
    "agencies": ["dpa", "mena"],
    "date_modified": NOW - timedelta(minutes=5),
    "image_url": "https://fmcdn.alqaheranews.net/archive/x.jpg?a=1&b='2'",
    "image_caption": "تعليق\nمن سطرين 🕊️",
    "article_sections": ["حول العالم"],
    "keywords": ["", "NULL", "null", "ناتو\u2028", "{}", "a,b", "\\"],
    "topics": ["defense", "foreign_affairs"],
    "topic_terms": ["الناتو"],
    "discovered_on": "https://alqaheranews.net/tag/x",
}


@dataclass(frozen=True)
class AwkwardCorpus:
    """The output folder after the first run and after all of them, and the ledger behind both."""

    early: Path
    whole: Path
    state_url: str


def make_corpus(folder: Path) -> AwkwardCorpus:
    """Three runs: the first knows nothing but what must be known, the last two bring revisions, one compressed."""
    output = folder / "whole"
    with opened(folder) as ledger:
        first = publisher(ledger, output, max_rows=4)
        # The first parts of all, by name and by number: every list is empty, and what may be null is null.
        for number in (1, 2):
            accept(ledger, crawled(number, published=LONG_AGO, topics=()), near_duplicates="off")
        for number in (3, 4):
            accept(ledger, crawled(number, published=None, topics=()), near_duplicates="off")
        for number in (5, 6):
            accept(ledger, _full(str(number), body(number)), near_duplicates="off")
        first.seal_all()
        first.recover()
        shutil.copytree(output, folder / "early")
        second = publisher(ledger, output, compress=True)
        for number, text in AWKWARD.items():
            accept(ledger, _full(number, text), near_duplicates="off")
        accept(ledger, _full("2", body(2) + "\n\nأضيفت فقرة."), near_duplicates="off")
        accept(ledger, _full("5", body(5) + "\n\nأضيفت فقرة."), near_duplicates="off")
        second.seal_all()
        accept(ledger, _full("5", body(5) + "\n\nصححت الفقرة."), near_duplicates="off")
        accept(ledger, crawled(24, published=None), near_duplicates="off")
        first.seal_all()
    return AwkwardCorpus(folder / "early", output, f"sqlite:///{folder / 'state.db'}")


def _full(article_id: str, text: str) -> Any:
    item = crawled(article_id, published=NOW - timedelta(days=sum(article_id.encode()) % 3))
    headline = f"عنوان {article_id} «مزدوج» 🕊️"
    derived = {"content_hash": content_hash(headline, text), "word_count": len(text.split())}
    return replace(item, article=replace(item.article, headline=headline, article_body=text, **FULL, **derived))


def newest_lines(output: Path) -> list[str]:
    """What a table of the newest revisions must hold: a line of JSON an article, sorted."""
    return sorted(map(to_json_line, read_corpus(output)))
