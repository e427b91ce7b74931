"""What the pages ask of the served copy: articles by words and labels, their counts, revisions, duplicates, runs."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from alqahira.monitoring.report.served.database import KINDS
from alqahira.text.normalization import fold_text

PER_PAGE = 30
FIRST_VALUES, FACET_VALUES = 12, 60
# An article has some duplicates, a run of the site's own repeated text hundreds.
MOST_DUPLICATES = 100
LONGEST_QUERY, MOST_WORDS, MOST_PARAMETERS = 300, 12, 40
# The article, conjunctions and prepositions, which are written as one word with the next.
_PROCLITICS = tuple(f"{first}{rest}" for first in ("", "و", "ف") for rest in ("", *"بكل", "ال", "بال", "كال", "لل"))
WITH_ARTICLE = re.compile("[وف]?(?:[بك]?ال|لل)(?=.{3})")
SHORTEST_STEM = 3
FIRST_LETTER, LAST_LETTER = "\u0621", "\u064a"
_QUOTED = re.compile(r"[\"«“”»]([^\"«“”»]*)[\"«“”»]")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_COLUMNS = ", ".join(
    f"articles.{name}"
    for name in (
        *("id", "article_id", "revision", "date_published", "published_day", "headline", "lead", "url"),
        *("duplicate_of", "date_removed"),
    )
)


class BadQuery(ValueError):
    """A parameter that is none, or a value that it cannot have; the message names it."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which articles a page shows: words in any order, labels that each must have, days, order and page (from 1)."""

    words: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    since: str = ""
    until: str = ""
    by_relevance: bool = False
    page: int = 1

    @classmethod
    def parse(cls, query: str) -> Selection:
        """Read the query of an address. Raises BadQuery."""
        try:
            pairs = parse_qsl(query, max_num_fields=MOST_PARAMETERS, errors="strict")
        except ValueError:
            raise BadQuery("the query is not readable, or too long") from None
        labels, single = dict.fromkeys(pair for pair in pairs if pair[0] in KINDS), dict[str, str]()
        for name, value in pairs:
            if name in KINDS:
                continue
            if name not in ("q", "since", "until", "order", "page") or name in single:
                raise BadQuery(f"unknown or repeated parameter: {name[:40]}")
            single[name] = value
        days = [(name, value) for name, value in labels if name == "day"]
        for name, value in (*days, *((name, single.get(name, "")) for name in ("since", "until"))):
            _check_day(name, value)
        if len(single.get("q", "")) > LONGEST_QUERY:
            raise BadQuery(f"q: more than {LONGEST_QUERY} characters")
        if single.get("order", "newest") not in ("newest", "relevance"):
            raise BadQuery("order: newest or relevance")
        if not re.fullmatch(r"[1-9]\d{0,5}", single.get("page", "1"), re.ASCII):
            raise BadQuery("page: a whole number from 1 on")
        return cls(
            single.get("q", "").strip(),
            tuple(labels),
            single.get("since", ""),
            single.get("until", ""),
            single.get("order") == "relevance",
            int(single.get("page", "1")),
        )

    def query(self, **changed: Any) -> str:
        """The query of the address of this selection, or of a changed one; on its first page unless `page` is given."""
        other = replace(self, **{"page": 1} | changed)
        single = {"q": other.words, "since": other.since, "until": other.until}
        pairs = [(name, value) for name, value in single.items() if value] + list(other.labels)
        pairs += [("order", "relevance")] if other.by_relevance else []
        return urlencode(pairs + ([("page", str(other.page))] if other.page > 1 else []))

    def toggled(self, kind: str, value: str) -> str:
        """The query with one label more, or without it."""
        label = (kind, value)
        rest = tuple(other for other in self.labels if other != label)
        return self.query(labels=rest if label in self.labels else (*rest, label))

    @property
    def is_everything(self) -> bool:
        return not (self.words or self.labels or self.since or self.until)


class FacetValue(NamedTuple):
    """A label, and how many articles of the selection have it."""

    value: str
    articles: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Results:
    """A page of articles, how many there are in all, and by kind how many have each label."""

    total: int
    articles: list[dict[str, Any]] = field(default_factory=list)
    facets: dict[str, list[FacetValue]] = field(default_factory=dict)
    is_shortened: bool = False  # only the first MOST_WORDS words were searched

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))


