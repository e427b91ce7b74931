"""The doctor's findings and how they are printed: a table on a terminal, one fact a line anywhere else."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from alqahira import site
from alqahira.doctor.checks import FAILS, HOLDS, NOT_SEEN, Verdict
from alqahira.doctor.facts import ABOUT, FACTS, QUESTIONS
from alqahira.doctor.proposals import NewLayout
from alqahira.doctor.visit import Visit
from alqahira.monitoring.causes import describe

# Without these no crawl is possible.
NEEDED = {"ARTICLE_PATH", "CATEGORIES", "record: headline", "record: article_body", "record: date_published"}
_FILE = "alqahira/site.py"
_HEADINGS = ("fact", "was", "verdict", "evidence")


@dataclass(frozen=True, slots=True)
class Finding:
    """The result for one fact, or one question beyond `site.py` (its `confidence` is `question`).

    `about`: the fact that the answer to a question belongs to.
    """

    fact: str
    verdict: Verdict
    evidence: str
    confidence: str
    about: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether a crawl cannot do without it, and it does not hold; the doctor then ends with status 1."""
        return self.fact in NEEDED and self.verdict is not HOLDS

    @property
    def row(self) -> tuple[str, str, str, str]:
        """The cells of its line."""
        return self.fact, self.confidence, self.verdict + (" (needed)" if self.is_bad else ""), printable(self.evidence)


def diagnose(visit: Visit) -> list[Finding]:
    """A finding for every fact, in the order of `site.py`, and then for every question."""
    facts = [Finding(name, *FACTS[name](visit), fact.confidence.value) for name, fact in site.facts().items()]
    return facts + [Finding(name, *check(visit), "question", ABOUT.get(name, "")) for name, check in QUESTIONS.items()]


def to_write(findings: Sequence[Finding], day: date) -> list[str]:
    """A line for each fact that is not yet `seen`, or question about one, that the site has answered."""
    lines = []
    for finding in findings:
        open_fact = finding.fact if finding.confidence in ("open", "inferred") else finding.about
        if open_fact and finding.verdict is not NOT_SEEN:
            about = "" if open_fact == finding.fact else f" ({finding.fact})"
            source = f'"scrapy doctor, {day:%Y-%m-%d}"'
            if finding.verdict is HOLDS:
                lines.append(f"{open_fact}{about}: holds; seen(…, {source})")
            else:
                lines.append(f"{open_fact}{about}: fails, {finding.evidence}; correct it or note {source}")
    return lines


def show(findings: Sequence[Finding], visit: Visit, day: date) -> None:
    """Print the findings, the changes to make in `site.py`, and every request.

    In a pipe, every line that is no finding begins with `#`.
    """
    sent = sum(exchange.is_sent for exchange in visit.exchanges)
    rendered = sum(exchange.is_rendered for exchange in visit.exchanges)
    count = f"{sent} request{'s' * (sent != 1)}" + (f", {rendered} of them in a browser" if rendered else "")
    title, mark = f"{visit.root}: {count}, {day:%Y-%m-%d}", ""
    if sys.stdout.isatty():
        _show_table(findings, title)
    else:
        mark = "# "
        print(f"# {title}")
        for row in (_HEADINGS, *(finding.row for finding in findings)):
            print("\t".join(row))
    if lines := to_write(findings, day):
        whose = "the site" if visit.root == site.ROOT.value else f"{visit.root} (which is not the site)"
        print(f"\n{mark}To write into {_FILE}, by the answers of {whose}:")
        for line in lines:
            print(f"{mark}  {printable(line)}")
    if failed := [f.fact for f in findings if f.verdict is FAILS and f.confidence == "seen"]:
        print(f"{mark}Correct in {_FILE}: {', '.join(failed)}")
    if lost := Counter(exchange.failure for exchange in visit.exchanges if exchange.is_lost):
        print(f"{mark}The network failed, which says nothing of a fact: {describe(lost)}; run the doctor again")
    print(f"\n{mark}{count}:")
    for number, exchange in enumerate(visit.exchanges, start=1):
        where = " in the browser" if exchange.is_rendered else ""
        request = exchange.request
        print(f"{mark}{number:3} {exchange.kind}{where}: {exchange.outcome} {request.method} {printable(request.url)}")


def _show_table(findings: Sequence[Finding], title: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Folded where the screen is narrow, cut nowhere.
    table = Table(title=title, title_justify="left")
    for heading in _HEADINGS:
        table.add_column(heading, overflow="fold")
    colours = {HOLDS: "green", FAILS: "red", NOT_SEEN: "yellow"}
    for finding in findings:
        fact, confidence, verdict, evidence = finding.row
        table.add_row(Text(fact), confidence, Text(verdict, style=colours[finding.verdict]), Text(evidence))
    Console().print(table)


def show_layout(layout: NewLayout, known: int) -> None:
    """Print the proposal as lines that can be copied, without colours or folding."""
    whose = "known records" if known else "records that the other sources give"
    print(f"\nArticle pages have another markup. These selectors give the {whose}; headline and body together")
    print(f"to the letter on {layout.records} of {layout.pages} pages. As the first entry of LAYOUTS in {_FILE}:\n")
    print('ArticleLayout(\n    name="…",')
    for name, proposal in layout.proposals.items():
        gives = layout.pages - proposal.misses
        print(f"    {name}={printable(repr(proposal.selector))},  # {gives} of {layout.pages}")
    print(")")


def printable(text: str) -> str:
    """Text from a page without characters that control a terminal or break a line."""
    return "".join(character if character.isprintable() else "·" for character in text)
