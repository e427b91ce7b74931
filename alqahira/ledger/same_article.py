"""Whether a page tells the article of its address or of its last revision, and whether many show one text. Pure.

Stems are the different words of a folded text without the commonest prefixes. docs/reliability.md has the rule and its
measurements.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from alqahira import site
from alqahira.article import Article
from alqahira.text.normalization import fold_text

# Causes of quarantine.
OTHER_LANGUAGE = "other_language"  # the page is hardly in Arabic
OTHER_LAYOUT = "other_layout"  # another text, without the site's markup and page data
NO_LONGER_ON_TOPIC = "no_longer_on_topic"  # another text, on none of the topics
ANOTHER_STORY = "another_story"  # than the last revision, or, at first sight, than the address names
SAME_TEXT = "same_text"  # many pages of a run show one text

# A text shares this part of the shorter one's stems with its last revision: less in a text that has fewer stems than
# _SHORT, which may be a first line that was written anew; more if the page lost its layout or its topics.
_SHARED, _SHARED_SHORT, _SHARED_IF_LOST = 0.35, 0.2, 0.5
_SHORT = 50
_SHARED_HEADLINE, _SHORTEST_HEADLINE = 0.6, 3  # of its stems, how many
_ARABIC_SHARE, _BEGINNING = 0.5, 500  # of the letters, in so many characters of the body
_PREFIXES = ("وال", "بال", "كال", "فال", "لل", "ال")
_SHORTEST_STEM = 3
_KNOWN_LAYOUTS = ("site", "page_data")

# The site makes an address of the words of the headline. Of so many Arabic ones, a page of another story has a smaller
# part than _OTHER_ADDRESS, and a body at least _OWN_ADDRESS.
_SHORTEST_ADDRESS, _OTHER_ADDRESS, _OWN_ADDRESS = 3, 0.3, 0.6
# This many pages with one text are no story that was posted several times.
MANY = 4
_LETTER, _ARABIC_LETTER = re.compile(r"[^\W\d_]"), re.compile(r"(?=[^\W\d_])[\u0600-\u06ff]")
_ARABIC_WORD = re.compile("[\u0621-\u063a\u0641-\u064a]+")
_WORD_BREAK = re.compile(r"[\W_]+")
_SHORTEST_TEXT = 12  # words of a body that are no set phrase, such as that details follow


def difference(before: Article, after: Article) -> str | None:
    """Why a page does not tell the article of its last revision any more: a cause of quarantine; None if it does."""
    is_lost = lost(before, after)
    if not _is_same_article(before, after, is_lost=bool(is_lost)):
        return is_lost or (None if _is_better(before, after) else ANOTHER_STORY)
    # In the same words, not what it names any more; unless by the site's own date it is the same.
    is_other = contradicts_address(after, before.url) and not contradicts_address(before, before.url)
    return ANOTHER_STORY if is_other and not _has_same_date(before, after) else None


def _is_better(before: Article, after: Article) -> bool:
    """Whether another text than the last revision is the article: its address names it, or it has a date at last."""
    return tells_address(after, before.url) or (own_date(before) is None and own_date(after) is not None)


def lost(before: Article, after: Article) -> str | None:
    """What of an article its page has lost, as a cause of quarantine, or None."""
    if not is_arabic(after):
        return OTHER_LANGUAGE
    if before.layout in _KNOWN_LAYOUTS and after.layout not in _KNOWN_LAYOUTS:
        return OTHER_LAYOUT
    return NO_LONGER_ON_TOPIC if before.topics and not after.topics else None


def is_arabic(article: Article) -> bool:
    """Whether the beginning of an article has as many Arabic letters as others."""
    text = f"{article.headline} {article.article_body[:_BEGINNING]}"
    if len("".join(_ARABIC_WORD.findall(text))) >= _ARABIC_SHARE * len(text):  # nearly all articles
        return True
    return len(_ARABIC_LETTER.findall(text)) >= _ARABIC_SHARE * len(_LETTER.findall(text))


def _is_same_article(before: Article, after: Article, *, is_lost: bool) -> bool:
    texts = stems(f"{before.headline} {before.article_body}"), stems(f"{after.headline} {after.article_body}")
    if is_lost:  # the headline may be that of the listing's card
        return _share(*texts) >= _SHARED_IF_LOST
    headlines = stems(before.headline), stems(after.headline)
    if min(map(len, headlines)) >= _SHORTEST_HEADLINE and _share(*headlines) >= _SHARED_HEADLINE:
        return True
    is_short = min(map(len, texts)) < _SHORT
    # A first line that becomes a story, by the site's own date still the same one.
    if is_short and _has_same_date(before, after):
        return True
    return _share(*texts) >= (_SHARED_SHORT if is_short else _SHARED)


def _has_same_date(before: Article, after: Article) -> bool:
    return own_date(before) is not None and own_date(before) == own_date(after)


def stems(text: str) -> frozenset[str]:
    """The different words of a text of three letters or more, without article and one-letter prefixes."""
    return frozenset([_stem(word) for word in fold_text(text).split() if len(word) >= _SHORTEST_STEM])


@lru_cache(maxsize=1 << 14)  # most words of news are frequent
def _stem(word: str) -> str:
    for prefix in _PREFIXES:
        if word.startswith(prefix) and len(word) >= len(prefix) + _SHORTEST_STEM:
            return word[len(prefix) :]
    return word[1:] if word[0] in "وبلف" and len(word) > _SHORTEST_STEM + 1 else word


def _share(a: frozenset[str], b: frozenset[str]) -> float:
    """The part of the smaller set that is in the other; 1 for an empty one."""
    fewer = min(len(a), len(b))
    return len(a & b) / fewer if fewer else 1.0


def own_date(article: Article) -> datetime | None:
    """The date of publication that the page itself gives in its data or in known markup, or None."""
    source = article.date_published_source
    is_own = source in ("page_data", "jsonld", "meta") or (source == "visible" and article.layout in _KNOWN_LAYOUTS)
    return article.date_published if is_own else None


# --- the words of the address -------------------------------------------------------------------


def contradicts_address(article: Article, url: str, *, has_headline: bool = True) -> bool:
    """Whether a page has hardly a word of those in an article's address. `has_headline`: the headline is its own."""
    share = _address_share(url, article, has_headline=has_headline)
    return share is not None and share < _OTHER_ADDRESS


