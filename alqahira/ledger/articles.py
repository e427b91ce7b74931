"""The articles of a ledger: each is decided, recorded and queued for publication in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.article import Article, from_record, rfc3339, to_json_line, to_record
from alqahira.extraction.items import ArticleItem
from alqahira.ledger.decisions import (
    MAX_CANDIDATES,
    Candidate,
    Outcome,
    StoredArticle,
    Verdict,
    decide,
    find_duplicate,
    publication_day,
    published_or_seen,
)
from alqahira.ledger.pages import ACCEPTED, Pages
from alqahira.ledger.tables import ArticleRow, articles, bands, outbox, parts
from alqahira.ledger.transactions import transactional
from alqahira.text.near_duplicates import BANDS, Fingerprint, fingerprint

# Statements for every page, built once: building one costs several times as much as running it.
_NEWEST = (
    sa.select(articles)
    .where(articles.c.article_id == sa.bindparam("article_id"))
    .order_by(articles.c.revision.desc())
    .limit(1)
)
_OTHERS = articles.c.article_id != sa.bindparam("article_id")
_SAME_CONTENT = (
    sa.select(articles.c.article_id, articles.c.duplicate_of)
    .where(articles.c.content_hash == sa.bindparam("content_hash"), _OTHERS)
    .order_by(articles.c.date_crawled)
    .limit(1)
)
# One parameter for each band, so that the text of the statement is always the same.
_BAND_NAMES = tuple(f"band_{number}" for number in range(BANDS))
_SHARING_BANDS = (
    sa.select(bands.c.article_id)
    .where(bands.c.band.in_([sa.bindparam(name) for name in _BAND_NAMES]))
    .where(bands.c.article_id != sa.bindparam("article_id"))
    .group_by(bands.c.article_id)
    .order_by(sa.func.count().desc(), bands.c.article_id)
    .limit(MAX_CANDIDATES)
)
_DROPPED = articles.c.status == Outcome.DUPLICATE
_STORE_ARTICLE, _STORE_BANDS, _STORE_OUTBOX = articles.insert(), bands.insert(), outbox.insert()


class Articles(Pages):
    """The part of the ledger that decides about articles, and reads them for commands and reports."""

    @transactional(grouped=True)
    def skip(self, connection: Connection, item: ArticleItem) -> bool:
        """Record that the article of a page is not for the corpus.

        False, and nothing is recorded, if a revision of it is in the corpus: its revisions are still published.
        """
        article, fetch = item.article, item.fetch
        row = self._row_of(connection, fetch)
        article.article_id = self._article_id(connection, row, article.article_id)
        if self.store.execute(connection, ACCEPTED, {"article_id": article.article_id}):
            return False
        self._fetched(connection, row, item, article.date_published or fetch.fetched, is_news=False)
        return True

    @transactional(grouped=True)
    def accept(self, connection: Connection, item: ArticleItem, own: Fingerprint, *, near_duplicates: str) -> Verdict:
        """Decide what becomes of an article and record it: its revision, its outbox row, its page as done."""
        article = item.article
        row = self._row_of(connection, item.fetch)
        article.article_id = self._article_id(connection, row, article.article_id)
        newest = self._newest(connection, article.article_id)
        stored = _stored_article(newest) if newest else None
        verdict = decide(article, stored, lambda: self._original(connection, article, own), near_duplicates)
        if verdict.outcome is not Outcome.UNCHANGED:
            self._store(connection, article, verdict.outcome)
            if article.duplicate_of is None:
                self._index(connection, article.article_id, own, newest)
        if verdict.is_published:
            self._queue(connection, article, day=publication_day(article))
        is_news = verdict.outcome is not Outcome.UNCHANGED
        self._fetched(connection, row, item, published_or_seen(article), is_news=is_news)
        return verdict

    @transactional()
    def restore_part(
        self, connection: Connection, part: Mapping[str, object], day: str, published: Sequence[Article]
    ) -> None:
        """Enter a sealed part and its articles into an empty ledger, as if it had published them.

        `part`: the columns of `parts`; `day`: the publication day of its articles.
        """
        connection.execute(parts.insert().values(sealed=1, **part))
        for article in published:
            before = self._newest(connection, article.article_id)
            self._store(connection, article, Outcome.ACCEPTED)
            # A revision may be in an earlier part than the one before it, if its day changed.
            if article.duplicate_of is None and (before is None or before.revision < article.revision):
                self._index(connection, article.article_id, fingerprint(article.article_body), before)
            self._queue(connection, article, day=day, part=part["sequence"])
        self.store.restored(connection)

    # --- reading ---------------------------------------------------------------------------------

    @transactional()
    def article(self, connection: Connection, article_id: str, revision: int | None = None) -> Article | None:
        """A revision of an article, by default the newest; None if it is not known."""
        query = sa.select(articles.c.record).where(articles.c.article_id == article_id)
        if revision is not None:
            query = query.where(articles.c.revision == revision)
        record = connection.scalar(query.order_by(articles.c.revision.desc()).limit(1))
        return from_record(json.loads(record)) if record else None

    @transactional()
    def latest(self, connection: Connection, count: int) -> list[Article]:
        """The articles accepted last, newest first, each in its newest revision."""
        position = sa.func.max(outbox.c.position)
        newest = sa.select(outbox.c.article_id).group_by(outbox.c.article_id).order_by(position.desc()).limit(count)
        rows = [self._newest(connection, article_id) for article_id in connection.scalars(newest)]
        return [from_record(json.loads(row.record)) for row in rows if row]

    def newest_revisions(self) -> dict[str, int]:
        """The highest revision of every article that was accepted or dropped."""
        with self.reading() as connection:
            newest = sa.func.max(articles.c.revision).label("newest")
            query = sa.select(articles.c.article_id, newest)
            return {row.article_id: row.newest for row in connection.execute(query.group_by(articles.c.article_id))}

    def is_empty(self) -> bool:
        """Whether no article was ever accepted or dropped here."""
        with self.reading() as connection:
            return connection.scalar(sa.select(articles.c.article_id).limit(1)) is None

    def record_count(self, *, duplicates: bool = False) -> int:
        """The number of records that `records` yields."""
        with self.reading() as connection:
            published = connection.scalar(sa.select(sa.func.count()).select_from(outbox)) or 0
            dropped = sa.select(sa.func.count()).select_from(articles).where(_DROPPED)
            return published + ((connection.scalar(dropped) or 0) if duplicates else 0)

    def records(self, *, duplicates: bool = False) -> Iterator[dict[str, Any]]:
        """Every published record, all revisions, in the order accepted; with `duplicates` also those dropped, last."""
        with self.reading() as connection:
            query = sa.select(articles.c.record).join(
                outbox, (outbox.c.article_id == articles.c.article_id) & (outbox.c.revision == articles.c.revision)
            )
            for record in connection.execution_options(yield_per=1000).scalars(query.order_by(outbox.c.position)):
                yield json.loads(record)
            if duplicates:
                dropped = sa.select(articles.c.record).where(_DROPPED)
                ordered = dropped.order_by(articles.c.date_crawled, articles.c.article_id, articles.c.revision)
                for record in connection.scalars(ordered):
                    yield json.loads(record)

    # --- within a transaction --------------------------------------------------------------------

    def _newest(self, connection: Connection, article_id: str) -> ArticleRow | None:
        """The newest revision, published or dropped."""
        rows = self.store.execute(connection, _NEWEST, {"article_id": article_id})
        return next(map(ArticleRow._make, rows), None)

    def _original(self, connection: Connection, article: Article, own: Fingerprint) -> tuple[str, str] | None:
        """The id of the earlier article that this one repeats, and how: `same_content` or `near_duplicate`."""
        this = {"article_id": article.article_id, "content_hash": article.content_hash}
        for same, original in self.store.execute(connection, _SAME_CONTENT, this):
            return str(original or same), "same_content"
        values = {"article_id": article.article_id, **dict(zip(_BAND_NAMES, own.bands, strict=True))}
        sharing = [str(row[0]) for row in self.store.execute(connection, _SHARING_BANDS, values)]
        near = find_duplicate(article, own.features, self._candidates(connection, sharing))
        return (near, "near_duplicate") if near else None

    def _candidates(self, connection: Connection, article_ids: Iterable[str]) -> Iterator[Candidate]:
        for article_id in article_ids:
            if row := self._newest(connection, article_id):
                moment = datetime.fromisoformat(row.story_time)
                yield Candidate(article_id, moment, partial(_body, row))

    def _index(self, connection: Connection, article_id: str, own: Fingerprint, before: ArticleRow | None) -> None:
        """Index the article by its bands, and remove those of the revision before."""
        if before is not None and before.status == Outcome.ACCEPTED and before.duplicate_of is None:
            # Both columns, as the key begins with the band: by article alone, the whole table would be scanned.
            old = fingerprint(_body(before)).bands
            connection.execute(bands.delete().where(bands.c.band.in_(old), bands.c.article_id == article_id))
        rows = [{"band": band, "article_id": article_id} for band in dict.fromkeys(own.bands)]
        self.store.execute(connection, _STORE_BANDS, *rows)

    def _store(self, connection: Connection, article: Article, status: Outcome) -> None:
        row = {
            "article_id": article.article_id,
            "revision": article.revision,
            "status": status.value,
            "content_hash": article.content_hash,
            "duplicate_of": article.duplicate_of,
            "story_time": rfc3339(published_or_seen(article)),
            "date_crawled": rfc3339(article.date_crawled),
            "record": to_json_line(to_record(article)),
        }
        self.store.execute(connection, _STORE_ARTICLE, row)

    def _queue(self, connection: Connection, article: Article, *, day: str, part: object = None) -> None:
        """Put a revision into the outbox; `part`: the part that it is already in."""
        row = {"article_id": article.article_id, "revision": article.revision, "day": day, "part": part}
        self.store.execute(connection, _STORE_OUTBOX, {**row, "accepted": rfc3339(article.date_crawled)})


def _body(row: ArticleRow) -> str:
    body: str = json.loads(row.record)["article_body"]
    return body


def _stored_article(row: ArticleRow) -> StoredArticle:
    record = json.loads(row.record)
    seen, is_dated = datetime.fromisoformat(record["date_first_seen"]), record["date_published"] is not None
    return StoredArticle(Outcome(row.status), row.revision, row.content_hash, row.duplicate_of, seen, is_dated)
