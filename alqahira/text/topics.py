"""Which topics an article is on, and the terms that decide it: weighted phrases on folded words.

The lexicon, topics.toml, holds the phrases and why each group of them is there; this module matches them in Arabic text
and adds up their weights. docs/topics.md explains both and gives the measured precision and recall.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from alqahira.text.lexicon import TOPICS, Node, Rule, lexicon, read_word
from alqahira.text.normalization import fold_text

# A topic needs at least this share of the strongest topic's score: a general's report of a battle is no diplomacy for
# the states it names.
LEAST_SHARE = 0.3
# News begins with its subject: a headline counts double, the rest of a body is mostly background.
HEADLINE, LEAD, BACKGROUND, KEYWORD = 2.0, 1.0, 0.2, 0.5
# Words of the body that are its lead, and words that are read at all.
LEAD_WORDS, BODY_WORDS = 40, 80

_LONGEST_GAP = 2
_SENTENCE_END = re.compile(r"(?<=[.!?؟؛])\s")


def match_topics(headline: str, body: str, keywords: Iterable[str] = ()) -> dict[str, list[str]]:
    """The topics of an article, each with the terms that decided it, most decisive first.

    Keys are names of `TOPICS`, and only those that the article is on. The terms are spelled as in the
    lexicon, not as in the text. Any of the texts may be empty; no `str` raises.
    """
    shares = _shares(headline, body, keywords)
    scores = {topic: sum(share for share, _ in terms) for topic, terms in shares.items()}
    has_lead = bool(body.strip())
    least = LEAST_SHARE * max(scores.values())
    return {
        topic: list(dict.fromkeys(shown for share, shown in shares[topic] if share > 0))
        for topic, rule in TOPICS.items()
        if scores[topic] >= max(least, rule.threshold_with_lead if has_lead else rule.threshold)
    }


def explain_topics(headline: str, body: str, keywords: Iterable[str] = ()) -> dict[str, dict[str, float]]:
    """For each topic every term matched and its share of the score, negative ones too: why a topic holds or not."""
    shares = _shares(headline, body, keywords)
    return {topic: {shown: share for share, shown in terms} for topic, terms in shares.items()}


# --- the score ----------------------------------------------------------------------------------


def _shares(headline: str, body: str, keywords: Iterable[str]) -> dict[str, list[tuple[float, str]]]:
    """For each topic what each term gives to its score: once, from where it counts most; the largest first."""
    best: dict[str, dict[int, tuple[float, str]]] = {topic: {} for topic in TOPICS}
    for text, zone in _zones(headline, body, keywords):
        for evidence, shown in _evidence(text, with_rules=zone in (HEADLINE, LEAD)):
            for topic, weight in (evidence.weights or {}).items():
                share, _ = best[topic].get(id(evidence), (0.0, ""))
                if abs(weight * zone) > abs(share):
                    best[topic][id(evidence)] = weight * zone, shown
    return {topic: sorted(terms.values(), key=lambda pair: -pair[0]) for topic, terms in best.items()}


def _zones(headline: str, body: str, keywords: Iterable[str]) -> Iterator[tuple[str, float]]:
    """The headline, the sentences of the lead, the background and the tags, with how much each counts."""
    yield headline, HEADLINE
    words = body.split(None, BODY_WORDS)[:BODY_WORDS]
    for sentence in _SENTENCE_END.split(" ".join(words[:LEAD_WORDS])):
        yield sentence, LEAD
    yield " ".join(words[LEAD_WORDS:]), BACKGROUND
    for keyword in keywords:
        yield keyword, KEYWORD


# --- matching terms -----------------------------------------------------------------------------

# Of each word of a sentence: the words and `[class]` names that it can stand for, each with how it is shown.
_Readings = Sequence[dict[str, str]]


class _Match(NamedTuple):
    """A term in a sentence, with the positions of its words (not of a gap's) and how each is shown."""

    node: Node
    positions: tuple[int, ...]
    shown: tuple[str, ...]

    @property
    def precedence(self) -> tuple[float, ...]:
        """Longer terms first, since a phrase says more than its words; of equals those that speak against a topic."""
        weights = (self.node.weights or {}).values()
        least = min(0.0, *weights) if any(weights) else -1.0
        return -len(self.positions), least, -sum(weights), self.positions[0]


def _evidence(text: str, *, with_rules: bool) -> Iterator[tuple[Node | Rule, str]]:
    """The terms in a text, no word part of two, and the rules that hold in it; each with how it is shown."""
    readings = [read_word(word) for word in fold_text(text).split()]
    root = lexicon().root
    candidates: list[_Match] = []
    for here in range(len(readings)):
        _add_matches(candidates, root, readings, here)
    taken: set[int] = set()
    hidden: set[int] = set()  # by a term that speaks against a topic
    words: dict[str, list[_Match]] = {}  # by class: a word, or a term that counts as one
    for match in sorted(candidates, key=lambda match: match.precedence):
        if taken.isdisjoint(match.positions):
            taken.update(match.positions)
            yield match.node, " ".join(match.shown)
            if match.precedence[2] >= 0:
                hidden.update(match.positions)
            if match.node.kind:
                words.setdefault(match.node.kind, []).append(match._replace(shown=(" ".join(match.shown),)))
    if not with_rules:
        return
    for here, reading in enumerate(readings):
        if here not in hidden:
            for key, shown in reading.items():
                if key[0] == "[":
                    words.setdefault(key[1:-1], []).append(_Match(root, (here,), (shown,)))
    for rule in lexicon().rules:
        if chosen := _fill(rule.slots, words, ()):
            yield rule, " + ".join(chosen)


def _fill(
    slots: Sequence[Iterable[str]], words: dict[str, list[_Match]], chosen: tuple[_Match, ...]
) -> tuple[str, ...]:
    """A word for each slot, all of them different, as they are shown; empty where there is none."""
    if not slots:
        return tuple(word.shown[0] for word in chosen)
    for name in slots[0]:
        for word in words.get(name, ()):
            is_other = all({*word.positions}.isdisjoint(w.positions) and word.shown != w.shown for w in chosen)
            if is_other and (filled := _fill(slots[1:], words, (*chosen, word))):
                return filled
    return ()


def _add_matches(
    matches: list[_Match],
    node: Node,
    readings: _Readings,
    here: int,
    positions: tuple[int, ...] = (),
    shown: tuple[str, ...] = (),
) -> None:
    """Add every term that goes on from `node`, its words so far at `positions`, with the word at `here`."""
    if here >= len(readings):
        return
    for key, text in readings[here].items():
        if key in node.following:
            following = node.following[key]
            match = _Match(following, (*positions, here), (*shown, text))
            if following.weights is not None:
                matches.append(match)
            _add_matches(matches, following, readings, here + 1, *match[1:])
            if following.after_gap:
                for later in range(here + 1, here + _LONGEST_GAP + 2):
                    _add_matches(matches, following.after_gap, readings, later, *match[1:])
