"""Precision and recall of the topic test on the labelled samples, and its cost.

    python benchmarks/topics.py            figures per split and topic, and time per call
    python benchmarks/topics.py --errors   and every wrong sample of the tune splits with its terms and their shares

Errors of the held-out splits are never printed: a lexicon improved by them would have no held-out figure.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from alqahira.text.lexicon import TOPICS
from alqahira.text.topics import explain_topics, match_topics

DATA = Path(__file__).parent.parent / "tests" / "data"
NAMES = (
    "topics_labelled",
    "topics_channel",
    "channel_news_labelled",
    "topics_channel3",
    "topics_channel5",
    "topics_channel6",
)
# Nothing is learnt from channel6_tune, though it was opened: it shows this lexicon on samples new to it.
TUNED, HELD_OUT = (
    ("tune", "channel_tune", "channel2_tune", "channel3_tune", "channel5_tune"),
    ("held_out", "channel2_held_out", "channel4_held_out", "channel5_held_out", "channel6_tune", "channel6_held_out"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true", help="print the wrong samples of the tune splits")
    errors = parser.parse_args().errors
    every = samples()
    print(f"{'split':18}{'read':16}{'topic':17}{'samples':>8}{'precision':>11}{'recall':>8}{'wrong':>7}")
    for split in (*TUNED, *HELD_OUT):
        chosen = [sample for sample in every if sample["split"] == split]
        for row in figures(chosen, with_body=True):
            print(f"{split:18}{'headline, lead':16}{row}")
        for row in figures(chosen, with_body=False):
            print(f"{split:18}{'headline':16}{row}")
    if errors:
        for sample in every:
            if sample["split"] in TUNED:
                print_if_wrong(sample)
    print(f"{microseconds_per_call(every):.0f} µs per call with a body of 300 words")


def samples() -> list[dict[str, Any]]:
    files = [DATA / f"{name}.jsonl" for name in NAMES]
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def matched_topics(sample: dict[str, Any], with_body: bool = True) -> set[str]:
    body = sample["body"] if with_body else ""
    return set(match_topics(sample["headline"], body, sample["keywords"]))


def figures(samples: list[dict[str, Any]], with_body: bool) -> Iterator[str]:
    for topic in TOPICS:
        pairs = [(topic in sample["topics"], topic in matched_topics(sample, with_body)) for sample in samples]
        both = sum(labelled and matched for labelled, matched in pairs)
        precision = both / max(1, sum(matched for _, matched in pairs))
        recall = both / max(1, sum(labelled for labelled, _ in pairs))
        wrong = sum(labelled != matched for labelled, matched in pairs)
        yield f"{topic:17}{len(pairs):8}{precision:11.3f}{recall:8.3f}{wrong:7}"


def print_if_wrong(sample: dict[str, Any]) -> None:
    matched = matched_topics(sample)
    if matched == set(sample["topics"]):
        return
    print(f"\n{sample['headline']}\n    {sample['body']}\n    labelled {sample['topics']}, matched {sorted(matched)}")
    for topic, terms in explain_topics(sample["headline"], sample["body"], sample["keywords"]).items():
        shares = ", ".join(f"{term} {share:+g}" for term, share in terms.items())
        print(f"    {topic} {sum(terms.values()):+g}: {shares}")


def microseconds_per_call(samples: list[dict[str, Any]], calls: int = 500) -> float:
    """Mean time of a call on bodies of 300 words from many samples, in which words repeat as in a run."""
    words = " ".join(sample["body"] for sample in samples).split()
    bodies = [" ".join(words[start : start + 300]) for start in range(0, len(words) - 300, 150)]
    headline = samples[0]["headline"]
    for body in bodies:
        match_topics(headline, body)
    started = time.perf_counter()
    for call in range(calls):
        match_topics(headline, bodies[call % len(bodies)])
    return (time.perf_counter() - started) / calls * 1e6


if __name__ == "__main__":
    main()
