"""The site as files for any static host: the served pages, and a script of our own that searches and filters.

The script reads `search/articles.json` (labels and day of every article), `search/words/` (which articles have a word,
in SHARDS files) and `search/cards/` (what a list shows of an article), so that a search asks for a few small files.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from alqahira.monitoring.report import words
from alqahira.monitoring.report.served import queries
from alqahira.monitoring.report.served.database import Watch
from alqahira.monitoring.report.served.fields import shown
from alqahira.monitoring.report.served.links import StaticLinks, file_name
from alqahira.monitoring.report.served.pages import KIND_NAMES, article_page, newest_published, page, runs_page, style
from alqahira.publishing.atomic_directory import atomic_directory, refuse_other_files
from alqahira.settings.types import make_folder
from alqahira.text.normalization import fold_letters, fold_tokens

# So that the index of all articles stays some megabytes. Older ones are in the corpus, and in the served site.
NEWEST = 20_000
SHARDS = 256
CARDS_A_FILE = 60
INDEX = "search/articles.json"
_SCRIPT = "search.js"
_NAMES = {"index.html", "runs.html", "report.html", "style.css", _SCRIPT, "articles", "search"}
# A policy in a page cannot restrict framing. Only the first page has a script, which may write no HTML.
POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
POLICY_WITH_SEARCH = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def ensure_replaceable(folder: Path) -> None:
    """Raise ConfigurationError if the folder holds anything but an earlier site."""
    own = _NAMES if (folder / INDEX).is_file() else ()
    refuse_other_files(folder, own.__contains__, "site")


def write_site(copy: sqlite3.Connection, report: bytes, folder: Path, *, watch: Watch = lambda ids, total: ids) -> None:
    """Write the site of a served copy to a folder, whole or not at all; it replaces an earlier one.

    `report` is the page of `scrapy report`; `watch` as in `database.build`. Raises ConfigurationError if the folder
    holds anything else, LedgerBusy if another site is written there, OutputUnwritable, OSError.
    """
    ensure_replaceable(folder)
    make_folder(Path(os.path.realpath(folder)).parent, "--site")
    with atomic_directory(folder, "scrapy report") as aside:
        for name in ("articles", "search/words", "search/cards"):
            (aside / name).mkdir(parents=True)
        rows = copy.execute("SELECT * FROM articles ORDER BY time DESC, id DESC").fetchall()
        for _ in watch(_article_pages(copy, aside / "articles"), len(_with_page(copy))):
            pass
        _write_index(copy, rows, aside / "search")
        links = StaticLinks(known=_with_page(copy))
        selection = queries.Selection()
        results = queries.select(copy, selection)
        first = page("articles.html.jinja", links, POLICY_WITH_SEARCH, selection=selection, results=results)
        (aside / "index.html").write_bytes(first)
        (aside / "runs.html").write_bytes(runs_page(queries.runs(copy), links, policy=POLICY))
        (aside / "report.html").write_bytes(report)
        (aside / "style.css").write_bytes(style())
        shutil.copyfile(Path(__file__).with_name(_SCRIPT), aside / _SCRIPT)


def _with_page(copy: sqlite3.Connection) -> set[str]:
    """The published articles, and those that repeat one of them."""
    published = "SELECT article_id FROM articles"
    both = f"{published} UNION SELECT article_id FROM revisions WHERE duplicate_of IN ({published})"
    return {row["article_id"] for row in copy.execute(both)}


def _article_pages(copy: sqlite3.Connection, folder: Path) -> Iterator[str]:
    """Write the page of every article, and one more for each revision after the first; yields the ids."""
    known = _with_page(copy)
    links = StaticLinks("../", known)
    for article_id in sorted(known):
        records = queries.revisions(copy, article_id)
        (folder / file_name(article_id)).write_bytes(article_page(copy, records, "", links, policy=POLICY))
        for record in records[1:]:
            name, query = file_name(article_id, record["revision"]), f"revision={record['revision']}"
            (folder / name).write_bytes(article_page(copy, records, query, links, policy=POLICY))
        yield article_id


# --- what the script reads ------------------------------------------------------------------------


def shard_of(word: str) -> int:
    """The number of the file that has a word, as the script computes it."""
    number = 0
    for letter in word:
        number = (number * 31 + ord(letter)) % SHARDS
    return number


def _write_index(copy: sqlite3.Connection, rows: list[sqlite3.Row], folder: Path) -> None:
    labels = copy.execute("SELECT label, kind, value FROM labels ORDER BY label").fetchall()
    numbers = {label["label"]: n for n, label in enumerate(labels)}
    of_article = defaultdict[int, list[int]](list)
    for row in copy.execute("SELECT id, label FROM labelled ORDER BY id, label"):
        of_article[row["id"]].append(numbers[row["label"]])
    letters = {chr(code): fold_letters(chr(code)) for code in range(0x600, 0x700)}
    index = {
        "kinds": list(KIND_NAMES.items()),
        "letters": {letter: folded for letter, folded in letters.items() if letter != folded},
        "article": queries.WITH_ARTICLE.pattern,
        "shortest": queries.SHORTEST_STEM,
        "between": [queries.FIRST_LETTER, queries.LAST_LETTER],
        "limits": {
            "per_page": queries.PER_PAGE,
            "first_values": queries.FIRST_VALUES,
            "most_values": queries.FACET_VALUES,
            "most_words": queries.MOST_WORDS,
            "longest_query": queries.LONGEST_QUERY,
        },
        "shards": SHARDS,
        "cards": CARDS_A_FILE,
        "labels": [[row["kind"], row["value"], shown(row["kind"], row["value"])] for row in labels],
        "rows": [[row["published_day"] or "", of_article[row["id"]]] for row in rows],
    }
    _write_json(folder / "articles.json", index)
    for start in range(0, len(rows), CARDS_A_FILE):
        cards = [_card(row) for row in rows[start : start + CARDS_A_FILE]]
        _write_json(folder / "cards" / f"{start // CARDS_A_FILE}.json", cards)
    shards: list[dict[str, list[int]]] = [{} for _ in range(SHARDS)]
    for word, found in _places(copy, rows).items():
        # Steps from one to the next are shorter than the numbers.
        shards[shard_of(word)][word] = [number - before for before, number in zip([0, *found], found, strict=False)]
    for n, shard in enumerate(shards):
        _write_json(folder / "words" / f"{n}.json", shard)


def _places(copy: sqlite3.Connection, rows: list[sqlite3.Row]) -> dict[str, array[int]]:
    """By each word's stem the numbers of the articles that have it, in their order."""
    places = defaultdict[str, "array[int]"](lambda: array("I"))
    for number, row in enumerate(rows):
        record = newest_published(queries.revisions(copy, row["article_id"]))
        found = {*fold_tokens(record["headline"] or ""), *fold_tokens(record["article_body"] or "")}
        for stem in set().union(*map(queries.stems, found)):
            places[stem].append(number)
    return places


def _card(row: sqlite3.Row) -> dict[str, Any]:
    """What a list shows of an article, as text."""
    time = row["date_published"]
    facts = [words.moment(datetime.fromisoformat(time)) if time else "بلا وقت نشر"]
    facts += [f"النسخة {row['revision']}"] if row["revision"] > 1 else []
    warnings = ["أُزيلت من الموقع"] if row["date_removed"] else []
    warnings += ["تكرار"] if row["duplicate_of"] else []
    name = file_name(row["article_id"])
    return {"file": name, "headline": row["headline"], "lead": row["lead"], "facts": facts, "warnings": warnings}


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")), "utf-8")
