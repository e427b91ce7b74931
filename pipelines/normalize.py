"""First step: stamp on the article what its page cannot know (the run, the way here) and refuse what is no record."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem

from alqahira.account import Outcome
from pipelines import Step

if TYPE_CHECKING:
    from alqahira.article import Article
    from alqahira.page import CrawledArticle

# What stands where bytes could not be read as text (Unicode, REPLACEMENT CHARACTER).
_REPLACEMENT = "\ufffd"


class Normalize(Step):
    """Every text of the article is already display text (`extract_article` cleans); here it becomes a record."""

    def process_item(self, item: CrawledArticle) -> CrawledArticle:
        article = item.article
        if cause := self._why_no_record(article):
            now = item.visit.fetched
            self.run.ledger.fail(item.visit.key, cause, retry=False, now=now, run_id=self.run.run_id)
            self.run.settle(item.visit.key, Outcome.FAILED, cause)
            raise DropItem(cause)
        self._drop_defects(article)
        article.discovered_on = item.visit.discovered_on
        article.date_crawled = item.visit.fetched
        article.date_first_seen = article.date_first_seen or item.visit.fetched
        article.run_id = self.run.run_id
        return item

    def _why_no_record(self, article: Article) -> str | None:
        if _REPLACEMENT in article.headline or _REPLACEMENT in article.article_body:
            return "bad_encoding"
        if len(article.headline) > self.run.crawler.settings.getint("ALQAHIRA_MAX_HEADLINE"):
            return "headline_too_long"
        return None

    def _drop_defects(self, article: Article) -> None:
        """Take out of the lesser fields what could not be decoded, and count it."""
        for field in fields(article):
            value = getattr(article, field.name)
            if isinstance(value, str) and _REPLACEMENT in value:
                setattr(article, field.name, None)
            elif isinstance(value, list) and any(_REPLACEMENT in text for text in value):
                setattr(article, field.name, [text for text in value if _REPLACEMENT not in text])
            else:
                continue
            self.run.account.notes[f"undecodable/{field.name}"] += 1
