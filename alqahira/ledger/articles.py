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

from alqahira import queries
from alqahira.article import Article, rfc3339
from alqahira.dates import cairo_day
from alqahira.decisions import Candidate, Known, Verdict, first_repeated, judge, story_time
from alqahira.ledger.pages import Pages
from alqahira.ledger.reading import Reading
from alqahira.ledger.transactions import persistent
from alqahira.page import ArticleItem, Fetch
from alqahira.record import from_record, to_json_line, to_record
from alqahira.similarity import Fingerprint, fingerprint
from alqahira.tables import articles, bands, outbox, parts


class Articles(Pages, Reading):
    """The part of the ledger that decides about articles."""

    @persistent
    def set_aside(self, crawled: ArticleItem, run_id: str) -> bool:
        """Keep an article that this run does not cover, so that one that does need not download it.

        False, and nothing done, where a revision of it is in the corpus or on its way there.
        """
        article, visit = crawled.article, crawled.visit
        with self.transaction(grouped=True) as connection:
            newest = self._newest(connection, article.article_id)
            topics = f",{','.join(article.topics)}," if article.topics else ""
            if newest is None or newest.status == "set_aside":
                self._drop_set_aside(connection, newest)
                if article.topics:
                    self._store(connection, article, "set_aside")
            elif self.store.rows(connection, queries.ACCEPTED, {"article_id": article.article_id}):
                return False
            else:
                topics = ""  # it was told already, and dropped
            self._visited(connection, visit, article.date_published or visit.fetched, article.article_id, topics)
        return True

    @persistent
    def set_aside_article(self, key: str, topic: str) -> ArticleItem | None:
        """The article that was set aside under that page, if it has the topic."""
        with self.transaction() as connection:
            page = self._page(connection, key)
            newest = self._newest(connection, page.article_id) if page is not None and page.article_id else None
        if page is None or newest is None or newest.status != "set_aside":
            return None
        article = from_record(json.loads(newest.record))
        if topic not in article.topics:
            return None
        visit = Fetch(
            key=key,
            url=page.url,
            fetched=datetime.fromisoformat(newest.date_crawled),
            etag=page.etag,
            last_modified=page.last_modified,
            discovered_on=page.discovered_on,
        )
        return ArticleItem(article=article, visit=visit)

    @persistent
    def accept(self, crawled: ArticleItem, fingerprint: Fingerprint, *, near_duplicates: str, run_id: str) -> Verdict:
        """Decide and record, in one transaction: revision or duplicate, outbox row, page done."""
        article, visit = crawled.article, crawled.visit
        with self.transaction(grouped=True) as connection:
            if self._is_repeat and (before := self._decided(connection, article, run_id)):
                return before
            newest = self._newest(connection, article.article_id)
            verdict = self._judge(connection, article, newest, fingerprint, near_duplicates)
            if verdict.outcome != "unchanged":
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

    def _judge(
        self, connection: Connection, article: Article, newest: Any, fingerprint: Fingerprint, near_duplicates: str
    ) -> Verdict:
        """`newest`: the row of the article's newest revision, or None."""
        known = None
        if newest is not None:
            seen = datetime.fromisoformat(json.loads(newest.record)["date_first_seen"])
            known = Known(newest.status, newest.revision, newest.content_hash, newest.duplicate_of, seen)
        return judge(article, known, lambda: self._original(connection, article, fingerprint), near_duplicates)

    def _original(self, connection: Connection, article: Article, fingerprint: Fingerprint) -> tuple[str, str] | None:
        """The earlier article that this one repeats, and how: `same_content` or `near_duplicate`."""
        this = {"article_id": article.article_id}
        if rows := self.store.rows(connection, queries.SAME_CONTENT, {"content_hash": article.content_hash, **this}):
            row = rows[0]
            return row.duplicate_of or row.article_id, "same_content"
        own = dict(zip(queries.BAND_NAMES, fingerprint.bands, strict=True))
        shared = [row.article_id for row in self.store.rows(connection, queries.CANDIDATES, own | this)]
        near = first_repeated(article, fingerprint.features, self._candidates(connection, shared))
        return (near, "near_duplicate") if near else None

    def _candidates(self, connection: Connection, shared: Iterable[str]) -> Iterator[Candidate]:
        for candidate in shared:
            if row := self._newest(connection, candidate):
                yield Candidate(candidate, datetime.fromisoformat(row.story_time), partial(_body_of, row.record))

    def _write(self, connection: Connection, verdict: Verdict, before: Any, found: Fingerprint) -> None:
        """`before`: the row of the revision before, or None."""
        article = verdict.article
        self._drop_set_aside(connection, before)
        self._store(connection, article, "accepted" if verdict.is_emitted else "duplicate")
        if article.duplicate_of is None:
            self._index(connection, article.article_id, found, before)
        if verdict.is_emitted:
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

    def _drop_set_aside(self, connection: Connection, newest: Any) -> None:
        """A record that was set aside makes room for another; it is the newest, for nothing follows it."""
        if newest is not None:
            self.store.change(connection, queries.DROP_SET_ASIDE, {"article_id": newest.article_id})

    def _decided(self, connection: Connection, article: Article, run_id: str) -> Verdict | None:
        """What the same run has decided of the same visit, in a transaction whose end it was not told; else None."""
        newest = self._newest(connection, article.article_id)
        if newest is None or newest.status == "set_aside" or newest.content_hash != article.content_hash:
            return None
        found = from_record(json.loads(newest.record))
        if (found.run_id, found.date_crawled) != (run_id, article.date_crawled):
            return None
        if newest.status == "accepted":
            earlier = (articles.c.article_id == found.article_id, articles.c.revision < found.revision)
            accepted = sa.select(articles.c.revision).where(*earlier, articles.c.status == "accepted").limit(1)
            if connection.scalar(accepted) is not None:
                return Verdict("revised", found, "revision")
        cause = ""
        if found.duplicate_of:
            same = self._newest(connection, found.duplicate_of).content_hash == found.content_hash
            cause = "same_content" if same else "near_duplicate"
        return Verdict(newest.status, found, cause)

    def _store(self, connection: Connection, article: Article, status: str) -> None:
        row = {
            "article_id": article.article_id,
            "revision": article.revision,
            "status": status,
            "content_hash": article.content_hash,
            "duplicate_of": article.duplicate_of,
            "story_time": rfc3339(story_time(article)),
            "date_crawled": rfc3339(article.date_crawled),
            "record": to_json_line(to_record(article)),
        }
        self.store.change(connection, queries.STORE_ARTICLE, row)


def _body_of(line: str) -> str:
    body: str = json.loads(line)["article_body"]
    return body
