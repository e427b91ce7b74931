"""The demo's articles as they stand at one fixed moment, by the road of an article but without the crawl.

A crawl's answers depend on the time of day: the replica's stories age, and some say `three hours ago`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ledger_scenario import accept, opened, publisher

from alqahira.extraction.extractor import read_page
from alqahira.extraction.items import ArticleItem, Fetch
from alqahira.replica.newsroom import Newsroom
from alqahira.replica.options import ReplicaOptions
from alqahira.replica.pages import Pages
from alqahira.text.topics import match_topics

MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def make_demo_corpus(folder: Path) -> Path:
    """The output folder; the articles are taken oldest first, and near-duplicates dropped."""
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
            terms = match_topics(article.headline, article.article_body, article.keywords)
            if not terms:
                continue
            article.topics = sorted(terms)
            article.topic_terms = list(dict.fromkeys(term for topic in article.topics for term in terms[topic]))
            article.date_first_seen = article.date_crawled = MOMENT
            article.run_id = "demo"
            accept(
                ledger,
                ArticleItem(article=article, fetch=Fetch(key=article.article_id, url=url, fetched=MOMENT)),
            )
        parts.seal_all()
    return output
