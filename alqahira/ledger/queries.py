"""The statements that the ledger runs for every page, built once and given their values when they run.

To put a statement together costs several times what it costs to run it (docs/performance.md); what runs once a
listing or once a run is built where it is used.
"""

from __future__ import annotations

import sqlalchemy as sa

from alqahira.ledger.decisions import MAX_CANDIDATES
from alqahira.ledger.tables import articles, bands, outbox, pages
from alqahira.text.near_duplicates import BANDS

_ARTICLE = articles.c.article_id == sa.bindparam("article_id")
_OTHERS = articles.c.article_id != sa.bindparam("article_id")

PAGE = sa.select(pages).where(pages.c.key == sa.bindparam("page"))
# The columns to be set are those that are given beside `page`.
SET_PAGE = pages.update().where(pages.c.key == sa.bindparam("page"))

NEWEST = sa.select(articles).where(_ARTICLE).order_by(articles.c.revision.desc()).limit(1)
ACCEPTED = sa.select(articles.c.revision).where(_ARTICLE, articles.c.status == "accepted").limit(1)
STORE_ARTICLE = articles.insert()

SAME_CONTENT = (
    sa.select(articles.c.article_id, articles.c.duplicate_of)
    .where(articles.c.content_hash == sa.bindparam("content_hash"), _OTHERS)
    .order_by(articles.c.date_crawled)
    .limit(1)
)
# A name for each band's value: a statement whose text depends on their number is put together for every article.
BAND_NAMES = tuple(f"band_{number}" for number in range(BANDS))
CANDIDATES = (
    sa.select(bands.c.article_id)
    .where(bands.c.band.in_([sa.bindparam(name) for name in BAND_NAMES]))
    .where(bands.c.article_id != sa.bindparam("article_id"))
    .group_by(bands.c.article_id)
    .order_by(sa.func.count().desc(), bands.c.article_id)
    .limit(MAX_CANDIDATES)
)
STORE_BANDS = bands.insert()
STORE_OUTBOX = outbox.insert()
