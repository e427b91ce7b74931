"""Any number of generated articles, the same for the same number and anchor day, each unlike the others.

An article is put together from the clauses of `vocabulary.toml`: no two share more than a few of them, and these
with other numbers and places. Listings and sitemaps need an `outline` alone, for which no text is made.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from random import Random
from typing import Any, NamedTuple

from alqahira.replica.article import ReplicaArticle, make_slug
from alqahira.replica.body import paragraph
from alqahira.replica.images import rendition, stamped_image
from alqahira.replica.options import CAIRO
from alqahira.replica.printed_dates import FORMS, print_date

FIRST_NUMBER = 200_001
PUBLISHED_LATER = 900_001  # numbers of the articles published while the replica runs; all are posts
# Of a hundred articles; two thirds are on topic.
_SHARES = {"defense": 27, "foreign_affairs": 27, "both": 13, "economy": 12, "sport": 11, "culture": 10}
_KINDS = tuple(kind for kind, share in _SHARES.items() for _ in range(share))
_TOPICS = {"both": ("defense", "foreign_affairs")} | {name: (name,) for name in ("defense", "foreign_affairs")}
_BETWEEN = timedelta(minutes=10)  # 144 articles a day, about as many as a news site publishes
_FORMS = tuple(FORMS)
# These of a hundred articles are no posts.
_NO_POSTS = {31: "infographic", 32: "infographic", 57: "album", 78: "video", 79: "video"}
_WORDS = tomllib.loads(resources.files("alqahira.replica").joinpath("vocabulary.toml").read_text("utf-8"))
_WORDS["both"]["clauses"] = _WORDS["defense"]["clauses"] + _WORDS["foreign_affairs"]["clauses"]
_DAYS_OLD = 40  # the greatest age of the picture of every third story


class Outline(NamedTuple):
    """The properties of an article that need no text."""

    listed: datetime
    number: int
    category: str
    tags: tuple[str, ...]
    kind: str = "post"


def _mix(number: int, salt: int) -> int:
    """A scattered 32-bit number, cheap and the same everywhere (the finalizer of MurmurHash3)."""
    h = (number * 0x9E3779B1 + salt * 0x85EBCA6B) & 0xFFFFFFFF
    h = ((h ^ h >> 16) * 0x85EBCA6B) & 0xFFFFFFFF
    h = ((h ^ h >> 13) * 0xC2B2AE35) & 0xFFFFFFFF
    return h ^ h >> 16


class Generator:
    """Articles by number, from `FIRST_NUMBER` (the newest) on, every ten minutes back from the anchor day's start."""

    def __init__(self, today: date) -> None:
        self._start = datetime.combine(today, time(0), CAIRO).astimezone(UTC)

    def outline(self, number: int) -> Outline:
        """Time, category, tags and kind of the article."""
        words = _WORDS[self._kind(number)]
        categories, tags = words["categories"], words["tags"]
        first = _mix(number, 4) % len(tags)
        second = (first + 1 + _mix(number, 5) % (len(tags) - 1)) % len(tags)
        return Outline(
            listed=self._start - _BETWEEN * (number - FIRST_NUMBER + 1) + timedelta(seconds=number * 17 % 60),
            number=number,
            category=categories[_mix(number, 2) % len(categories)],
            tags=(tags[first], tags[second], _WORDS["countries"][self._country(number)][0]),
            kind="post" if number >= PUBLISHED_LATER else _NO_POSTS.get(_mix(number, 6) % 100, "post"),
        )

    def article(self, number: int) -> ReplicaArticle:
        """The whole article."""
        outline, topic, random = self.outline(number), self._kind(number), Random(number)
        fill = self._filler(random, self._country(number))
        words = _WORDS[topic]
        headline = fill(random.choice(words["headlines"]))
        credit, author, agency = random.choice(_WORDS["credits"])
        is_post = outline.kind == "post"
        if not is_post:
            headline = fill(random.choice(_WORDS["pictures"][outline.kind]))
        uploaded = outline.listed - timedelta(minutes=random.randrange(3, 40))
        if number % 3 == 0:
            uploaded -= timedelta(days=random.randrange(_DAYS_OLD))
        blocks = tuple(paragraph(text) for text in self._paragraphs(words, fill, random)) if is_post else ()
        pictures = (
            stamped_image(outline.listed - timedelta(minutes=n + 2), random.randrange(10**6))
            for n in range({"infographic": 1, "album": 6}.get(outline.kind, 0))
        )
        image = stamped_image(uploaded, number)
        return ReplicaArticle(
            **outline._asdict(),
            slug=make_slug(headline),
            headline=headline,
            blocks=blocks,
            pictures=tuple(pictures),
            credit=credit,
            authors=(author,) if author else (),
            agencies=(agency,) if agency else (),
            topics=_TOPICS.get(topic, ()) if is_post else (),
            not_article=None if is_post else outline.kind,
            caption=fill("صورة أرشيفية من {city}"),
            image_src=rendition(image),
            image_url=image,
            visible_date=print_date(_FORMS[number % len(_FORMS)], outline.listed.astimezone(CAIRO)),
        )

    def _paragraphs(self, words: dict[str, Any], fill: Callable[[str], str], random: Random) -> list[str]:
        """The lead and three or four paragraphs of two clauses each, no clause twice."""
        count = random.randrange(3, 5)
        clauses = [fill(clause) for clause in random.sample(words["clauses"], 2 * count)]
        openers = random.sample(_WORDS["openers"], count)
        joints = random.sample(_WORDS["joints"], count)
        lead = fill(random.choice(words["leads"]))
        rest = zip(openers, clauses[:count], joints, clauses[count:], strict=True)
        return [f"{lead}.", *(f"{opener} {first}، {joint} {second}." for opener, first, joint, second in rest)]

    def _filler(self, random: Random, country: int) -> Callable[[str], str]:
        """Fills the slots of a pattern; the two countries stay the same throughout an article, all else varies."""
        countries = _WORDS["countries"]
        other = (country + random.randrange(1, len(countries))) % len(countries)
        names = dict(zip(("c", "cm", "cf", "cap"), countries[country], strict=True))
        names |= zip(("d", "dm", "df", "dcap"), countries[other], strict=True)

        def fill(pattern: str) -> str:
            return pattern.format(
                n=random.randrange(11, 100),
                m=random.randrange(30, 100),
                k=100 * random.randrange(2, 100),
                city=random.choice(_WORDS["cities"]),
                day=random.choice(_WORDS["days"]),
                month=random.choice(_WORDS["months"]),
                **names,
            )

        return fill

    def _kind(self, number: int) -> str:
        return _KINDS[_mix(number, 1) % len(_KINDS)]

    def _country(self, number: int) -> int:
        return _mix(number, 3) % len(_WORDS["countries"])
