"""`scrapy verify`: every part under the output folder against its manifest."""

from __future__ import annotations

import argparse
from pathlib import Path

from scrapy.commands import ScrapyCommand

from alqahira.crawling.progress import is_wanted, watched
from alqahira.exceptions import AlqahiraError, ConfigurationError
from alqahira.ledger import open_ledger
from alqahira.monitoring.failure import fail
from alqahira.publishing.parts import MANIFEST, check, part_files, read_manifest
from alqahira.publishing.rebuild import rebuild_state
from alqahira.settings.configuration import Configuration


class Command(ScrapyCommand):
    """Exit status 1 on any difference: a part that is changed, missing, shortened, or that nobody listed."""

    requires_project = True
    requires_crawler_process = False

    def syntax(self) -> str:
        return "[options]"

    def short_desc(self) -> str:
        return "Check every part of the output against the manifest"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--rebuild-state", action="store_true", help="make a lost or corrupt state again, from the parts"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        try:
            configuration = Configuration.from_settings(self.settings)
            output = configuration.output_dir
            if not output.is_dir():
                raise ConfigurationError(f"there is no output at {output}")
            if opts.rebuild_state:
                self._rebuild(configuration.state_url, output)
            self.exitcode = report(output, shown=is_wanted(configuration))
        except AlqahiraError as error:
            fail(error)

    def _rebuild(self, url: str, output: Path) -> None:
        aside = rebuild_state(url, output)
        with open_ledger(url, read_only=True) as ledger:
            print(
                f"state rebuilt from the parts: {sum(1 for _ in ledger.records())} lines"
                + (f"; the old one is {aside}" if aside else "")
            )


def report(output: Path, *, shown: bool = False) -> int:
    """Print each difference and a summary, with a bar before them if `shown`; 1 where there is any difference."""
    try:
        listed = read_manifest(output)
    except ValueError as error:
        raise AlqahiraError(str(error)) from None
    found = part_files(output)
    if found and not (output / MANIFEST).exists():
        raise AlqahiraError(f"{output / MANIFEST} is missing: {len(found)} parts are listed nowhere")
    differences: list[str] = []
    for part in watched(listed, len(listed), "verify", shown=shown, counts=lambda: f"{len(differences):,} differ"):
        if wrong := check(output, part):
            differences.append(f"{part.path}: {wrong}")
    differences += [f"{path}: not in the manifest" for path in sorted(set(found) - {part.path for part in listed})]
    for difference in differences:
        print(difference)
    rows = sum(part.rows for part in listed)
    print(f"{len(listed)} parts, {rows} rows: " + (f"{len(differences)} differ" if differences else "all as listed"))
    return 1 if differences else 0
