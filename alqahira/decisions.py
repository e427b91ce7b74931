"""What becomes of an article that was read: the rules that pipelines, ledger and corpus job share. Pure.

They know nothing of where articles are kept: the ledger asks them with rows of its tables, the corpus job
(`alqahira/corpus`) with what one group of articles holds in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import NamedTuple

from alqahira.arabic import REPLACEMENT
from alqahira.arguments import CrawlArguments
from alqahira.article import Article
from alqahira.dates import cairo_day
from alqahira.page import Fetch
from alqahira.similarity import Features, features, same_story

# The same wire story elsewhere counts as a duplicate within this time; later it is news again.
STORY_WINDOW = timedelta(hours=72)
# The exact rule is asked of at most this many candidates, most shared bands first.
MAX_CANDIDATES = 16
_FIELDS = tuple(field.name for field in fields(Article))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided: accepted, revised, unchanged or duplicate; `article` has its revision filled in."""

    outcome: str
    article: Article
    cause: str = ""

    @property
    def is_emitted(self) -> bool:
        return self.outcome in ("accepted", "revised")


class Known(NamedTuple):
    """The newest that is known of an article. `status`: accepted, duplicate or set_aside."""

    status: str
    revision: int
    content_hash: str
    duplicate_of: str | None
    date_first_seen: datetime


class Candidate(NamedTuple):
    """An article that shares bands with the one in question."""

    article_id: str
    story_time: datetime
    body: Callable[[], str]  # asked only of those within the window


# --- normalize ----------------------------------------------------------------------------------


def why_no_record(article: Article, *, max_headline: int) -> str | None:
    """Why it cannot become a record, or None. `max_headline`: characters."""
    if REPLACEMENT in article.headline or REPLACEMENT in article.article_body:
        return "bad_encoding"
    return "headline_too_long" if len(article.headline) > max_headline else None


def drop_defects(article: Article) -> list[str]:
    """Take out of the lesser fields what could not be decoded; the names of those fields."""
    dropped = []
    for name in _FIELDS:
        value = getattr(article, name)
        if isinstance(value, str) and REPLACEMENT in value:
            setattr(article, name, None)
        elif isinstance(value, list) and any(REPLACEMENT in text for text in value):
            setattr(article, name, [text for text in value if REPLACEMENT not in text])
        else:
            continue
        dropped.append(name)
    return dropped


def stamp(article: Article, visit: Fetch, run_id: str) -> None:
    """What a page cannot know of itself: the run, the moment, the way here."""
    article.discovered_on = visit.discovered_on
    article.date_crawled = visit.fetched
    article.date_first_seen = article.date_first_seen or visit.fetched
    article.run_id = run_id


# --- classify -----------------------------------------------------------------------------------


def take_topics(article: Article, terms: Mapping[str, Sequence[str]]) -> None:
    """Write down what `match_topics` found."""
    article.topics = sorted(terms)
    article.topic_terms = list(dict.fromkeys(term for topic in article.topics for term in terms[topic]))


def why_not_covered(article: Article, topic: str | None, arguments: CrawlArguments) -> str | None:
    """Why a run of a section sets it aside, or None. `topic`: the section's; None where any will do."""
    if not article.topics:
        return "no_topic"
    if topic is not None and topic not in article.topics:
        return "other_section"
    if not arguments.covers(cairo_day(article.date_published) if article.date_published else None):
        return "outside_days"
    return None


# --- deduplicate --------------------------------------------------------------------------------


def judge(
    article: Article,
    newest: Known | None,
    original: Callable[[], tuple[str, str] | None],
    near_duplicates: str,
) -> Verdict:
    """New, revised, unchanged, or told already? Fills in revision, date_first_seen and duplicate_of.

    `original`: the earlier article that this one repeats, and how (`same_content`, `near_duplicate`); asked only
    where it matters.
    """
    if newest is not None:
        article.date_first_seen = newest.date_first_seen
        if newest.status != "set_aside" and newest.content_hash == article.content_hash:
            article.revision = newest.revision
            return Verdict("unchanged", article, "same_content")
        article.revision = newest.revision + (newest.content_hash != article.content_hash)
        if newest.status == "accepted":
            article.duplicate_of = newest.duplicate_of
            return Verdict("revised", article, "revision")
    found = None if near_duplicates == "off" else original()
    if found is None:
        return Verdict("accepted", article)
    article.duplicate_of, cause = found
    return Verdict("accepted" if near_duplicates == "mark" else "duplicate", article, cause)


def story_time(article: Article) -> datetime:
    """When it was news: published, or else first seen."""
    moment = article.date_published or article.date_first_seen
    assert moment is not None
    return moment


def first_repeated(article: Article, found: Features, candidates: Iterable[Candidate]) -> str | None:
    """The first candidate within the window that tells the same story by the exact rule."""
    moment = story_time(article)
    for candidate in candidates:
        if abs(candidate.story_time - moment) > STORY_WINDOW:
            continue
        if same_story(found, features(candidate.body())):
            return candidate.article_id
    return None
