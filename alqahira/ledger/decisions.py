"""The rules for what becomes of an article, shared by pipelines, ledger and corpus job. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from itemadapter import ItemAdapter

from alqahira.article import Article
from alqahira.extraction.items import Fetch
from alqahira.ledger.frontier import CLOCK_TOLERANCE
from alqahira.ledger.same_article import (
    ANOTHER_STORY,
    OTHER_LANGUAGE,
    SAME_TEXT,
    contradicts_address,
    difference,
    is_arabic,
)
from alqahira.text.dates import cairo_day
from alqahira.text.entities import match_entities
from alqahira.text.near_duplicates import Features, features, same_story
from alqahira.text.normalization import REPLACEMENT

# A repeated story counts as a duplicate within this time; later it is news again.
STORY_WINDOW = timedelta(hours=72)
UNKNOWN_DAY = "unknown"
# A change of metadata alone is a revision if the one before is at least this old.
METADATA_PAUSE = timedelta(days=1)
LATER = "metadata_later"  # the cause of UNCHANGED where it is not
# The exact rule is applied to at most this many candidates, most shared bands first.
MAX_CANDIDATES = 16


class Outcome(StrEnum):
    """What can become of an article."""

    ACCEPTED = "accepted"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    OFF_TOPIC = "off_topic"
    NOT_ARTICLE = "not_article"  # an infographic, an album, a video
    QUARANTINED = "quarantined"  # the page did not answer with the article that was asked for
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided: ACCEPTED (cause `revision`: not for the first time), UNCHANGED, DUPLICATE or QUARANTINED."""

    outcome: Outcome
    article: Article
    cause: str = ""

    @property
    def is_published(self) -> bool:
        return self.outcome is Outcome.ACCEPTED


class Reason(StrEnum):
    """Why there is a revision: `revision_reason` of the record."""

    TEXT = "text"
    METADATA = "metadata"  # date, topics, tags, caption, image
    REMOVED = "removed"  # the page is gone
    RETURNED = "returned"


class StoredArticle(NamedTuple):
    """The newest stored revision of an article. `status`: ACCEPTED or DUPLICATE."""

    status: Outcome
    revision: int
    content_hash: str
    duplicate_of: str | None
    article: Article


class Candidate(NamedTuple):
    """An article that shares bands with the one to be decided about."""

    article_id: str
    published_or_seen: datetime
    body: Callable[[], str]  # called only for those within the window


# --- normalize ----------------------------------------------------------------------------------


def rejection_reason(article: Article, *, max_headline: int) -> str | None:
    """Why the article cannot become a record, or None. `max_headline`: characters."""
    if REPLACEMENT in article.headline or REPLACEMENT in article.article_body:
        return "bad_encoding"
    return "headline_too_long" if len(article.headline) > max_headline else None


def drop_defects(article: Article) -> list[str]:
    """Remove text that could not be decoded from fields other than headline and body; returns their names."""
    fields, dropped = ItemAdapter(article), []
    for name, value in fields.items():
        if isinstance(value, str) and REPLACEMENT in value:
            fields[name] = None
        elif isinstance(value, list) and any(REPLACEMENT in text for text in value):
            fields[name] = [text for text in value if REPLACEMENT not in text]
        else:
            continue
        dropped.append(name)
    return dropped


def stamp(article: Article, fetch: Fetch, run_id: str) -> None:
    """Fill in what is not on the page: the run, the time, and the listing that led to it."""
    article.discovered_on = fetch.discovered_on
    article.date_crawled = fetch.fetched
    article.date_first_seen = article.date_first_seen or fetch.fetched
    article.run_id = run_id
    article.published_day = published_day(article)


# --- classify -----------------------------------------------------------------------------------


def labels(article: Article) -> list[str]:
    """What the page is filed under, as keywords for `match_topics`: its tags, and the site's own categories."""
    return [*article.keywords, *article.article_sections]


def classify(article: Article, terms: Mapping[str, Sequence[str]]) -> None:
    """Fill in the topics and terms that `match_topics` gave, and the states and organizations that the text names."""
    article.topics = sorted(terms)
    article.topic_terms = list(dict.fromkeys(term for topic in article.topics for term in terms[topic]))
    article.countries, article.organizations, article.mentions = match_entities(article.headline, article.article_body)


def skip_reason(article: Article, *, has_headline: bool = True) -> str | None:
    """Why the article is not for the corpus, or None: the corpus takes what is on any topic, from either spider.

    `decide` has to see a text that cannot be the article of its address. `has_headline`: the page itself has one.
    """
    return None if article.topics or suspicion(article, has_headline=has_headline) else "no_topic"


# --- deduplicate --------------------------------------------------------------------------------


