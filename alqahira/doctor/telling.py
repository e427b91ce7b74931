"""The doctor's report: a table on a terminal, one fact a line with tabs between anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date

from alqahira import site
from alqahira.doctor import Exchange, Finding, NewLayout, Verdict, to_write

_CORRECT = "alqahira/site.py"
_HEADINGS = ("fact", "was", "verdict", "found")


def show(findings: Sequence[Finding], exchanges: Sequence[Exchange], root: str, day: date) -> None:
    """The findings, what to write where, and every request; in a pipe, what is no fact begins with «#»."""
    title = f"{root}: {_count(exchanges)}, {day:%Y-%m-%d}"
    if sys.stdout.isatty():
        _show_table(findings, title)
        mark = ""
    else:
        print(f"# {title}")
        print("\t".join(_HEADINGS))
        for finding in findings:
            print("\t".join((finding.fact, finding.confidence, _verdict(finding), plain(finding.found))))
        mark = "# "
    lines = to_write(findings, day)
    if lines:
        whose = "the site" if root == site.ROOT.value else f"{root} (which is not the site)"
        print(f"\n{mark}To write into {_CORRECT}, by what {whose} has answered:")
        for line in lines:
            print(f"{mark}  {plain(line)}")
    failed = [f.fact for f in findings if f.verdict is Verdict.FAILS and f.confidence == "seen"]
    if failed:
        print(f"{mark}Correct in {_CORRECT}: {', '.join(failed)}")
    print(f"\n{mark}{_count(exchanges)}:")
    for number, exchange in enumerate(exchanges, start=1):
        outcome = exchange.refusal or exchange.failure or str(exchange.status)
        where = " in the browser" if exchange.is_rendered else ""
        print(f"{mark}{number:3} {exchange.kind}{where}: {outcome} {exchange.method} {plain(exchange.url)}")


def _count(exchanges: Sequence[Exchange]) -> str:
    asked = sum(exchange.went_out for exchange in exchanges)
    rendered = sum(exchange.is_rendered for exchange in exchanges)
    return f"{asked} request{'s' * (asked != 1)}" + (f", {rendered} of them in a browser" if rendered else "")


def _verdict(finding: Finding) -> str:
    return finding.verdict.value + (" (needed)" if finding.is_bad else "")


def _show_table(findings: Sequence[Finding], title: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Folded where the screen is narrow, cut nowhere.
    table = Table(title=title, title_justify="left")
    for heading in _HEADINGS:
        table.add_column(heading, overflow="fold")
    colours = {Verdict.HOLDS: "green", Verdict.FAILS: "red", Verdict.NOT_SEEN: "yellow"}
    for finding in findings:
        verdict = Text(_verdict(finding), style=colours[finding.verdict])
        table.add_row(Text(finding.fact), finding.confidence, verdict, Text(plain(finding.found)))
    Console().print(table)


def show_layout(layout: NewLayout, known: int) -> None:
    """The proposal as lines that can be copied, without colours or folding."""
    whose = "known records" if known else "records that the other sources give"
    print(f"\nArticle pages have another markup. These selectors give the {whose}; headline and body together")
    print(f"to the letter on {layout.records} of {layout.of} pages. As the first entry of LAYOUTS in {_CORRECT}:\n")
    print("ArticleLayout(")
    print('    name="…",')
    for proposal in layout.proposals:
        print(f"    {proposal.name}={plain(repr(proposal.selector))},  # {proposal.gives} of {proposal.of}")
    print(")")


def plain(text: str) -> str:
    """Text from a page, with nothing in it that a terminal would obey or that would break a line."""
    return "".join(character if character.isprintable() else "·" for character in text)
