"""Fills an empty ledger from the parts of a corpus."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from alqahira.article import Article, rfc3339
from alqahira.extraction.urls import article_number, site_name
from alqahira.ledger.articles import Articles, fetched_at
from alqahira.ledger.decisions import Outcome, published_or_seen
from alqahira.ledger.pages import AT_ONCE
from alqahira.ledger.runs import CHECKPOINTS, CORPUS_FOLDER, CORPUS_ID, GENERATION, set_meta_value
from alqahira.ledger.stored_records import article_of
from alqahira.ledger.tables import PageState, articles, pages, parts
from alqahira.ledger.transactions import transactional
from alqahira.text.near_duplicates import fingerprint

_CHUNK = 500  # articles whose pages are entered together
_PageValues = dict[str, Any]


class RestoredPart(NamedTuple):
    """A sealed part to be entered. `row`: the columns of `parts`; `lines`: its records, and each as an article."""

    row: Mapping[str, object]
    lines: Sequence[tuple[dict[str, Any], Article]]


class Restoring(Articles):
    """The part of the ledger that is filled again from what was published."""

    @transactional()
    def restore(
        self,
        connection: Connection,
        read: Callable[[], Iterable[RestoredPart]],
        corpus_id: str | None,
        generation: int,
        checkpoints: Sequence[str],
        folder: str,
    ) -> None:
        """Enter the sealed parts of a corpus into an empty ledger, as if it had published them; all or none.

        `read` yields the parts, each time that it is called; `corpus_id` may be None for an older corpus.
        """
        site = None
        for part in read():
            if site is None and part.lines:
                site = site_name(part.lines[0][1].url)
            self._restore_part(connection, part)
        self._restore_pages(connection)
        set_meta_value(connection, "site", site)
        if corpus_id is not None:
            set_meta_value(connection, CORPUS_ID, corpus_id)
            set_meta_value(connection, CORPUS_FOLDER, folder)
        set_meta_value(connection, GENERATION, str(generation))
        set_meta_value(connection, CHECKPOINTS, json.dumps([*checkpoints]))
        self.store.restored(connection)

    def _restore_part(self, connection: Connection, part: RestoredPart) -> None:
        connection.execute(parts.insert().values(sealed=1, **part.row))
        for record, article in part.lines:
            before = self._newest(connection, article.article_id)
            # As the line has it, which may be of an older version, so that the part can be made again.
            own = record | {"position": None} if "position" in record else record
            self._store(connection, article, Outcome.ACCEPTED, own)
            # A revision may be in an earlier part than the one before it, if its day changed.
            if before is not None and before.revision > article.revision:
                pass
            elif article.date_removed is not None:
                self._unindex(connection, before)
            elif article.duplicate_of is None:
                self._index(connection, article.article_id, fingerprint(article.article_body), before)
            day, sequence = str(part.row["day"]), part.row["sequence"]
            self._queue(connection, article, day=day, part=sequence, published_position=article.position)

    def _restore_pages(self, connection: Connection) -> None:
        """Enter the page of every article, to be visited by its schedule: it may have moved, which only it tells.

        The page to which a revision names a move is due at once, and its article's first address no more.
        """
        last, moved = "", list[_PageValues]()
        of_next = sa.select(articles.c.article_id).distinct().order_by(articles.c.article_id).limit(_CHUNK)
        while ids := connection.scalars(of_next.where(articles.c.article_id > last)).all():
            rows = []
            for last in ids:
                newest = self._newest(connection, last)
                assert newest is not None
                article = article_of(newest.record)
                due = self._revisit.next_visit(published_or_seen(article), fetched_at(article))
                if (home := article_number(article.url) or last) != last:
                    due = None
                    moved.append(_restored_page(home, article, AT_ONCE))
                rows.append(_restored_page(last, article, due))
            connection.execute(pages.insert(), rows)
        for row in moved:
            connection.execute(pages.delete().where(pages.c.key == row["key"]))
            connection.execute(pages.insert().values(row))


def _restored_page(key: str, article: Article, due: datetime | None) -> _PageValues:
    return {
        "key": key,
        "url": article.url,
        "section": article.run_id.partition("-")[2],
        "state": PageState.DONE,
        "first_run": article.run_id,
        "article_id": article.article_id,
        "last_visit": rfc3339(article.date_crawled),
        "next_visit": rfc3339(due),
    }
