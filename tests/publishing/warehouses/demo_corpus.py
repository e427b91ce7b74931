"""The corpus of the demo at a fixed time, made without a crawl, whose result depends on the time of day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ledger_scenario import accept, opened, publisher

from alqahira.extraction.extractor import read_page
from alqahira.extraction.items import ArticleItem, Fetch
from alqahira.ledger.decisions import classify, labels, skip_reason, stamp
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import Pages
from alqahira.text.topics import match_topics

MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def make_demo_corpus(folder: Path) -> Path:
    """The output folder: articles accepted oldest first, near-duplicates dropped."""
    options = ReplicaOptions(now=MOMENT)
    newsroom = Newsroom(options, real_now=MOMENT)
    pages = Pages(options, newsroom)
    output = folder / "output"
    with opened(folder) as ledger:
        parts = publisher(ledger, output, max_rows=5_000)
        for shown in sorted(newsroom.articles(), key=lambda article: (article.listed, article.number)):
            url = pages.url(shown)
            article = read_page(pages.article(shown), url, now=MOMENT).article
            if article is None:
                continue
            classify(article, match_topics(article.headline, article.article_body, labels(article)))
            if skip_reason(article):
                continue
            fetch = Fetch(key=article.article_id, url=url, fetched=MOMENT)
            stamp(article, fetch, "demo")
            accept(ledger, ArticleItem(article=article, fetch=fetch))
        parts.seal_all()
    return output
