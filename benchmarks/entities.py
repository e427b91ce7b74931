"""Precision and recall of the entities on the labelled samples, beside a plain look-up, and what a call costs.

    python benchmarks/entities.py           figures per split, and time per call
    python benchmarks/entities.py --errors  and every wrong sample of the tuned parts with its mentions

Errors of the held-out part are never printed: tables improved by them would have no held-out figure. Codes that
the labellers had not to choose from are left out.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale

from alqahira.text.entities import match_entities
from alqahira.text.normalization import fold_tokens

DATA = Path(__file__).parent.parent / "tests" / "data" / "channel_news_labelled.jsonl"
# The second was held out until its errors were read.
TUNED, HELD_OUT = ("channel2_tune", "channel2_held_out"), "channel4_held_out"
# Codes that the labellers had not to choose from.
UNLABELLED = frozenset(
    (
        *("ohchr", "unesco", "unifil", "fao", "ilo", "iom", "opcw", "red_crescent", "apec", "aes", "commonwealth"),
        *("csto", "centcom", "shin_bet", "al_shabaab", "ttp", "pmf", "stc", "boko_haram", "jnim", "muslim_brotherhood"),
        "m23",
    )
)

Answer = dict[str, list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--errors", action="store_true", help="print the wrong samples of the tuned parts")
    parser.add_argument("--tune-only", action="store_true", help="leave the held-out part alone")
    options = parser.parse_args()
    samples = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    print(f"{'split':19}{'by':9}{'labels':15}{'samples':>7}{'precision':>11}{'recall':>8}{'wrong':>7}{'first':>7}")
    for split in TUNED if options.tune_only else (*TUNED, HELD_OUT):
        chosen = [sample for sample in samples if sample["split"] == split]
        if not chosen:
            continue
        for by, matcher in {"tables": matched, "CLDR": looked_up}.items():
            for row in figures(chosen, matcher):
                print(f"{split:19}{by:9}{row}")
    if options.errors:
        for sample in samples:
            if sample["split"] in TUNED:
                print_if_wrong(sample)
    print(f"{microseconds_per_call(samples):.0f} µs of CPU per call with a body of 300 words")


def matched(sample: dict[str, Any]) -> Answer:
    entities = match_entities(sample["headline"], sample["body"])
    return {
        "countries": entities.countries,
        "organizations": [code for code in entities.organizations if code not in UNLABELLED],
    }


def looked_up(sample: dict[str, Any]) -> Answer:
    """What a look-up of CLDR's Arabic names of territories gives, in the order of the text, longer names first."""
    words = fold_tokens(f"{sample['headline']} {sample['body']}")
    found, at = [], 0
    while at < len(words):
        length = next((n for n in range(6, 0, -1) if tuple(words[at : at + n]) in cldr_names()), 0)
        if length:
            found.append(cldr_names()[tuple(words[at : at + length])])
        at += length or 1
    return {"countries": list(dict.fromkeys(found))}


@cache
def cldr_names() -> dict[tuple[str, ...], str]:
    """CLDR's Arabic names of states and territories, as folded words."""
    territories = Locale("ar").territories
    return {tuple(fold_tokens(name)): code for code, name in territories.items() if len(code) == 2}


def figures(samples: Sequence[dict[str, Any]], matcher: Callable[[dict[str, Any]], Answer]) -> Iterator[str]:
    """`wrong`: samples with a wrong set; `first`: the share of samples whose first code is right."""
    answers = [matcher(sample) for sample in samples]
    for labels in answers[0]:
        pairs = [(sample[labels], answer[labels]) for sample, answer in zip(samples, answers, strict=True)]
        both = sum(len({*labelled} & {*given}) for labelled, given in pairs)
        precision = both / max(1, sum(len(given) for _, given in pairs))
        recall = both / max(1, sum(len(labelled) for labelled, _ in pairs))
        wrong = sum({*labelled} != {*given} for labelled, given in pairs)
        named = [(labelled, given) for labelled, given in pairs if labelled]
        first = sum(labelled[:1] == given[:1] for labelled, given in named) / max(1, len(named))
        yield f"{labels:15}{len(pairs):7}{precision:11.3f}{recall:8.3f}{wrong:7}{first:7.3f}"


def print_if_wrong(sample: dict[str, Any]) -> None:
    answer = matched(sample)
    for labels, given in answer.items():
        if {*given} != {*sample[labels]}:
            missing, extra = {*sample[labels]} - {*given}, {*given} - {*sample[labels]}
            print(f"\n{sample['headline']}\n    {sample['body']}")
            print(f"    {labels}: missing {missing or '-'}, extra {extra or '-'}")
            print(f"    {match_entities(sample['headline'], sample['body']).mentions}")


def microseconds_per_call(samples: Sequence[dict[str, Any]], rounds: int = 50) -> float:
    """CPU time of a call, the least of some rounds, on bodies of 300 words in which words repeat as in a run."""
    words = " ".join(sample["body"] for sample in samples).split()
    bodies = [" ".join(words[start : start + 300]) for start in range(0, len(words) - 300, 150)]
    times = []
    for _ in range(rounds):
        started = time.process_time()
        for body in bodies:
            match_entities(samples[0]["headline"], body)
        times.append((time.process_time() - started) / len(bodies))
    return min(times) * 1e6


if __name__ == "__main__":
    main()
