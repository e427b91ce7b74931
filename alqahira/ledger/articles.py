"""The articles of a ledger: each is decided and recorded in one transaction, with what is to be published of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.article import Article, rfc3339, to_json_line, to_record
from alqahira.extraction.items import ArticleItem
from alqahira.ledger.decisions import (
    MAX_CANDIDATES,
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
from alqahira.ledger.tables import ArticleRow, articles, bands, outbox, parts
from alqahira.ledger.transactions import transactional
from alqahira.text.dates import cairo_day
from alqahira.text.near_duplicates import BANDS, Fingerprint, fingerprint

# Statements for every page, built once, for putting one together costs several times what running it costs.
_OTHERS = articles.c.article_id != sa.bindparam("article_id")
_ACCEPTED = (
    sa.select(articles.c.revision)
    .where(articles.c.article_id == sa.bindparam("article_id"), articles.c.status == Outcome.ACCEPTED.value)
    .limit(1)
)
_SAME_CONTENT = (
    sa.select(articles.c.article_id, articles.c.duplicate_of)
    .where(articles.c.content_hash == sa.bindparam("content_hash"), _OTHERS)
    .order_by(articles.c.date_crawled)
    .limit(1)
)
# A name for each band's value: a statement whose text depends on their number would be put together for every article.
_BAND_NAMES = tuple(f"band_{number}" for number in range(BANDS))
_SHARING_BANDS = (
    sa.select(bands.c.article_id)
    .where(bands.c.band.in_([sa.bindparam(name) for name in _BAND_NAMES]))
    .where(bands.c.article_id != sa.bindparam("article_id"))
    .group_by(bands.c.article_id)
    .order_by(sa.func.count().desc(), bands.c.article_id)
    .limit(MAX_CANDIDATES)
)
_STORE_ARTICLE, _STORE_BANDS, _STORE_OUTBOX = articles.insert(), bands.insert(), outbox.insert()


class Articles(Pages, Reading):
    """The part of the ledger that decides about articles."""

    @transactional(grouped=True)
    def skip(self, connection: Connection, item: ArticleItem) -> bool:
        """Record that the article of a page is not for the corpus.

        False, and nothing done, where a revision of it is in the corpus: that stays followed.
        """
        article, visit = item.article, item.visit
        if self.store.execute(connection, _ACCEPTED, {"article_id": article.article_id}):
            return False
        self._visited(connection, visit, article.date_published or visit.fetched, article.article_id)
        return True

    @transactional(grouped=True)
    def accept(
        self,
        connection: Connection,
        item: ArticleItem,
        fingerprint: Fingerprint,
        *,
        near_duplicates: str,
    ) -> Verdict:
        """Decide and record: revision or duplicate, outbox row, page done."""
        article, visit = item.article, item.visit
        newest = self._newest(connection, article.article_id)
        stored = _stored_article(newest) if newest else None
        verdict = decide(article, stored, lambda: self._original(connection, article, fingerprint), near_duplicates)
        if verdict.outcome is not Outcome.UNCHANGED:
            self._store(connection, article, verdict.outcome)
            if article.duplicate_of is None:
                self._index(connection, article.article_id, fingerprint, newest)
        if verdict.is_published:
            day = str(cairo_day(article.date_published)) if article.date_published else "unknown"
            self._queue(connection, article, day=day)
        self._visited(connection, visit, published_or_seen(article), article.article_id)
        return verdict

    @transactional()
    def restore_part(
        self, connection: Connection, part: Mapping[str, object], day: str, published: Sequence[Article]
    ) -> None:
        """Take a sealed part and its articles into an empty ledger, as if it had published them.

        `part`: the columns of `parts`; `day`: that of its articles.
        """
        connection.execute(parts.insert().values(sealed=1, **part))
        for article in published:
            before = self._newest(connection, article.article_id)
            self._store(connection, article, Outcome.ACCEPTED)
            # A revision may stand in an earlier part than the one before it, if its day changed.
            if article.duplicate_of is None and (before is None or before.revision < article.revision):
                self._index(connection, article.article_id, fingerprint(article.article_body), before)
            self._queue(connection, article, day=day, part=part["sequence"])
        self.store.restored(connection)

    def _original(self, connection: Connection, article: Article, own: Fingerprint) -> tuple[str, str] | None:
        """The earlier article that this one repeats, and how: `same_content` or `near_duplicate`."""
        this = {"article_id": article.article_id}
        for same, original in self.store.execute(
            connection, _SAME_CONTENT, {"content_hash": article.content_hash, **this}
        ):
            return str(original or same), "same_content"
        own_bands: dict[str, object] = dict(zip(_BAND_NAMES, own.bands, strict=True))
        sharing = [
            str(article_id) for (article_id,) in self.store.execute(connection, _SHARING_BANDS, own_bands | this)
        ]
        near = find_duplicate(article, own.features, self._candidates(connection, sharing))
        return (near, "near_duplicate") if near else None

    def _candidates(self, connection: Connection, article_ids: Iterable[str]) -> Iterator[Candidate]:
        for article_id in article_ids:
            if row := self._newest(connection, article_id):
                moment = datetime.fromisoformat(row.story_time)
                yield Candidate(article_id, moment, partial(_body, row))

    def _index(self, connection: Connection, article_id: str, own: Fingerprint, before: ArticleRow | None) -> None:
        """Make the article a candidate by its bands, and no longer by those of the revision before."""
        if before is not None and before.status == Outcome.ACCEPTED and before.duplicate_of is None:
            # By the key, which begins with the band: by the article alone, the whole table would be read.
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
        """Put a revision into the outbox, already in a part where one is given."""
        row = {"article_id": article.article_id, "revision": article.revision, "day": day, "part": part}
        self.store.execute(connection, _STORE_OUTBOX, {**row, "accepted": rfc3339(article.date_crawled)})


def _body(row: ArticleRow) -> str:
    body: str = json.loads(row.record)["article_body"]
    return body


def _stored_article(row: ArticleRow) -> StoredArticle:
    seen = datetime.fromisoformat(json.loads(row.record)["date_first_seen"])
    return StoredArticle(Outcome(row.status), row.revision, row.content_hash, row.duplicate_of, seen)
