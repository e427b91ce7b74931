"""`scrapy verify`: every part under the output folder against its manifest, and repairs from either side."""

from __future__ import annotations

import argparse
from pathlib import Path

from alqahira.crawling.command import ProjectCommand
from alqahira.crawling.progress import is_bar_wanted, with_bar
from alqahira.exceptions import AlqahiraError, ConfigurationError, LedgerUnusable
from alqahira.ledger import known_corpus, open_ledger
from alqahira.ledger.frontier import RevisitSchedule
from alqahira.publishing.folder import refuse_other_corpus
from alqahira.publishing.manifest import MANIFEST, check, part_files, read_manifest, stray_files
from alqahira.publishing.parts import publisher_of
from alqahira.publishing.rebuild import rebuild_state
from alqahira.settings.configuration import Configuration


class Command(ProjectCommand):
    """Exit status 1 for any part that is changed, missing, shortened, or not in the manifest."""

    def short_desc(self) -> str:
        return "Check every part of the output against the manifest"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        repairs = parser.add_mutually_exclusive_group()
        repairs.add_argument("--repair", action="store_true", help="put missing and changed parts back, from the state")
        repairs.add_argument(
            "--rebuild-state", action="store_true", help="make a lost or corrupt state again, from the parts"
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        output, state_url = self.configuration.output_dir, self.configuration.state_url
        if opts.repair:
            repair(self.configuration)
        if not output.is_dir():
            raise ConfigurationError(f"there is no output at {output}")
        if opts.rebuild_state:
            old = rebuild_state(state_url, output, RevisitSchedule.from_steps(self.configuration.revisit))
            with open_ledger(state_url, read_only=True) as ledger:
                backup = f"; the old one is {old}" if old else ""
                print(f"state rebuilt from the parts: {ledger.record_count()} lines{backup}")
        return report(output, shown=is_bar_wanted(self.configuration))


def repair(configuration: Configuration) -> None:
    """Put back every part that is missing or changed, and print which. Raises AlqahiraError."""
    refuse_other_corpus(configuration.output_dir, configuration.state_url, may_be_empty=True)
    state = known_corpus(configuration.state_url)
    if not state.parts:
        raise LedgerUnusable(f"the state {state.name} has no parts to put back")
    with open_ledger(configuration.state_url, owner="scrapy verify --repair") as ledger:
        for path in publisher_of(ledger, configuration).repair():
            print(f"{path}: put back from the state")


def report(output: Path, *, shown: bool = False) -> int:
    """Print each difference and a summary, with a bar before them if `shown`; 1 where there is any difference."""
    try:
        listed = read_manifest(output)
    except (OSError, ValueError) as error:
        raise AlqahiraError(str(error)) from None
    if (present := part_files(output)) and not (output / MANIFEST).exists():
        raise AlqahiraError(f"{output / MANIFEST} is missing: {len(present)} parts are listed nowhere")
    differences: list[str] = []
    for part in with_bar(listed, len(listed), "verify", shown=shown, counts=lambda: f"{len(differences):,} differ"):
        if wrong := check(output, part):
            differences.append(f"{part.path}: {wrong}")
    differences += [f"{path}: not in the manifest" for path in stray_files(output, listed)]
    for difference in differences:
        print(difference)
    rows = sum(part.rows for part in listed)
    print(f"{len(listed)} parts, {rows} rows: " + (f"{len(differences)} differ" if differences else "all as listed"))
    return 1 if differences else 0
