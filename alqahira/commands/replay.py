"""`scrapy replay`: the corpus again from archived pages, with no network (docs/archive.md)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from alqahira.crawling.command import ProjectCommand
from alqahira.exceptions import AlqahiraError, ConfigurationError
from alqahira.ledger import open_ledger
from alqahira.monitoring.failure import print_error
from alqahira.publishing.atomic_directory import (
    atomic_directory,
    ensure_replaceable,
    settings_with_output,
    skipped_summary,
    write_marker,
)
from alqahira.publishing.manifest import read_manifest
from alqahira.settings.configuration import ARCHIVE_FOLDER, Configuration
from alqahira.settings.types import local_path


class Command(ProjectCommand):
    """Exit status: 0 whole, 1 something in the archive could not be read, 2 wrong arguments or settings."""

    def short_desc(self) -> str:
        return "Make the corpus again from archived pages, with no network"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument("--archive", metavar="FOLDER", help="the WARCs (archive in the output folder)")
        parser.add_argument(
            "-o",
            "--output",
            metavar="FOLDER",
            help="where the new corpus goes (the output folder's name and -replayed)",
        )
        parser.add_argument(
            "--show", metavar="ID[@REVISION]", help="write the page that a record was read from, and replay nothing"
        )

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        output = self.configuration.output_dir
        archive = local_path(opts.archive) if opts.archive else output / ARCHIVE_FOLDER
        if opts.show is not None:
            show(self.configuration, archive, opts.show)
            return 0
        if opts.output:
            output = local_path(opts.output)
        elif not opts.archive:
            output = output.with_name(f"{output.name}-replayed")
        return self._replay(archive, output)

    def _replay(self, archive: Path, output: Path) -> int:
        # Imported here and below: most commands do not need warcio.
        from alqahira.archive.writer import files
        from alqahira.replay import replay, runs_of

        assert self.settings is not None
        runs = runs_of(archive, self.settings)
        ensure_replaceable(output, archive)
        with atomic_directory(output) as aside:
            tally = replay(runs, settings_with_output(aside, self.settings), print)
            if not tally.pages:
                raise AlqahiraError(f"no article page is in the archive {archive}{skipped_summary(tally.skipped)}")
            write_marker(aside, files(archive))
        parts = read_manifest(output)
        print(
            f"{tally.pages} pages of {tally.runs} runs: {sum(part.rows for part in parts)} lines in {len(parts)} parts "
            f"in {output}{skipped_summary(tally.skipped)}"
        )
        problems = [f"{tally.damaged} places of the archive could not be read"] if tally.damaged else []
        problems += [f"{tally.errors} errors of the program itself"] if tally.errors else []
        if problems:
            print_error("; ".join(problems))
        return 1 if problems else 0


def show(configuration: Configuration, archive: Path, name: str) -> None:
    """Write a record's archived page to standard output, and its place in the archive to standard error."""
    from alqahira.archive.warc import page_of
    from alqahira.archive.writer import Decompressor, find_page

    max_bytes = configuration.download_maxsize
    article_id, _, revision = name.partition("@")
    if revision and not (revision.isascii() and revision.isdecimal()):
        raise ConfigurationError(f"--show {name[:80]!r} is no ID or ID@REVISION")
    with open_ledger(configuration.state_url, read_only=True) as ledger:
        article = ledger.article(article_id, int(revision) if revision else None)
    if article is None:
        raise ConfigurationError(f"there is no article {name[:80]!r} in the state")
    if article.date_removed is not None:
        earlier = f"{article.article_id}@{article.revision - 1}"
        raise ConfigurationError(f"revision {article.revision} says that the page was gone: --show {earlier}")
    try:
        place = find_page(archive, article, max_bytes=max_bytes) if archive.is_dir() else None
    except OSError as error:
        raise AlqahiraError(f"the archive {error.filename} cannot be read: {error.strerror}") from None
    if place is None:
        raise AlqahiraError(f"the page of {article_id} as of {article.date_crawled} is not in the archive {archive}")
    path, record = place
    print(f"{path} offset {record.offset} length {record.length}: {record.url}", file=sys.stderr)
    sys.stdout.buffer.write(Decompressor(max_bytes).body(page_of(record)))
    sys.stdout.buffer.flush()