def match_terms(words: str) -> list[str]:
    """The words as terms of FTS5 on folded text, all of which must occur.

    A word with any proclitic; words in quotation marks exactly, one after the other.
    """
    phrases = [fold_text(phrase) for phrase in _QUOTED.findall(words)]
    terms = [f'"{phrase}"' for phrase in phrases if phrase]
    terms += [_with_proclitics(word) for word in fold_text(_QUOTED.sub(" ", words)).split()]
    return [*dict.fromkeys(terms)]


def select(copy: sqlite3.Connection, selection: Selection) -> Results:
    """The articles of a selection, with the counts of their labels."""
    terms = match_terms(selection.words)
    match = " AND ".join(terms[:MOST_WORDS])
    if selection.words and not match:
        return Results(0)
    is_part = not selection.is_everything
    total = _choose(copy, selection, match) if is_part else copy.execute("SELECT count(*) FROM articles").fetchone()[0]
    source, order = "articles", "articles.time DESC, articles.id DESC"
    values: list[Any] = [(selection.page - 1) * PER_PAGE]
    if is_part:
        source = "chosen JOIN articles USING (id)"
    if match and selection.by_relevance:
        source += " JOIN search ON search.rowid = articles.id AND search MATCH ?"
        order, values = f"bm25(search, 8.0, 1.0), {order}", [match, *values]
    page = copy.execute(f"SELECT {_COLUMNS} FROM {source} ORDER BY {order} LIMIT {PER_PAGE} OFFSET ?", values)
    rows = [dict(row) for row in page]
    for row in rows:
        row.update(_labels(copy, row.pop("id")))
    return Results(total, rows, _facets(copy, selection, is_part=is_part), len(terms) > MOST_WORDS)


def revisions(copy: sqlite3.Connection, article_id: str) -> list[dict[str, Any]]:
    """The records of an article, the first revision first, each with `is_published`; none if it is not known."""
    rows = copy.execute("SELECT * FROM revisions WHERE article_id = ? ORDER BY revision", (article_id,))
    return [json.loads(row["record"]) | {"is_published": bool(row["is_published"])} for row in rows]


def duplicates(copy: sqlite3.Connection, article_id: str) -> tuple[int, list[dict[str, Any]]]:
    """How many articles repeat this one, and the records of some of them, in their newest revision, by time."""
    repeats = "FROM revisions WHERE duplicate_of = ?"
    total = copy.execute(f"SELECT count(DISTINCT article_id) {repeats}", (article_id,)).fetchone()[0]
    rows = copy.execute(
        f"SELECT max(revision), is_published, record {repeats} GROUP BY article_id LIMIT {MOST_DUPLICATES}",
        (article_id,),
    )
    records = [json.loads(row["record"]) | {"is_published": bool(row["is_published"])} for row in rows]
    records.sort(key=lambda record: (record["date_published"] or record["date_first_seen"] or "", record["article_id"]))
    return total, records


def runs(copy: sqlite3.Connection) -> list[dict[str, Any]]:
    """The runs, newest first, with their accounts."""
    rows = copy.execute("SELECT * FROM runs ORDER BY started DESC, run_id DESC")
    return [dict(row) | {"account": json.loads(row["account"]), "complete": bool(row["complete"])} for row in rows]


def account(copy: sqlite3.Connection, run_id: str) -> Mapping[str, Any]:
    """The account of a run; empty if it is not among those kept."""
    row = copy.execute("SELECT account FROM runs WHERE run_id = ?", (run_id,)).fetchone()
    return json.loads(row["account"]) if row else {}


def site(copy: sqlite3.Connection) -> str:
    """The ledger's name of the site; empty if it has none."""
    return str(copy.execute("SELECT value FROM meta WHERE name = 'site'").fetchone()[0])


# --- one selection --------------------------------------------------------------------------------


