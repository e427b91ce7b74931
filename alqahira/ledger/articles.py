"""The articles of a ledger: each is decided, recorded and queued for publication in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.article import Article, rfc3339, to_json_line, to_record
from alqahira.extraction.items import ArticleItem, Fetch
from alqahira.ledger.decisions import (
    LATER,
    MAX_CANDIDATES,
    METADATA_PAUSE,
    Candidate,
    Outcome,
    Reason,
    StoredArticle,
    Verdict,
    classify,
    decide,
    find_duplicate,
    labels,
    publication_day,
    published_or_seen,
    revision_reason,
)
from alqahira.ledger.pages import ACCEPTED, NO_VALIDATORS
from alqahira.ledger.quarantine import Quarantine
from alqahira.ledger.same_article import SAME_TEXT, SeenPage
from alqahira.ledger.stored_records import article_of, pack, record_of
from alqahira.ledger.tables import ArticleRow, articles, bands, outbox, parts
from alqahira.ledger.transactions import transactional
from alqahira.text.near_duplicates import BANDS, Fingerprint, fingerprint
from alqahira.text.topics import match_topics

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
# What a record of an older version lacks.
_NULLS = to_record(Article())
_DROPPED = articles.c.status == Outcome.DUPLICATE
_STORE_ARTICLE, _STORE_BANDS, _STORE_OUTBOX = articles.insert(), bands.insert(), outbox.insert()


class Articles(Quarantine):
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
    def accept(
        self,
        connection: Connection,
        item: ArticleItem,
        own: Fingerprint,
        *,
        near_duplicates: str,
        is_repeated: bool = False,
    ) -> Verdict:
        """Decide what becomes of an article and record it: its revision, its outbox row, its page as done.

        `is_repeated`: many pages of the run show its text.
        """
        article = item.article
        row = self._row_of(connection, item.fetch)
        article.article_id = self._article_id(connection, row, article.article_id)
        newest = self._newest(connection, article.article_id)
        stored = stored_article(newest) if newest else None
        verdict = decide(
            article,
            stored,
            lambda: self._original(connection, article, own),
            near_duplicates,
            is_repeated=is_repeated,
            is_withdrawn=lambda: self._is_withdrawn(connection, item.fetch.key, newest),
            has_headline=item.has_headline,
        )
        if verdict.outcome is Outcome.QUARANTINED:
            self._quarantine(connection, item.fetch.key, item.fetch.fetched, article, verdict.cause)
            return verdict
        if verdict.outcome is not Outcome.UNCHANGED:
            self._store(connection, article, verdict.outcome)
            if article.duplicate_of is None:
                self._index(connection, article.article_id, own, newest)
        if verdict.is_published:
            self._queue(connection, article, day=publication_day(article))
        is_news = verdict.outcome is not Outcome.UNCHANGED
        self._fetched(connection, row, item, published_or_seen(article), is_news=is_news)
        if verdict.cause == LATER and self.is_clock_right:
            due = rfc3339(item.fetch.fetched + METADATA_PAUSE)
            self._set_page(connection, item.fetch.key, **NO_VALIDATORS, next_visit=due)
        return verdict

    @transactional()
    def unsealed(self, connection: Connection) -> list[tuple[SeenPage, Article]]:
        """What waits to be published: the last articles of a killed run, or lines of a part that is not due."""
        is_same = (outbox.c.article_id == articles.c.article_id) & (outbox.c.revision == articles.c.revision)
        waiting = sa.select(articles.c.record).join(outbox, is_same).where(outbox.c.part.is_(None))
        records = connection.scalars(waiting.order_by(outbox.c.position))
        queued = [article_of(record) for record in records]
        return [(SeenPage(one.article_id, fetched_at(one), one.article_id, one.url), one) for one in queued]

    @transactional()
    def withdraw(self, connection: Connection, seen: Iterable[SeenPage], article: Article) -> list[str]:
        """Quarantine pages whose text, that of `article`, turned out to be that of many.

        What was stored of them at that visit is removed; returns the keys of these. A line that is in a part already
        stays, and what its page tells next is the next revision, whatever the line says.
        """
        keys = []
        for page in seen:
            newest, kept = self._newest(connection, page.article_id), self._quarantined(connection, page.key)
            is_published, record = False, kept.record if kept else None
            if newest and newest.date_crawled == rfc3339(page.fetched):
                is_published, record = not self._unstore(connection, newest), newest.record
            own = replace(article, article_id=page.article_id, url=page.url, date_crawled=page.fetched)
            text = article_of(record) if record else own  # of what is off topic, only the text is known
            self._leave_home(connection, page)
            self._quarantine(connection, page.key, page.fetched, text, SAME_TEXT)
            if not is_published:
                keys.append(page.key)
        return keys

    @transactional()
    def release(self, connection: Connection, key: str) -> Article | None:
        """Take what a page in quarantine answered for its article: the next part that is sealed has it.

        None if it is not in quarantine.
        """
        kept = self._quarantined(connection, key)
        if kept is None:
            return None
        article = article_of(kept.record)
        classify(article, match_topics(article.headline, article.article_body, labels(article)))
        newest = self._newest(connection, article.article_id)
        reason = revision_reason(article, stored_article(newest))[0] if newest else None
        article.revision = newest.revision if newest else 0
        if newest is None or reason in (Reason.RETURNED, Reason.TEXT):
            article.revision, article.duplicate_of = article.revision + 1, None
            article.revision_reason = reason and reason.value
            self._store(connection, article, Outcome.ACCEPTED)
            self._index(connection, article.article_id, fingerprint(article.article_body), newest)
            self._queue(connection, article, day=publication_day(article))
        fetch = Fetch(key=key, url=article.url, fetched=datetime.fromisoformat(kept.fetched))
        item = ArticleItem(article=article, fetch=fetch)
        self._fetched(connection, self._page(connection, key), item, published_or_seen(article), is_news=True)
        return article

    # --- reading ---------------------------------------------------------------------------------

    @transactional()
    def article(self, connection: Connection, article_id: str, revision: int | None = None) -> Article | None:
        """A revision of an article, by default the newest; None if it is not known."""
        query = sa.select(articles.c.record).where(articles.c.article_id == article_id)
        if revision is not None:
            query = query.where(articles.c.revision == revision)
        record = connection.scalar(query.order_by(articles.c.revision.desc()).limit(1))
        return article_of(record) if record else None

    @transactional()
    def latest(self, connection: Connection, count: int) -> list[Article]:
        """The articles accepted last, newest first, each in its newest revision."""
        position = sa.func.max(outbox.c.position)
        newest = sa.select(outbox.c.article_id).group_by(outbox.c.article_id).order_by(position.desc()).limit(count)
        rows = [self._newest(connection, article_id) for article_id in connection.scalars(newest)]
        return [article_of(row.record) for row in rows if row]

    def is_empty(self) -> bool:
        """Whether no article was ever accepted or dropped here."""
        with self.reading() as connection:
            return connection.scalar(sa.select(articles.c.article_id).limit(1)) is None

    def record_count(self, *, duplicates: bool = False, newest: bool = False, after: int | None = None) -> int:
        """The number of records that `records` yields."""
        with self.reading() as connection:
            queries = _records(duplicates=duplicates, newest=newest, after=after)
            counts = (sa.select(sa.func.count()).select_from(query.subquery()) for query in queries)
            return sum(connection.scalar(count) or 0 for count in counts)

    def records(
        self, *, duplicates: bool = False, newest: bool = False, after: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Every published record in the order accepted, then with `duplicates` those dropped.

        `newest`: only if it is the highest revision of its article that was accepted or dropped. With `after` those in
        sealed parts whose `position` is greater, in its order; `newest` is then the highest of these.
        """
        with self.reading() as connection:
            for query in _records(duplicates=duplicates, newest=newest, after=after):
                for record, position in connection.execution_options(yield_per=1000).execute(query):
                    yield _NULLS | record_of(record) | {"position": position}

    # --- within a transaction --------------------------------------------------------------------

    def _newest(self, connection: Connection, article_id: str) -> ArticleRow | None:
        """The newest revision, published or dropped."""
        rows = self.store.execute(connection, _NEWEST, {"article_id": article_id})
        return next(map(ArticleRow._make, rows), None)

    def _original(self, connection: Connection, article: Article, own: Fingerprint) -> tuple[str, str] | None:
        """The id of the earlier article that this one repeats, and how: `same_content` or `near_duplicate`."""
        this = {"article_id": article.article_id, "content_hash": article.content_hash}
        for same, original in self.store.execute(connection, _SAME_CONTENT, this):
            newest = self._newest(connection, str(original or same))
            if newest is None or not is_removed(newest):
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

    def _is_withdrawn(self, connection: Connection, key: str, newest: ArticleRow | None) -> bool:
        """Whether the newest revision of a page's article is in a part, and was found to be the text of many."""
        kept = self._quarantined(connection, key)
        if newest is None or kept is None or kept.cause != SAME_TEXT:
            return False
        return article_of(kept.record).content_hash == newest.content_hash

    def _index(self, connection: Connection, article_id: str, own: Fingerprint, before: ArticleRow | None) -> None:
        """Index the article by its bands, and remove those of the revision before."""
        self._unindex(connection, before)
        rows = [{"band": band, "article_id": article_id} for band in dict.fromkeys(own.bands)]
        self.store.execute(connection, _STORE_BANDS, *rows)

    def _unindex(self, connection: Connection, row: ArticleRow | None) -> None:
        if row is not None and _is_indexed(row):
            # Both columns, as the key begins with the band: by article alone, the whole table would be scanned.
            old = fingerprint(_body(row)).bands
            connection.execute(bands.delete().where(bands.c.band.in_(old), bands.c.article_id == row.article_id))

    def _unstore(self, connection: Connection, row: ArticleRow) -> bool:
        """Remove an article's newest revision; False, and nothing is removed, if a part has it."""
        of_row = (outbox.c.article_id == row.article_id, outbox.c.revision == row.revision)
        if connection.scalar(sa.select(outbox.c.part).where(*of_row)) is not None:
            return False
        connection.execute(outbox.delete().where(*of_row))
        self._unindex(connection, row)
        same = (articles.c.article_id == row.article_id, articles.c.revision == row.revision)
        connection.execute(articles.delete().where(*same))
        before = self._newest(connection, row.article_id)
        if before is not None and _is_indexed(before) and not is_removed(before):
            self._index(connection, row.article_id, fingerprint(_body(before)), None)
        return True

    def _store(
        self, connection: Connection, article: Article, status: Outcome, record: dict[str, Any] | None = None
    ) -> None:
        row = {
            "article_id": article.article_id,
            "revision": article.revision,
            "status": status.value,
            "content_hash": article.content_hash,
            "duplicate_of": article.duplicate_of,
            "story_time": rfc3339(published_or_seen(article)),
            "date_crawled": rfc3339(article.date_crawled),
            "record": pack(to_json_line(record or to_record(article))),
        }
        self.store.execute(connection, _STORE_ARTICLE, row)

    def _queue(
        self,
        connection: Connection,
        article: Article,
        *,
        day: str,
        part: object = None,
        published_position: int | None = None,
    ) -> None:
        """Put a revision into the outbox; `part`: the part that it is already in."""
        row = {"article_id": article.article_id, "revision": article.revision, "day": day, "part": part}
        row |= {"accepted": rfc3339(article.date_crawled), "published_position": published_position}
        self.store.execute(connection, _STORE_OUTBOX, row)


