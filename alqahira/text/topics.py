"""Which topics an article is on, and the terms that decide it: weighted phrases on folded words.

topics.toml holds the phrases and the reason for each group; this module matches them in Arabic text and adds up their
weights. docs/topics.md explains both and has the measured precision and recall.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from alqahira.text.lexicon import FINAL_TA, TOPICS, Node, Rule, hidden_class, lexicon, read_word
from alqahira.text.normalization import fold_text

# How much each part of an article counts. News begins with its subject; the rest of a body is mostly background.
HEADLINE, LEAD, BACKGROUND, KEYWORD = 2.0, 1.0, 0.2, 0.5
# With less than this in the headline, a topic is the only one of its article or none: a lead names armies and states in
# passing.
LEAST_IN_HEADLINE = 1.5
# How many words of the body are its lead, and how many are read.
LEAD_WORDS, BODY_WORDS = 40, 80

_LONGEST_GAP = 2
# Headlines and tags have fewer. A rule compares each word with all others.
_MOST_WORDS, _LONGEST_TEXT, _MOST_KEYWORDS = 200, 10_000, 200
_SENTENCE_END = re.compile(r"(?<=[.!?؟؛])\s")


def match_topics(headline: str, body: str, keywords: Iterable[str] = ()) -> dict[str, list[str]]:
    """The topics of an article, each with the terms that decided it, most decisive first.

    Keys are names of `TOPICS`. Terms are spelled as in the lexicon, not as in the text. Any text may be empty; no `str`
    raises.
    """
    shares = _shares(headline, body, keywords)
    scores = {topic: sum(share.score for share in terms) for topic, terms in shares.items()}
    strongest = max(scores.values())
    found = {}
    for topic, rule in TOPICS.items():
        least = max(rule.least_share * strongest, rule.threshold_with_lead if body.strip() else rule.threshold)
        if headline.strip() and _in_headline(shares[topic]) < LEAST_IN_HEADLINE:
            least = max(strongest, rule.threshold_of_lead)
        if scores[topic] >= least:
            found[topic] = list(dict.fromkeys(share.shown for share in shares[topic] if share.score > 0))
    return found


def explain_topics(headline: str, body: str, keywords: Iterable[str] = ()) -> dict[str, dict[str, float]]:
    """Every matched term of each topic with its share of the score, which may be negative."""
    shares = _shares(headline, body, keywords)
    return {topic: {share.shown: share.score for share in terms} for topic, terms in shares.items()}


# --- the score ----------------------------------------------------------------------------------


class _Share(NamedTuple):
    """What a term or rule adds to the score of a topic, and the part of the article where it counts most."""

    score: float
    shown: str
    zone: float


_NO_SHARE = _Share(0.0, "", 0.0)


def _in_headline(terms: list[_Share]) -> float:
    return sum(share.score for share in terms if share.zone == HEADLINE)


def _shares(headline: str, body: str, keywords: Iterable[str]) -> dict[str, list[_Share]]:
    """The share of each topic's terms in its score, the largest first; a term counts once, at its best."""
    best: dict[str, dict[int, _Share]] = {topic: {} for topic in TOPICS}
    for text, zone in _zones(headline, body, keywords):
        for evidence, shown in _evidence(text, with_rules=zone in (HEADLINE, LEAD)):
            for topic, weight in (evidence.weights or {}).items():
                share = _Share(weight * zone, shown, zone)
                if abs(share.score) > abs(best[topic].get(id(evidence), _NO_SHARE).score):
                    best[topic][id(evidence)] = share
    return {topic: sorted(terms.values(), key=lambda share: -share.score) for topic, terms in best.items()}


def _zones(headline: str, body: str, keywords: Iterable[str]) -> Iterator[tuple[str, float]]:
    """The headline, each sentence of the lead, the background and each tag, with how much it counts."""
    yield headline, HEADLINE
    words = body[:_LONGEST_TEXT].split(None, BODY_WORDS)[:BODY_WORDS]
    for sentence in _SENTENCE_END.split(" ".join(words[:LEAD_WORDS])):
        yield sentence, LEAD
    yield " ".join(words[LEAD_WORDS:]), BACKGROUND
    for keyword in islice(keywords, _MOST_KEYWORDS):
        yield keyword, KEYWORD


# --- matching terms -----------------------------------------------------------------------------

