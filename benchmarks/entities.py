"""Precision and recall of the entities on the labelled samples, beside simpler ways, and what a call costs.

    python benchmarks/entities.py             figures per split, and time per call
    python benchmarks/entities.py --errors    and every wrong sample of the tune part
    python benchmarks/entities.py --baselines and what a look-up of CLDR's names gives, and CAMeL Tools' NER if installed

Errors of the held-out part are never printed: tables improved by them would have no held-out figure. Only codes that
the labellers had to choose from are compared.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from alqahira.text.entities import match_entities

DATA = Path(__file__).parent.parent / "tests" / "data" / "channel_news_labelled.jsonl"
TUNED, HELD_OUT = "channel2_tune", "channel2_held_out"
LABELLED = frozenset(
    ["un", "unsc", "unga", "nato", "eu", "arab_league", "african_union", "gcc", "opec", "iaea", "icc", "icj", "who", "red_cross", "unrwa", "unhcr", "unicef", "wfp", "imf", "world_bank", "wto", "g7", "g20", "brics", "sco", "oic", "osce", "asean", "igad", "ecowas", "idf", "irgc", "hamas", "hezbollah", "houthis", "islamic_jihad", "rsf", "isis", "al_qaeda", "taliban", "pkk", "sdf", "hts", "wagner", "pentagon", "cia", "mossad", "fatah", "plo", "mercosur", "interpol"]
)

Matcher = Callable[[dict[str, Any]], dict[str, list[str]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true", help="print the wrong samples of the tune part")
    parser.add_argument("--tune-only", action="store_true", help="leave the held-out part alone")
    options = parser.parse_args()
    samples = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    print(f"{'split':19}{'labels':15}{'samples':>8}{'precision':>11}{'recall':>8}{'wrong':>7}{'first':>8}")
    for split in (TUNED,) if options.tune_only else (TUNED, HELD_OUT):
        chosen = [sample for sample in samples if sample["split"] == split]
        for row in figures(chosen, matched):
            print(f"{split:19}{row}")
    if options.errors:
        for sample in samples:
            if sample["split"] == TUNED:
                print_if_wrong(sample)
    print(f"{microseconds_per_call(samples):.0f} µs per call with a body of 300 words")


def matched(sample: dict[str, Any]) -> dict[str, list[str]]:
    entities = match_entities(sample["headline"], sample["body"])
    return {
        "countries": entities.countries,
        "organizations": [code for code in entities.organizations if code in LABELLED],
    }


def figures(samples: Sequence[dict[str, Any]], matcher: Matcher) -> Iterator[str]:
    """`wrong`: samples with a wrong set; `first`: the share of samples whose first code is right."""
    answers = [matcher(sample) for sample in samples]
    for labels in ("countries", "organizations"):
        pairs = [(sample[labels], answer[labels]) for sample, answer in zip(samples, answers, strict=True)]
        both = sum(len({*labelled} & {*given}) for labelled, given in pairs)
        precision = both / max(1, sum(len(given) for _, given in pairs))
        recall = both / max(1, sum(len(labelled) for labelled, _ in pairs))
        wrong = sum({*labelled} != {*given} for labelled, given in pairs)
        named = [(labelled, given) for labelled, given in pairs if labelled]
        first = sum(labelled[:1] == given[:1] for labelled, given in named) / max(1, len(named))
        yield f"{labels:15}{len(pairs):8}{precision:11.3f}{recall:8.3f}{wrong:7}{first:8.3f}"


def print_if_wrong(sample: dict[str, Any]) -> None:
    answer = matched(sample)
    for labels, given in answer.items():
        if {*given} != {*sample[labels]}:
            missing, extra = {*sample[labels]} - {*given}, {*given} - {*sample[labels]}
            print(f"\n{sample['headline']}\n    {sample['body']}")
            print(f"    {labels}: missing {missing or '-'}, extra {extra or '-'}")
            print(f"    {match_entities(sample['headline'], sample['body']).mentions}")


def microseconds_per_call(samples: Sequence[dict[str, Any]], calls: int = 500) -> float:
    """Mean time of a call on bodies of 300 words from many samples, in which words repeat as in a run."""
    words = " ".join(sample["body"] for sample in samples).split()
    bodies = [" ".join(words[start : start + 300]) for start in range(0, len(words) - 300, 150)]
    headline = samples[0]["headline"]
    for body in bodies:
        match_entities(headline, body)
    started = time.process_time()
    for call in range(calls):
        match_entities(headline, bodies[call % len(bodies)])
    return (time.process_time() - started) / calls * 1e6


if __name__ == "__main__":
    main()