def fetched_at(article: Article) -> datetime:
    """When the page of a stored article was fetched."""
    assert article.date_crawled is not None
    return article.date_crawled


def _records(*, duplicates: bool, newest: bool, after: int | None) -> Iterator[sa.Select[Any]]:
    """The queries for `Articles.records`."""
    same = (outbox.c.article_id == articles.c.article_id) & (outbox.c.revision == articles.c.revision)
    published = sa.select(articles.c.record, outbox.c.published_position).join(outbox, same)
    if after is not None:
        # A part that takes over the lines of others is planned after they were published.
        published_in = sa.select(parts.c.sequence).where((parts.c.sealed == 1) | parts.c.replaces.is_not(None))
        chosen = (outbox.c.published_position > after, outbox.c.part.in_(published_in))
        if newest:
            highest = sa.select(outbox.c.article_id, sa.func.max(outbox.c.revision)).where(*chosen)
            ids = sa.tuple_(articles.c.article_id, articles.c.revision)
            published = published.where(ids.in_(highest.group_by(outbox.c.article_id)))
        yield published.where(*chosen).order_by(outbox.c.published_position)
        return
    dropped = sa.select(articles.c.record, sa.null()).where(_DROPPED)
    if newest:
        later = articles.alias("later")
        is_later = (later.c.article_id == articles.c.article_id, later.c.revision > articles.c.revision)
        published, dropped = (query.where(~sa.exists().where(*is_later)) for query in (published, dropped))
    yield published.order_by(outbox.c.position)
    if duplicates:
        yield dropped.order_by(articles.c.date_crawled, articles.c.article_id, articles.c.revision)


def _body(row: ArticleRow) -> str:
    body: str = record_of(row.record)["article_body"]
    return body


def _is_indexed(row: ArticleRow) -> bool:
    return row.status == Outcome.ACCEPTED and row.duplicate_of is None


def is_removed(row: ArticleRow) -> bool:
    """Whether a revision says that its article is gone."""
    return article_of(row.record).date_removed is not None


def stored_article(row: ArticleRow) -> StoredArticle:
    """A row as the rules read it."""
    article = article_of(row.record)
    return StoredArticle(Outcome(row.status), row.revision, row.content_hash, row.duplicate_of, article)
