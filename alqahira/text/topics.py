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

from alqahira.text.lexicon import TOPICS, Clue, Node, Rule, Word, fold, hidden_class, lexicon, look_up

# How much each part of an article counts. News begins with its subject; the rest of a body is mostly background.
HEADLINE, LEAD, BACKGROUND, KEYWORD = 2.0, 1.0, 0.2, 0.5
# With less than this in the headline, a topic is the only one of its article or none: a lead names armies and states in
# passing.
LEAST_IN_HEADLINE = 1.5
# What adds less is no term that decided anything.
LEAST_SHOWN = 1.0
# How many words of the body are its lead, and how many are read.
LEAD_WORDS, BODY_WORDS = 40, 80

# The class that every text has: how seldom its topic is.
ANY_TEXT = ""

_LONGEST_GAP = 2  # words
# Headlines and tags have fewer. A rule compares each word with all others.
_MOST_WORDS, _LONGEST_TEXT, _MOST_KEYWORDS = 200, 10_000, 200
_SENTENCE_END = re.compile(r"(?<=[.!?؟؛])\s")


def match_topics(headline: str, body: str, keywords: Iterable[str] = ()) -> dict[str, list[str]]:
    """The topics of an article, each with the terms that decided it, most decisive first.

    Keys are names of `TOPICS`. Terms are spelled as in the lexicon, not as in the text. Any text may be empty; no `str`
    raises.
    """
    shares, clues = _shares(headline, body, keywords)
    scores = {topic: sum(share.score for share in terms) for topic, terms in shares.items()}
    strongest = max(scores.values())
    found = {}
    for topic, rule in TOPICS.items():
        least = max(rule.least_share * strongest, rule.threshold_with_lead if body.strip() else rule.threshold)
        if headline.strip() and body.strip() and _in_headline(shares[topic]) < LEAST_IN_HEADLINE:
            least = max(strongest, rule.threshold_of_lead)
        if scores[topic] + sum([clue.weights[topic] * zone for clue, (zone, _) in clues.items()]) >= least:
            terms = _by_term(shares[topic], clues, topic)
            found[topic] = [term for term, score in terms.items() if score >= LEAST_SHOWN] or list(terms)[:1]
    return found


def explain_topics(headline: str, body: str, keywords: Iterable[str] = ()) -> dict[str, dict[str, float]]:
    """Every matched term and clue of each topic with its share of the score, which may be negative."""
    shares, clues = _shares(headline, body, keywords)
    return {topic: _by_term(shares[topic], clues, topic) for topic in TOPICS}


# --- the score ----------------------------------------------------------------------------------


class _Share(NamedTuple):
    """What a term, rule or clue adds to the score of a topic, and the part of the article where it counts most."""

    score: float
    shown: str
    zone: float


_Shares = dict[str, list[_Share]]
# The zone and the words of each.
_Clues = dict[Clue, tuple[float, list[str]]]
_NO_SHARE = _Share(0.0, "", 0.0)


def _in_headline(terms: list[_Share]) -> float:
    return sum(share.score for share in terms if share.zone == HEADLINE)


def _by_term(shares: list[_Share], clues: _Clues, topic: str) -> dict[str, float]:
    """What each term and clue adds to the score of a topic, the largest first."""
    terms: defaultdict[str, float] = defaultdict(float)
    for share in shares:
        terms[share.shown] += share.score
    for clue, (zone, words) in clues.items():
        terms[" + ".join(words)] += clue.weights[topic] * zone
    return dict(sorted(terms.items(), key=lambda term: -term[1]))


def _shares(headline: str, body: str, keywords: Iterable[str]) -> tuple[_Shares, _Clues]:
    """The share of each topic's terms in its score, and the clues; each counts once, at its best."""
    best: dict[str, dict[int, _Share]] = {topic: {} for topic in TOPICS}
    clues: _Clues = {clue: (HEADLINE, [clue.shown]) for _, clue in lexicon().class_clues.get(ANY_TEXT, ())}
    for text, zone in zones(headline, body, keywords):
        for evidence, shown in _evidence(text, zone, clues):
            for topic, weight in (evidence.weights or {}).items():
                share = _Share(weight * zone, shown, zone)
                if abs(share.score) > abs(best[topic].get(id(evidence), _NO_SHARE).score):
                    best[topic][id(evidence)] = share
    return {topic: list(terms.values()) for topic, terms in best.items()}, clues


def zones(headline: str, body: str, keywords: Iterable[str]) -> Iterator[tuple[str, float]]:
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
_AFTER_END: _Readings = [{}] * (1 + _LONGEST_GAP)  # so that each word has as many after it