# `read_word` of each word of a sentence.
_Readings = Sequence[dict[str, str]]


class _Match(NamedTuple):
    """A term in a sentence, with the positions and display texts of its words (not those in a gap)."""

    node: Node
    positions: tuple[int, ...]
    shown: tuple[str, ...]

    @property
    def weight(self) -> float:
        return sum((self.node.weights or {}).values())

    @property
    def precedence(self) -> tuple[float, ...]:
        """Sort key: longer terms first, since a phrase says more than its words; then negative and zero ones."""
        weights = (self.node.weights or {}).values()
        least = min(0.0, *weights) if any(weights) else -1.0
        return -len(self.positions), least, -self.weight, self.positions[0]


def _evidence(text: str, *, with_rules: bool) -> Iterator[tuple[Node | Rule, str]]:
    """The terms in a text, each word in one at most, and the rules that it meets; each with its display text."""
    words = fold_text(text[:_LONGEST_TEXT].replace("ة", FINAL_TA)).split()
    readings = [read_word(word) for word in words[:_MOST_WORDS]]
    matches = _best_matches(readings)
    for match in matches:
        yield match.node, " ".join(match.shown)
    if with_rules:
        by_class = _words_by_class(readings, matches)
        rules = lexicon().rules
        for rule in dict.fromkeys(rule for name in by_class for rule in rules.get(name, ())):
            if any(map(by_class.keys().isdisjoint, rule.slots)):
                continue
            if chosen := _fill(rule.slots, by_class, ()):
                yield rule, " + ".join(chosen)


def _best_matches(readings: _Readings) -> list[_Match]:
    """The terms in a sentence by precedence, without those that overlap an earlier one."""
    candidates: list[_Match] = []
    for here in range(len(readings)):
        _add_matches(candidates, lexicon().root, readings, here)
    matches: list[_Match] = []
    taken: set[int] = set()
    for match in sorted(candidates, key=lambda match: match.precedence):
        if taken.isdisjoint(match.positions):
            taken.update(match.positions)
            matches.append(match)
    return matches


def _words_by_class(readings: _Readings, matches: list[_Match]) -> dict[str, list[_Match]]:
    """The words of each class: terms of that `kind`, then single words; those in terms of weight 0 or less apart."""
    words: defaultdict[str, list[_Match]] = defaultdict(list)
    for match in matches:
        if match.node.kind:
            words[match.node.kind].append(match._replace(shown=(" ".join(match.shown),)))
    hidden = {position for match in matches if match.weight <= 0 for position in match.positions}
    for here, reading in enumerate(readings):
        for key, shown in reading.items():
            if key[0] == "[":
                name = key[1:-1]
                words[hidden_class(name) if here in hidden else name].append(_Match(lexicon().root, (here,), (shown,)))
    return words


def _fill(
    slots: Sequence[Iterable[str]], words: dict[str, list[_Match]], chosen: tuple[_Match, ...]
) -> tuple[str, ...]:
    """The display texts of a different word for each slot; () if a slot has none."""
    if not slots:
        return tuple(word.shown[0] for word in chosen)
    for name in slots[0]:
        for word in words.get(name, ()):
            is_other = all(not {*word.positions} & {*w.positions} and _begin(word) != _begin(w) for w in chosen)
            if is_other and (filled := _fill(slots[1:], words, (*chosen, word))):
                return filled
    return ()


def _begin(word: _Match) -> str:
    """Where words of one rule must differ: a state and its own adjective, سوريا and السوري, are not two."""
    return word.shown[0].removeprefix("ال")[:3]


def _add_matches(
    matches: list[_Match],
    node: Node,
    readings: _Readings,
    here: int,
    positions: tuple[int, ...] = (),
    shown: tuple[str, ...] = (),
) -> None:
    """Add every term that continues from `node` with the word at `here`; its words so far are at `positions`."""
    for key, text in readings[here].items():
        following = node.following.get(key)
        if following is None:
            continue
        path = (*positions, here), (*shown, text)
        if following.weights is not None:
            matches.append(_Match(following, *path))
        next_nodes = [(following, here + 1)]
        if following.after_gap:
            next_nodes += [(following.after_gap, later) for later in range(here + 1, here + _LONGEST_GAP + 2)]
        for following, later in next_nodes:
            if later < len(readings) and not following.following.keys().isdisjoint(readings[later]):
                _add_matches(matches, following, readings, later, *path)