def tells_address(article: Article, url: str) -> bool:
    """Whether the body has the words of an article's address."""
    share = _address_share(url, article, has_headline=False)
    return share is not None and share >= _OWN_ADDRESS


def _address_share(url: str, article: Article, *, has_headline: bool) -> float | None:
    """The part of an address's words that an article has; None if the address has too few to tell."""
    named = _words_of_address(url)
    if len(named) < _SHORTEST_ADDRESS:
        return None
    missing = named - stems(article.headline) if has_headline else named
    for paragraph in article.article_body.split("\n\n"):
        if not missing:
            break
        missing -= stems(paragraph)
    return 1 - len(missing) / len(named)


@lru_cache(maxsize=64)  # each article's is asked for three times
def _words_of_address(url: str) -> frozenset[str]:
    """The stems of the Arabic words in an article's address."""
    match = site.ARTICLE_PATH.value.match(unquote(urlsplit(url).path))
    words = _WORD_BREAK.sub(" ", (match and match["slug"]) or "")
    return frozenset(filter(_ARABIC_LETTER.match, stems(words)))


# --- one text on many pages ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SeenPage:
    """A page of the run whose text may be that of many: its key, when it was fetched, and its article's address."""

    key: str
    fetched: datetime
    article_id: str
    url: str


class RepeatedTexts:
    """The texts of a run's pages; those that MANY pages show are no articles.

    Two pages have one text if they have one body, or headline and body where that is short; words with digits (a time,
    the number of a request) do not count. Pages with dates of their own have it only if date, headline and body are the
    same, so that a notice that is posted every day stays a notice. A page whose body has the words of its own address
    does not count: six reports in one template about six places have the six places in their addresses.
    """

    def __init__(self) -> None:
        self._pages: dict[bytes, list[SeenPage]] = {}
        self._many: set[bytes] = set()

    def is_repeated(self, article: Article) -> bool:
        """Whether MANY pages were found to show the text."""
        return bool(self._many) and _label(article) in self._many and not tells_address(article, article.url)

    def add(self, page: SeenPage, article: Article) -> list[SeenPage]:
        """Count a page; if MANY show its text now, all of them."""
        label = _label(article)
        pages = self._pages.setdefault(label, [])
        if label in self._many or any(page.key == other.key for other in pages) or tells_address(article, article.url):
            return []
        pages.append(page)
        if len(pages) < MANY:
            return []
        self._many.add(label)
        return self._pages.pop(label)

    def add_known(self, articles: Iterable[Article]) -> None:
        """Take these as texts of many pages, found by an earlier run."""
        self._many.update(map(_label, articles))


_WITH_DIGIT = re.compile(r"\S*\d\S*")


def text_label(text: str) -> bytes:
    """The same for texts that differ in words with digits alone."""
    return _digest(" ".join(_without_digits(text)))


def _without_digits(text: str) -> list[str]:
    return _WITH_DIGIT.sub("", fold_text(text)).split()


def _label(article: Article) -> bytes:
    """The same for pages that show one text."""
    if (date := own_date(article)) is not None:
        return _digest(f"{date} {article.content_hash}")
    body = _without_digits(article.article_body)
    # The headline may be that of the listing's card.
    is_whole = len(body) >= _SHORTEST_TEXT
    return _digest(" ".join(body if is_whole else [*_without_digits(article.headline), *body]))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
