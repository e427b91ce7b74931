"""Precision and recall of deduplication on generated pairs, through the ledger's own decision.

    python benchmarks/deduplication.py [--pairs 1200] [--seed 1] [--errors]

The first article of every pair is accepted into one ledger, then every second one: a pair is matched if the ledger
calls the second a duplicate of the first. This measures candidates (bands), the exact rule and wrong matches among all
other articles together. Texts come from the replica's generator; a class is the kind of change.

After these, the pairs of tests/data/near_duplicate_pairs.toml, written by hand, by the exact rule alone.
"""

from __future__ import annotations

import argparse
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import combinations
from pathlib import Path
from random import Random

from alqahira.article import Article
from alqahira.extraction.items import ArticleItem, Fetch
from alqahira.ledger import open_ledger
from alqahira.replica.generator import FIRST_NUMBER, Generator
from alqahira.text.near_duplicates import content_hash, fingerprint, is_near_duplicate
from alqahira.text.normalization import fold_text

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
_GENERATOR = Generator(date(2026, 11, 24))
_ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@dataclass(frozen=True, slots=True)
class Text:
    """A headline and the paragraphs of a body."""

    headline: str
    paragraphs: list[str]

    @property
    def body(self) -> str:
        return "\n\n".join(self.paragraphs)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts, the kind of change from the first to the second, and whether both are the same story."""

    kind: str
    is_same: bool
    first: Text
    second: Text


class Stories:
    """An endless supply of stories, no two alike."""

    def __init__(self) -> None:
        self._number = FIRST_NUMBER

    def next(self) -> Text:
        while not (article := _GENERATOR.article(self._number)).blocks:  # an album, a video
            self._number += 1
        self._number += 1
        return Text(article.headline, [block.text for block in article.blocks])


# --- the same story -----------------------------------------------------------------------------


def edit(text: Text, share: float, random: Random, words: list[str], *, run: int) -> Text:
    """Replace, drop or insert that share of the words, `run` in a row; never a number: that is another report."""
    marked = [[paragraph, paragraph.split()] for paragraph in text.paragraphs]
    places = [
        (p, w)
        for p, (_, split) in enumerate(marked)
        for w in range(len(split) - run + 1)
        if not any(any(map(str.isdigit, word)) for word in split[w : w + run])
    ]
    wanted = max(1, round(share * sum(len(split) for _, split in marked) / run))
    random.shuffle(places)
    taken: set[tuple[int, int]] = set()
    chosen: list[tuple[int, int]] = []
    for p, w in places:
        if len(chosen) == wanted:
            break
        if not taken & {(p, w + i) for i in range(run)}:
            chosen.append((p, w))
            taken |= {(p, w + i) for i in range(run)}
    for p, w in sorted(chosen, reverse=True):
        fresh = [random.choice(words) for _ in range(run)]
        split = marked[p][1]
        match random.choice(("replace", "replace", "drop", "insert")):
            case "replace":
                split[w : w + run] = fresh
            case "drop":
                del split[w : w + run]
            case _:
                split[w:w] = fresh
    return Text(text.headline, [" ".join(split) for _, split in marked])


def other_forms(text: Text, random: Random) -> Text:
    """The same words with other alefs, digits, tatweels, diacritics and punctuation."""

    def rewrite(word: str) -> str:
        word = word.translate(_ARABIC_DIGITS).replace("أ", "ا").replace("إ", "ا").replace("آ", "ا")
        word = word.replace("،", "" if random.random() < 0.5 else " -").replace(".", "!")
        if len(word) > 4 and word.isalpha() and random.random() < 0.3:
            word = word[:2] + "ـ" + word[2:]
        if len(word) > 3 and word.isalpha() and random.random() < 0.3:
            word = word[:1] + "َ" + word[1:]
        return word

    return Text(text.headline, [" ".join(rewrite(word) for word in p.split()) for p in text.paragraphs])


# --- another story ------------------------------------------------------------------------------


def other_numbers(text: Text, random: Random) -> Text:
    """The same sentences with other numbers, as in daily reports of other events."""

    def rewrite(word: str) -> str:
        digits = "".join(filter(str.isdigit, word))
        return word.replace(digits, str(int(digits) + random.randrange(1, 60)), 1) if digits else word

    return Text(text.headline, [" ".join(rewrite(word) for word in p.split()) for p in text.paragraphs])


def _words_of(paragraphs: list[str]) -> int:
    return sum(len(paragraph.split()) for paragraph in paragraphs)


def _with_background(fresh: Text, background: list[str], share: float) -> list[str]:
    """A story that ends with background making up at most that share of its words."""
    body, tail = fresh.paragraphs, list(background)
    while tail and _words_of(tail) > share * (_words_of(body) + _words_of(tail)):
        tail.pop()
    return body + tail


# --- pairs --------------------------------------------------------------------------------------


def _pairs_of(kind: str, stories: Stories, random: Random, words: list[str]) -> Pair:
    first, other = stories.next(), stories.next()
    headline = other.headline
    make: dict[str, Callable[[], tuple[bool, Text, Text]]] = {
        "edited, 5 %": lambda: (True, first, edit(first, 0.05, random, words, run=1)),
        "edited, 5 to 10 %": lambda: (True, first, edit(first, random.uniform(0.05, 0.1), random, words, run=1)),
        "edited in phrases, 10 %": lambda: (True, first, edit(first, 0.1, random, words, run=3)),
        "another headline": lambda: (True, first, Text(headline, first.paragraphs)),
        "edited, another headline": lambda: (
            True,
            first,
            Text(headline, edit(first, 0.05, random, words, run=1).paragraphs),
        ),
        "other letter and digit forms": lambda: (True, first, other_forms(first, random)),
        "other numbers": lambda: (False, first, other_numbers(first, random)),
        "bulletin that swallows it": lambda: (False, first, _bulletin(first, other, stories, random)),
        "follow-up, shared background": lambda: _follow_up(first, other, stories, random),
        "unrelated": lambda: (False, first, other),
    }
    is_same, one, two = make[kind]()
    return Pair(kind, is_same, one, two)


def _bulletin(first: Text, other: Text, stories: Stories, random: Random) -> Text:
    """Two or three stories in one article, the first of them anywhere."""
    texts = [first, other, *(stories.next() for _ in range(random.randrange(2)))]
    random.shuffle(texts)
    return Text(other.headline, [paragraph for text in texts for paragraph in text.paragraphs])


def _follow_up(first: Text, other: Text, stories: Stories, random: Random) -> tuple[bool, Text, Text]:
    """Two stories that end with the same background, up to half of each."""
    share, background = random.uniform(0.2, 0.5), stories.next().paragraphs + stories.next().paragraphs
    one = Text(first.headline, _with_background(first, background, share))
    return False, one, Text(other.headline, _with_background(other, background, share))


KINDS = (
    "edited, 5 %",
    "edited, 5 to 10 %",
    "edited in phrases, 10 %",
    "another headline",
    "edited, another headline",
    "other letter and digit forms",
    "other numbers",
    "bulletin that swallows it",
    "follow-up, shared background",
    "unrelated",
)


def make_pairs(count: int, seed: int) -> Iterator[Pair]:
    """So many pairs of all classes in turn; the same for the same seed."""
    random, stories = Random(seed), Stories()
    words = [word for _ in range(60) for word in stories.next().body.split() if word.isalpha()]
    for number in range(count):
        yield _pairs_of(KINDS[number % len(KINDS)], stories, random, words)


WRITTEN = Path(__file__).parent.parent / "tests" / "data" / "near_duplicate_pairs.toml"


def written_pairs() -> Iterator[Pair]:
    """The pairs written by hand: reports in one template, and copies of one report."""
    for given in tomllib.loads(WRITTEN.read_text("utf-8"))["template"]:
        reports = []
        for names in given["names"]:
            body = given["text"].strip()
            for number, name in enumerate(names):
                body = body.replace(f"{{{number}}}", name)
            reports.append(Text("", body.split("\n\n")))
        yield from (Pair("one template, other names", False, *pair) for pair in combinations(reports, 2))
        for changes in given["copies"]:
            body = reports[0].body
            for old, new in changes:
                assert old in body, old
                body = body.replace(old, new)
            yield Pair("copy of one report", True, reports[0], Text("", body.strip().split("\n\n")))


# --- measuring ----------------------------------------------------------------------------------


def _crawled(number: str, text: Text) -> ArticleItem:
    article = Article(
        article_id=number,
        url=f"https://alqaheranews.net/news/{number}/x",
        headline=text.headline,
        article_body=text.body,
        date_published=NOW,
        topics=["defense"],
        word_count=len(text.body.split()),
        content_hash=content_hash(text.headline, text.body),
        date_first_seen=NOW,
        date_crawled=NOW,
        run_id="benchmark",
    )
    return ArticleItem(article=article, fetch=Fetch(key=number, url=article.url, fetched=NOW))


@dataclass
class Result:
    """Per class: pairs, and those matched. `wrong`: pairs decided wrongly, and matches outside a pair."""

    pairs: Counter[str]
    matched: Counter[str]
    wrong: list[tuple[Pair, str]]
    true_positives: int = 0
    false_positives: int = 0
    positives: int = 0

    @property
    def precision(self) -> float:
        return self.true_positives / max(1, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        return self.true_positives / max(1, self.positives)


def measure(pairs: list[Pair], folder: Path) -> Result:
    """Decide every pair by a new ledger in that folder."""
    result = Result(Counter(), Counter(), [])
    with open_ledger(f"sqlite:///{folder / 'deduplication.db'}") as ledger:

        def repeats(number: str, text: Text) -> str | None:
            verdict = ledger.accept(_crawled(number, text), fingerprint(text.body), near_duplicates="mark")
            return verdict.article.duplicate_of

        for index, pair in enumerate(pairs):
            if stray := repeats(f"{index}a", pair.first):
                result.false_positives += 1
                result.wrong.append((pair, f"its first is called a duplicate of {stray}"))
        for index, pair in enumerate(pairs):
            repeated = repeats(f"{index}b", pair.second)
            result.pairs[pair.kind] += 1
            result.matched[pair.kind] += repeated is not None
            result.positives += pair.is_same
            if repeated == f"{index}a" and pair.is_same:
                result.true_positives += 1
            elif repeated:
                result.false_positives += 1
            if pair.is_same != (repeated == f"{index}a"):
                result.wrong.append((pair, f"called a duplicate of {repeated}"))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--errors", action="store_true", help="print the pairs decided wrongly")
    given = parser.parse_args()
    pairs = list(make_pairs(given.pairs, given.seed))
    with tempfile.TemporaryDirectory() as folder:
        result = measure(pairs, Path(folder))
    print(f"{'class':32}{'same story':>11}{'pairs':>7}{'matched':>16}")
    for kind in KINDS:
        same = next(pair.is_same for pair in pairs if pair.kind == kind)
        print(f"{kind:32}{'yes' if same else 'no':>11}{result.pairs[kind]:7}{result.matched[kind]:16}")
    print(f"precision {result.precision:.4f}, recall {result.recall:.4f}, {len(pairs)} pairs, seed {given.seed}")
    written = list(written_pairs())
    matched = {id(pair) for pair in written if is_near_duplicate(pair.first.body, pair.second.body)}
    for kind, is_same in (("one template, other names", "no"), ("copy of one report", "yes")):
        of_kind = [pair for pair in written if pair.kind == kind]
        print(f"{kind:32}{is_same:>11}{len(of_kind):7}{sum(id(pair) in matched for pair in of_kind):16}")
    result.wrong += [(pair, "by the rule alone") for pair in written if pair.is_same != (id(pair) in matched)]
    if given.errors:
        for pair, why in result.wrong:
            print(f"\n--- {pair.kind}: {why}\n{fold_text(pair.first.body)}\n---\n{fold_text(pair.second.body)}")


if __name__ == "__main__":
    main()