def _choose(copy: sqlite3.Connection, selection: Selection, match: str) -> int:
    """Put the ids of the articles into the table `chosen`, so that each condition is looked at once; their number."""
    conditions, values = _conditions(selection, match)
    copy.execute("DELETE FROM chosen")
    return copy.execute(f"INSERT INTO chosen SELECT id FROM articles WHERE {' AND '.join(conditions)}", values).rowcount


def _conditions(selection: Selection, match: str) -> tuple[list[str], list[Any]]:
    parts: list[tuple[str, list[Any]]] = []
    if match:
        parts.append(("articles.id IN (SELECT rowid FROM search WHERE search MATCH ?)", [match]))
    chosen = "SELECT id FROM labelled WHERE label = (SELECT label FROM labels WHERE kind = ? AND value = ?)"
    parts += [(f"articles.id IN ({chosen})", list(label)) for label in selection.labels]
    days = ((selection.since, ">="), (selection.until, "<="))
    parts += [(f"published_day {sign} ?", [day]) for day, sign in days if day]
    return [condition for condition, _ in parts], [value for _, values in parts for value in values]


def _labels(copy: sqlite3.Connection, number: int) -> dict[str, list[str]]:
    """The labels of an article, by the record's name of each list."""
    by_field: dict[str, list[str]] = {name: [] for kind, name in KINDS.items() if kind != "day"}
    query = "SELECT kind, value FROM labelled JOIN labels USING (label) WHERE id = ? ORDER BY label"
    for kind, value in copy.execute(query, (number,)):
        if kind != "day":
            by_field[KINDS[kind]].append(value)
    return by_field


def _facets(copy: sqlite3.Connection, selection: Selection, *, is_part: bool) -> dict[str, list[FacetValue]]:
    counted = "SELECT label, articles AS n FROM labels"
    if is_part:
        # In the order of that index nothing is sorted, which takes most of the time.
        counted = (
            "SELECT label, count(*) AS n FROM labelled INDEXED BY labelled_label "
            "WHERE id IN (SELECT id FROM chosen) GROUP BY label"
        )
    by_kind: dict[str, list[FacetValue]] = defaultdict(list)
    for kind, value, n in copy.execute(f"SELECT kind, value, n FROM ({counted}) JOIN labels USING (label)"):
        by_kind[kind].append(FacetValue(value, n, (kind, value) in selection.labels))
    return {kind: list(_shown(kind, by_kind[kind])) for kind in KINDS if by_kind[kind]}


def _shown(kind: str, values: list[FacetValue]) -> Iterator[FacetValue]:
    """The most frequent values, of days the newest; those chosen always."""
    values.sort(key=lambda each: each.value, reverse=kind == "day")
    if kind != "day":
        values.sort(key=lambda each: -each.articles)
    for n, each in enumerate(values):
        if n < FACET_VALUES or each.is_chosen:
            yield each


def _check_day(name: str, value: str) -> None:
    try:
        if value and not (_DAY.fullmatch(value) and date.fromisoformat(value)):
            raise ValueError
    except ValueError:
        raise BadQuery(f"{name}: a day as YYYY-MM-DD") from None


def _with_proclitics(word: str) -> str:
    """A folded word, or it with each proclitic; FTS5 finds words by their beginning alone."""
    stem = stem_of(word)
    if not _takes_proclitics(stem):
        return f'"{word}"'
    forms = (f'"{proclitic}{stem}"' for proclitic in _PROCLITICS)
    return f"({' OR '.join(forms)})"


def stem_of(word: str) -> str:
    """What a folded word is looked for by: without an article, if that leaves enough to take any proclitic."""
    stem = word[article.end() :] if (article := WITH_ARTICLE.match(word)) else word
    return stem if _takes_proclitics(stem) else word


def stems(word: str) -> set[str]:
    """Whatever a folded word is found by: every other word's `stem_of` that is it, perhaps behind a proclitic."""
    behind = {word[len(proclitic) :] for proclitic in _PROCLITICS if word.startswith(proclitic)}
    return {word, *filter(_takes_proclitics, behind)}


def _takes_proclitics(stem: str) -> bool:
    return len(stem) >= SHORTEST_STEM and FIRST_LETTER <= stem[0] <= LAST_LETTER