def decide(
    article: Article,
    newest: StoredArticle | None,
    original: Callable[[], tuple[str, str] | None],
    near_duplicates: str,
    *,
    is_repeated: bool = False,
    is_withdrawn: Callable[[], bool] = lambda: False,
    has_headline: bool = True,
) -> Verdict:
    """Decide whether an article is new, revised, unchanged, a duplicate, or another one than its page had before.

    A change of metadata alone (`differs_in_metadata`) is a revision at most once a day; until then the article is
    UNCHANGED by LATER. `is_repeated`: many pages of the run show its text. `is_withdrawn`: the newest revision turned
    out to be the text of many after it was published. `has_headline`: the page itself has one.
    Fills in revision, revision_reason, date_first_seen and duplicate_of. `original` returns the earlier article that
    this one repeats, and how (`same_content`, `near_duplicate`). It and `is_withdrawn` are called only if needed.
    """
    if newest is not None:
        article.date_first_seen = newest.article.date_first_seen
        reason, why_not = revision_reason(article, newest)
        if reason is None:
            article.revision, article.revision_reason = newest.revision, newest.article.revision_reason
            if is_repeated and is_withdrawn():
                return Verdict(Outcome.QUARANTINED, article, SAME_TEXT)
            return Verdict(Outcome.UNCHANGED, article, why_not)
        article.revision, article.revision_reason = newest.revision + 1, reason.value
    if is_repeated:
        return Verdict(Outcome.QUARANTINED, article, SAME_TEXT)
    cause = quarantine_cause(article, newest, has_headline=has_headline)
    if cause and newest is not None and is_withdrawn():
        cause = suspicion(article, has_headline=has_headline)
    if cause:
        return Verdict(Outcome.QUARANTINED, article, cause)
    if newest is not None and newest.status is Outcome.ACCEPTED:
        article.duplicate_of = newest.duplicate_of
        return Verdict(Outcome.ACCEPTED, article, "revision")
    repeated = None if near_duplicates == "off" else original()
    if repeated is None:
        return Verdict(Outcome.ACCEPTED, article)
    article.duplicate_of, cause = repeated
    return Verdict(Outcome.ACCEPTED if near_duplicates == "mark" else Outcome.DUPLICATE, article, cause)


def revision_reason(article: Article, newest: StoredArticle) -> tuple[Reason | None, str]:
    """Why what a page has now is a revision; None and the cause of UNCHANGED if it is none."""
    before = newest.article
    if before.date_removed is not None:
        return Reason.RETURNED, ""
    if newest.content_hash != article.content_hash:
        return Reason.TEXT, ""
    has_date_at_last = before.date_published is None and article.date_published is not None
    is_other = newest.status is Outcome.ACCEPTED and differs_in_metadata(article, before)
    if not has_date_at_last and not is_other:
        return None, "same_content"
    if has_date_at_last and before.revision_reason != Reason.METADATA:
        return Reason.METADATA, ""
    assert article.date_crawled is not None
    assert before.date_crawled is not None
    # A revision of the future is of a clock that was wrong.
    is_soon = -CLOCK_TOLERANCE < article.date_crawled - before.date_crawled < METADATA_PAUSE
    return (None, LATER) if is_soon else (Reason.METADATA, "")


def differs_in_metadata(article: Article, before: Article) -> bool:
    """Whether date (to the minute), topics, tags, caption or image are other ones.

    What the page does not have any more is no change, as its layout may have changed; nor is the order of tags, nor the
    query of an image's address, which is often a version or a size.
    """
    if article.topics != before.topics and (labels(article) or not labels(before)):
        return True
    dates = (article.date_published, before.date_published)
    if dates[0] and dates[1] and abs(dates[0] - dates[1]) >= timedelta(minutes=1):
        return True
    pairs = [
        (sorted(article.keywords), sorted(before.keywords)),
        (article.image_caption, before.image_caption),
        *[((a.image_url or "").partition("?")[0] for a in (article, before))],
    ]
    return any(new and new != old for new, old in pairs)


def removal(newest: StoredArticle, when: datetime, run_id: str) -> Article:
    """The revision that says that an article's page is gone."""
    return replace(
        newest.article,
        revision=newest.revision + 1,
        revision_reason=Reason.REMOVED.value,
        date_removed=when,
        date_crawled=when,
        run_id=run_id,
        published_day=published_day(newest.article),  # which lines of older versions lack
    )


def quarantine_cause(article: Article, newest: StoredArticle | None, *, has_headline: bool) -> str | None:
    """Why a page's text is not taken for its article, or None. `newest`: the last revision, whose text is another."""
    if newest is None:
        return suspicion(article, has_headline=has_headline)
    cause = difference(newest.article, article)
    # A duplicate is not in the corpus: its page may tell another story.
    return None if cause == ANOTHER_STORY and newest.status is not Outcome.ACCEPTED else cause


def suspicion(article: Article, *, has_headline: bool) -> str | None:
    """Why a page cannot be the article of its address, whatever it was before: a cause of quarantine, or None."""
    if not is_arabic(article):
        return OTHER_LANGUAGE
    return ANOTHER_STORY if contradicts_address(article, article.url, has_headline=has_headline) else None


def published_or_seen(article: Article) -> datetime:
    """When the article was published, or else first seen."""
    moment = article.date_published or article.date_first_seen
    assert moment is not None
    return moment


def publication_day(article: Article) -> str:
    """The Cairo day on which the article was published; `unknown` if it has no date."""
    return published_day(article) or UNKNOWN_DAY


def published_day(article: Article) -> str | None:
    """The Cairo day on which the article was published, YYYY-MM-DD; None if it has no date."""
    return str(cairo_day(article.date_published)) if article.date_published else None


def find_duplicate(article: Article, own: Features, candidates: Iterable[Candidate]) -> str | None:
    """The first candidate within the window that is the same story by the exact rule."""
    moment = published_or_seen(article)
    for candidate in candidates:
        is_near = abs(candidate.published_or_seen - moment) <= STORY_WINDOW
        if is_near and same_story(own, features(candidate.body())):
            return candidate.article_id
    return None