class _Match(NamedTuple):
    """A term in a sentence, with the positions and display texts of its words (not those in a gap)."""

    node: Node
    positions: tuple[int, ...]
    shown: tuple[str, ...]

    @property
    def precedence(self) -> tuple[float, ...]:
        """Sort key: longer terms first, since a phrase says more than its words; then negative and zero ones."""
        return -len(self.positions), self.node.least, -self.node.weight, self.positions[0]


def _evidence(text: str, zone: float, clues: _Clues) -> Iterator[tuple[Node | Rule, str]]:
    """The terms in a text, each word in one at most, and the rules that it meets; each with its display text.

    Clues are added to `clues`, where they are in no zone that counts more.
    """
    words = look_up_all(text)
    matches = best_matches(words)
    for match in matches:
        yield match.node, " ".join(match.shown)
    if zone not in (HEADLINE, LEAD):
        return
    by_class = words_by_class(words, matches)
    known = lexicon()
    for rule in dict.fromkeys(rule for name in by_class for rule in known.rules.get(name, ())):
        if any(map(by_class.keys().isdisjoint, rule.slots)):
            continue
        if chosen := _fill(rule.slots, by_class, ()):
            yield rule, " + ".join(chosen)
    for word in words:
        if clue := word.clue:
            clues.setdefault(clue, (zone, [clue.shown]))
    for name, members in by_class.items():
        if of_class := known.class_clues.get(name):
            shown_words = distinct(members)
            for least, clue in of_class:
                if len(shown_words) >= least:
                    clues.setdefault(clue, (zone, shown_words[:least]))


def look_up_all(text: str) -> list[Word]:
    """What the lexicon knows of each word of a text."""
    return list(map(look_up, fold(text[:_LONGEST_TEXT]).split()[:_MOST_WORDS]))


def distinct(members: list[_Match]) -> list[str]:
    """The display texts of the words of a class, each once; a term of a `kind` may be a member as well."""
    if len(members) == 1:
        return [members[0].shown[0]]
    return list({member.positions[0]: member.shown[0] for member in members}.values())


def best_matches(words: Sequence[Word]) -> list[_Match]:
    """The terms in a sentence by precedence, without those that overlap an earlier one."""
    candidates: list[_Match] = []
    readings = [*(word.reading for word in words), *_AFTER_END]
    for here, word in enumerate(words):
        for shown, node in word.alone:
            candidates.append(_Match(node, (here,), (shown,)))
        if word.first_nodes and not (  # most words are followed by none that any term continues with
            word.second.isdisjoint(readings[here + 1])
            and word.after_gap.isdisjoint(readings[here + 2])
            and word.after_gap.isdisjoint(readings[here + 3])
        ):
            for shown, node in word.first_nodes:
                _add_longer(candidates, node, readings, (here,), (shown,))
    matches: list[_Match] = []
    taken: set[int] = set()
    for match in sorted(candidates, key=lambda match: match.precedence):
        if taken.isdisjoint(match.positions):
            taken.update(match.positions)
            matches.append(match)
    return matches


def words_by_class(words: Sequence[Word], matches: list[_Match]) -> dict[str, list[_Match]]:
    """The words of each class: terms of that `kind`, then single words; those in terms of weight 0 or less apart."""
    found: defaultdict[str, list[_Match]] = defaultdict(list)
    for match in matches:
        if match.node.kind:
            found[match.node.kind].append(match._replace(shown=(" ".join(match.shown),)))
    hidden = {position for match in matches if match.node.weight <= 0 for position in match.positions}
    root = lexicon().root
    for here, word in enumerate(words):
        for name, shown in word.classes:
            found[hidden_class(name) if here in hidden else name].append(_Match(root, (here,), (shown,)))
    return found


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


def _add_longer(
    matches: list[_Match], node: Node, readings: _Readings, positions: tuple[int, ...], shown: tuple[str, ...]
) -> None:
    """Add every term that begins with the words at `positions`, which end at `node`, and has more."""
    after = positions[-1] + 1
    next_nodes = [(node, after)] if node.following else []
    if node.after_gap:
        next_nodes += [(node.after_gap, later) for later in range(after, after + _LONGEST_GAP + 1)]
    for before, later in next_nodes:
        if not before.following.keys().isdisjoint(readings[later]):
            for key, text in readings[later].items():
                if following := before.following.get(key):
                    longer = (*positions, later), (*shown, text)
                    if following.weights is not None:
                        matches.append(_Match(following, *longer))
                    if following.following or following.after_gap:
                        _add_longer(matches, following, readings, *longer)
