"""Learn the weights of alqahira/text/topic_clues.txt from the opened labelled samples, and write it.

    python benchmarks/learn_topics.py                          half a minute
    python benchmarks/learn_topics.py --without channel3_tune  without a part, to see what the others say of it

A logistic regression for each topic, on the samples with their leads and on their headlines alone: what is a word or
class worth, if only such words were known? It does not see the lexicon's verdict: the lexicon was written with the same
samples in view, and nearly always right on them, so a regression that saw it would believe nothing else.
"""

from __future__ import annotations

import argparse
import math
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from topics import TUNED, samples

from alqahira.text import topics
from alqahira.text.lexicon import TOPICS, fold, hidden_class, shortest_stem

FILE = Path(topics.__file__).with_name("topic_clues.txt")
# Seldom seen, a word says more of one sample than of its topic.
LEAST_SAMPLES = 2
# Words that weigh less with both topics are left out: they change next to nothing.
LEAST_WEIGHT = 0.25
PENALTY, STEP, EPOCHS, SEED = 1.0, 0.3, 30, 1
HEAD = """\
# What words and classes are worth to a topic, in hundredths of a point (docs/topics.md): {}
# Written by benchmarks/learn_topics.py from labelled samples; [name] is a class of topics.toml, [name]2 are two of its
# words in a sentence, [] is any text at all.
"""

Row = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without", nargs="*", default=[], metavar="SPLIT", help="leave a part out")
    lines = clues(parser.parse_args().without)
    FILE.write_text(HEAD.format(", ".join(TOPICS)) + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} clues")


def clues(without: Sequence[str] = ()) -> list[str]:
    """The lines of the file, from all opened parts but those left out."""
    chosen = [sample for sample in samples() if sample["split"] in TUNED and sample["split"] not in without]
    read = [(clue_values(sample["headline"], body), sample) for sample in chosen for body in (sample["body"], "")]
    seen = Counter(name for row, _ in read for name in row)
    kept = {name for name, rows in seen.items() if rows >= 2 * LEAST_SAMPLES}
    rows = [({name: value for name, value in row.items() if name in kept}, sample["topics"]) for row, sample in read]
    weights = {topic: learn([(row, topic in labels) for row, labels in rows]) for topic in TOPICS}
    spelling = spellings(chosen)
    lines = []
    for name in sorted(kept, key=lambda name: (name[0] != "[", name)):
        hundredths = [round(100 * weights[topic][name]) for topic in TOPICS]
        if max(map(abs, hundredths)) >= 100 * LEAST_WEIGHT:
            lines.append("\t".join([spelling.get(name, name), *map(str, hundredths)]))
    return lines


def clue_values(headline: str, body: str) -> Row:
    """What may be a clue, with how much its place counts: 1 in the headline, less in the lead."""
    values = {f"[{topics.ANY_TEXT}]": 1.0}
    for text, zone in topics.zones(headline, body, ()):
        if zone in (topics.HEADLINE, topics.LEAD):
            words = topics.look_up_all(text)
            by_class = topics.words_by_class(words, topics.best_matches(words))
            classes = [(name.removeprefix(hidden_class("")), len(topics.distinct(by_class[name]))) for name in by_class]
            named = [f"[{name}]{count}" for name, words_of in classes for count in ("", "2")[:words_of]]
            for name in (*map(shortest_stem, filter(str.isalpha, fold(text).split())), *named):
                values.setdefault(name, zone / topics.HEADLINE)
    return values


def learn(rows: list[tuple[Row, bool]]) -> Row:
    """Weights of a logistic regression with an L2 penalty, by stochastic gradients (Adagrad)."""
    often = Counter(name for row, _ in rows for name in row)
    weights, squares = dict.fromkeys(often, 0.0), dict.fromkeys(often, 1e-6)
    order = random.Random(SEED)
    for _ in range(EPOCHS):
        order.shuffle(rows)
        for row, labelled in rows:
            error = 1 / (1 + math.exp(-sum(weights[name] * value for name, value in row.items()))) - labelled
            for name, value in row.items():
                gradient = error * value + PENALTY * weights[name] / often[name]
                squares[name] += gradient * gradient
                weights[name] -= STEP * gradient / math.sqrt(squares[name])
    return weights


def spellings(chosen: list[dict[str, Any]]) -> dict[str, str]:
    """The commonest spelling of the words of each stem."""
    found: dict[str, Counter[str]] = {}
    for sample in chosen:
        for word in f"{sample['headline']} {sample['body']}".split():
            folded = fold(word).split()
            if len(folded) == 1:
                bare = word.strip("«»\"'.,:;،؛؟?!()[]…")
                found.setdefault(shortest_stem(folded[0]), Counter())[bare] += 1
    return {stem: counts.most_common(1)[0][0] for stem, counts in found.items()}


if __name__ == "__main__":
    main()
