"""A corpus that is hard to load, made by the real ledger and publisher, with all that failed in some engine."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ledger_scenario import NOW, accept, body, crawled, opened, publisher

from alqahira.article import Article, to_json_line
from alqahira.publishing.manifest import MANIFEST, read_corpus, with_checkpoint
from alqahira.text.near_duplicates import content_hash

LONG_AGO = NOW - timedelta(days=700)
LONG = "".join(f"{body(seed, 300)}\n\n" for seed in range(1000, 1072)).strip()
AWKWARD = {
    "0017": "فاصل سطر\u2028وفاصل فقرة\u2029وسطر\x85تال",
    "018": "رموز 🕊️ و👨‍👩‍👧‍👦 وﷺ و\U0001f1ea\U0001f1ec وتشكيل مُدَرَّبٌ",
    "19": 'اقتباس "مزدوج" و\'مفرد\' و\\ و\\n حرفيان، \\u0041 و{"json": [1, null]} و\\N و%s و$1 و`',
    "20": "جدولة\tوسطر\nوعودة\rوفاصل صفحات\fو\x01و\x02و\x1fنهاية",
    "21": LONG,
    "98765432109876543210": "رقم لا يسعه عدد",
    "22": "NULL\n\nnull\n\nNaN\n\n2026-11-24\n\ntrue\n\nكلمات لها معنى في قواعد البيانات وليست هنا إلا نصا",
    "23": "مسافات   متتالية وعلامات \u200f\u200e\u200d\u200c\ufeff ونهاية بمسافة\u00a0.",
}
BEFORE_1970 = datetime(1967, 6, 5, 8, tzinfo=UTC)
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
    "countries": ["EG", "PS"],
    "organizations": ["nato"],
    "mentions": ["EG:مصر", "PS:قطاع غزة", "nato:الناتو"],
    "revision_reason": "removed",
    "date_removed": NOW + timedelta(minutes=5),
}


@dataclass(frozen=True)
class AwkwardCorpus:
    """The output folder after the first run and after all of them, and the ledger behind both.

    `later`: the same once more, with one revision by a version of this project that has another column at the end,
    none of a column that is null, and none of a list; that is the one change of the record within a schema version.
    """

    early: Path
    whole: Path
    later: Path
    state_url: str


def make_corpus(folder: Path) -> AwkwardCorpus:
    """Three runs: the first without optional values, the other two with revisions, one of them compressed."""
    output = folder / "whole"
    with opened(folder) as ledger:
        first = publisher(ledger, output, max_rows=4)
        # In the first parts, by name and by number, every list is empty, and all that may be null is null.
        for number, published in ((1, BEFORE_1970), (2, LONG_AGO)):
            accept(ledger, crawled(number, published=published, topics=()), near_duplicates="off")
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
    _add_part_of_a_later_version(shutil.copytree(output, folder / "later"))
    return AwkwardCorpus(folder / "early", output, folder / "later", f"sqlite:///{folder / 'state.db'}")


def _full(article_id: str, text: str) -> Any:
    item = crawled(article_id, published=NOW - timedelta(days=sum(article_id.encode()) % 3))
    headline = f"عنوان {article_id} «مزدوج» 🕊️"
    derived = {"content_hash": content_hash(headline, text), "word_count": len(text.split())}
    return replace(item, article=replace(item.article, headline=headline, article_body=text, **FULL, **derived))


def _add_part_of_a_later_version(output: Path) -> None:
    record = next(record for record in read_corpus(output) if record["article_id"] == "5")
    assert record.pop("duplicate_of") is None
    assert record.pop("countries")
    manifest = json.loads((output / MANIFEST).read_text("utf-8"))
    position = max(part["last_position"] for part in manifest["parts"]) + 1
    new = {"revision": record["revision"] + 1, "position": position, "subtitle": "عنوان فرعي"}
    line = to_json_line(record | new)
    part = output / "articles" / "day=2026-11-22" / "part-000099.jsonl"
    part.write_text(f"{line}\n", "utf-8", newline="\n")
    entry = {"path": part.relative_to(output).as_posix(), "rows": 1, "sequence": 99}
    entry |= {"first_position": position, "last_position": position}
    manifest["parts"].append(manifest["parts"][-1] | entry)
    manifest["checkpoints"] = with_checkpoint(manifest["checkpoints"], manifest["corpus_id"], manifest["parts"])
    (output / MANIFEST).write_text(json.dumps(manifest), "utf-8")


def newest_lines(output: Path) -> list[str]:
    """The rows of a table of the newest revisions: a line of JSON for each article, sorted."""
    names = [field.name for field in fields(Article)]
    return sorted(to_json_line({name: record.get(name) for name in names}) for record in read_corpus(output))
