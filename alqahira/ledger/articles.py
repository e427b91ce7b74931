"""The articles of a ledger: each is decided and recorded in one transaction, with what is to be published of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.article import Article, from_record, rfc3339, to_json_line, to_record
from alqahira.extraction.items import ArticleItem
from alqahira.ledger import queries
from alqahira.ledger.decisions import (
    Candidate,
    Outcome,
    StoredArticle,
    Verdict,
    decide,
    find_duplicate,
    published_or_seen,
)
from alqahira.ledger.pages import Pages
from alqahira.ledger.reading import Reading
from alqahira.ledger.tables import articles, bands, outbox, parts
from alqahira.ledger.transactions import persistent
from alqahira.text.dates import cairo_day
from alqahira.text.near_duplicates import Fingerprint, fingerprint


class Articles(Pages, Reading):
    """The part of the ledger that decides about articles."""

    @persistent
    def skip(self, crawled: ArticleItem) -> bool:
        """Note that the article of a page is not for the corpus.

        False, and nothing done, where a revision of it is in the corpus: that stays followed.
        """
        article, visit = crawled.article, crawled.visit
        with self.transaction(grouped=True) as connection:
            if self.store.rows(connection, queries.ACCEPTED, {"article_id": article.article_id}):
                return False
            self._visited(connection, visit, article.date_published or visit.fetched, article.article_id)
        return True

    @persistent
    def accept(self, crawled: ArticleItem, fingerprint: Fingerprint, *, near_duplicates: str, run_id: str) -> Verdict:
        """Decide and record, in one transaction: revision or duplicate, outbox row, page done."""
        article, visit = crawled.article, crawled.visit
        with self.transaction(grouped=True) as connection:
            if self._is_repeat and (before := self._decided(connection, article, run_id)):
                return before
            newest = self._newest(connection, article.article_id)
            verdict = self._decide(connection, article, newest, fingerprint, near_duplicates)
            if verdict.outcome is not Outcome.UNCHANGED:
                self._write(connection, verdict, newest, fingerprint)
            self._visited(
                connection,
                visit,
                article.date_published or article.date_first_seen or visit.fetched,
                article.article_id,
            )
        return verdict

    @persistent
    def restore_part(self, part: Any, published: Sequence[Article]) -> None:
        """Take a sealed part (`parts.Part`) and its articles into an empty ledger, as if it had published them."""
        sequence = int(Path(part.path).name.removeprefix("part-").partition(".")[0])
        day = Path(part.path).parent.name.removeprefix("date_published=")
        with self.transaction() as connection:
            connection.execute(parts.insert().values(sequence=sequence, sealed=1, **asdict(part)))
            for article in published:
                before = self._newest(connection, article.article_id)
                self._store(connection, article, "accepted")
                # A revision may stand in an earlier part than the one before it, if its day changed.
                if article.duplicate_of is None and (before is None or before.revision < article.revision):
                    self._index(connection, article.article_id, fingerprint(article.article_body), before)
                row = {"article_id": article.article_id, "revision": article.revision, "day": day, "part": sequence}
                connection.execute(outbox.insert().values(accepted=rfc3339(article.date_crawled), **row))
            self.store.restored(connection)

    def _decide(
        self, connection: Connection, article: Article, newest: Any, fingerprint: Fingerprint, near_duplicates: str
    ) -> Verdict:
        """`newest`: the row of the article's newest revision, or None."""
        known = None
        if newest is not None:
            seen = datetime.fromisoformat(json.loads(newest.record)["date_first_seen"])
            known = StoredArticle(newest.status, newest.revision, newest.content_hash, newest.duplicate_of, seen)
        return decide(article, known, lambda: self._original(connection, article, fingerprint), near_duplicates)

    def _original(self, connection: Connection, article: Article, fingerprint: Fingerprint) -> tuple[str, str] | None:
        """The earlier article that this one repeats, and how: `same_content` or `near_duplicate`."""
        this = {"article_id": article.article_id}
        if rows := self.store.rows(connection, queries.SAME_CONTENT, {"content_hash": article.content_hash, **this}):
            row = rows[0]
            return row.duplicate_of or row.article_id, "same_content"
        own = dict(zip(queries.BAND_NAMES, fingerprint.bands, strict=True))
        shared = [row.article_id for row in self.store.rows(connection, queries.CANDIDATES, own | this)]
        near = find_duplicate(article, fingerprint.features, self._candidates(connection, shared))
        return (near, "near_duplicate") if near else None

    def _candidates(self, connection: Connection, shared: Iterable[str]) -> Iterator[Candidate]:
        for candidate in shared:
            if row := self._newest(connection, candidate):
                yield Candidate(candidate, datetime.fromisoformat(row.story_time), partial(_body_of, row.record))

    def _write(self, connection: Connection, verdict: Verdict, before: Any, found: Fingerprint) -> None:
        """`before`: the row of the revision before, or None."""
        article = verdict.article
        self._store(connection, article, "accepted" if verdict.is_published else "duplicate")
        if article.duplicate_of is None:
            self._index(connection, article.article_id, found, before)
        if verdict.is_published:
            day = str(cairo_day(article.date_published)) if article.date_published else "unknown"
            row = {"article_id": article.article_id, "revision": article.revision, "day": day}
            self.store.change(connection, queries.STORE_OUTBOX, {**row, "accepted": rfc3339(article.date_crawled)})

    def _index(self, connection: Connection, article_id: str, found: Fingerprint, before: Any) -> None:
        """Make the article a candidate by its bands, and no longer by those of its row `before`."""
        if before is not None and before.status == "accepted" and before.duplicate_of is None:
            # By the key, which begins with the band: by the article alone, the whole table would be read.
            old = fingerprint(json.loads(before.record)["article_body"]).bands
            connection.execute(bands.delete().where(bands.c.band.in_(old), bands.c.article_id == article_id))
        rows = [{"band": band, "article_id": article_id} for band in dict.fromkeys(found.bands)]
        self.store.change(connection, queries.STORE_BANDS, rows)

    def _decided(self, connection: Connection, article: Article, run_id: str) -> Verdict | None:
        """What the same run has decided of the same visit, in a transaction whose end it was not told; else None."""
        newest = self._newest(connection, article.article_id)
        if newest is None or newest.content_hash != article.content_hash:
            return None
        found = from_record(json.loads(newest.record))
        if (found.run_id, found.date_crawled) != (run_id, article.date_crawled):
            return None
        if newest.status == "accepted":
            earlier = (articles.c.article_id == found.article_id, articles.c.revision < found.revision)
            accepted = sa.select(articles.c.revision).where(*earlier, articles.c.status == "accepted").limit(1)
            if connection.scalar(accepted) is not None:
                return Verdict(Outcome.ACCEPTED, found, "revision")
        cause = ""
        if found.duplicate_of:
            same = self._newest(connection, found.duplicate_of).content_hash == found.content_hash
            cause = "same_content" if same else "near_duplicate"
        return Verdict(Outcome(newest.status), found, cause)

    def _store(self, connection: Connection, article: Article, status: str) -> None:
        row = {
            "article_id": article.article_id,
            "revision": article.revision,
            "status": status,
            "content_hash": article.content_hash,
            "duplicate_of": article.duplicate_of,
            "story_time": rfc3339(published_or_seen(article)),
            "date_crawled": rfc3339(article.date_crawled),
            "record": to_json_line(to_record(article)),
        }
        self.store.change(connection, queries.STORE_ARTICLE, row)


def _body_of(line: str) -> str:
    body: str = json.loads(line)["article_body"]
    return body
