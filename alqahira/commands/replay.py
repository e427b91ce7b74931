"""`scrapy replay`: the corpus again from archived pages, with no network (docs/archive.md)."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.settings import Settings

from alqahira.archive import files, find_page
from alqahira.commands.ending import end
from alqahira.configuration import ARCHIVE_FOLDER, state_url
from alqahira.errors import AlqahiraError, ConfigurationError
from alqahira.ledger import open_ledger
from alqahira.parts import MANIFEST, OutputUnwritable, read_manifest, write_whole
from alqahira.replay import Tally, Unpacker, replay
from alqahira.stores.file_lock import hold, let_go
from alqahira.warc import page_of

# Tells a replay's folder from a crawl's: what it was made from, and its manifest as it was then.
MARK = "_replay.json"


class Command(ScrapyCommand):
    """Exit status: 0 whole, 1 something in the archive could not be read, 2 wrong arguments or settings."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "[options]"

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

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        assert self.settings is not None
        output = Path(str(self.settings["ALQAHIRA_OUTPUT_DIR"])).expanduser()
        archive = Path(opts.archive).expanduser() if opts.archive else output / ARCHIVE_FOLDER
        try:
            if args:
                raise ConfigurationError(f"no argument {args[0][:80]!r} is known; see scrapy replay --help")
            if opts.show:
                show(self.settings, archive, opts.show)
                return
            if opts.output:
                output = Path(opts.output).expanduser()
            elif not opts.archive:
                output = output.with_name(f"{output.name}-replayed")
            self.exitcode = self._replay(archive, output)
        except AlqahiraError as error:
            end(error)

    def _replay(self, archive: Path, output: Path) -> int:
        assert self.settings is not None
        check_target(output, archive)
        with made_aside(output) as aside:
            settings = self.settings.copy()
            # The crawl's own ledger and archive are not touched.
            own = {"ALQAHIRA_OUTPUT_DIR": str(aside), "ALQAHIRA_STATE_URL": "", "ALQAHIRA_ARCHIVE": "false"}
            settings.setdict(own, priority="cmdline")
            tally = replay(archive, settings, print)
            if not tally.pages:
                raise AlqahiraError(f"no article page is in the archive {archive}{_skipped(tally)}")
            mark(aside, files(archive))
        parts = read_manifest(output)
        print(
            f"{tally.pages} pages of {tally.runs} runs: {sum(part.rows for part in parts)} lines in {len(parts)} parts "
            f"in {output}{_skipped(tally)}"
        )
        problems = [f"{tally.damaged} places of the archive could not be read"] if tally.damaged else []
        problems += [f"{tally.errors} errors of the program itself"] if tally.errors else []
        if problems:
            print(f"alqahira: {'; '.join(problems)}", file=sys.stderr)
        return 1 if problems else 0


def _skipped(tally: Tally) -> str:
    named = ", ".join(f"{cause} {n}" for cause, n in sorted(tally.skipped.items()))
    return f"; {tally.skipped.total()} records are no article page ({named})" if named else ""


# --- where it goes ------------------------------------------------------------------------------


def check_target(output: Path, archive: Path) -> None:
    """Refuse a folder with anything in it but an earlier replay, just as that was written. ConfigurationError."""
    if archive.resolve().is_relative_to(output.resolve()):
        raise ConfigurationError(f"the archive lies in {output}: name another folder with -o")
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    try:
        told = json.loads((output / MARK).read_text("utf-8"))["manifest_sha256"]
        is_own = told == _digest(output)
    except (OSError, ValueError, KeyError, TypeError):
        is_own = False
    if not is_own:
        raise ConfigurationError(f"{output} is not empty and no untouched replay: name another folder with -o")


def mark(output: Path, sources: Iterable[Path]) -> None:
    """Say what the corpus was made from; nothing of the clock, so that the same archive gives the same bytes."""
    made_from = [{"name": path.name, "bytes": path.stat().st_size} for path in sources]
    told = {"archive": made_from, "manifest_sha256": _digest(output)}
    write_whole(output / MARK, json.dumps(told, indent=1).encode() + b"\n")


def _digest(output: Path) -> str:
    return hashlib.sha256((output / MANIFEST).read_bytes()).hexdigest()


@contextmanager
def made_aside(output: Path) -> Iterator[Path]:
    """A folder beside the output that takes its place when the block ends well, and vanishes otherwise.

    Raises LedgerBusy where another replay makes the same folder, OutputUnwritable.
    """
    aside, old = (output.with_name(f".{output.name}.{ending}") for ending in ("replaying", "replaced"))
    lock = hold(aside)
    try:
        _remove(aside, old)
        aside.mkdir()
        yield aside
        if output.exists():
            output.rename(old)
        aside.rename(output)
    except OSError as error:
        raise OutputUnwritable(f"{error.filename or output} cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            _remove(aside, old)
            aside.with_name(f"{aside.name}.lock").unlink()
        let_go(lock)


def _remove(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)


# --- a record's page ----------------------------------------------------------------------------


def show(settings: Settings, archive: Path, name: str) -> None:
    """The page of a record to standard output, as it was archived; its place to standard error."""
    article_id, _, revision = name.partition("@")
    if revision and not (revision.isascii() and revision.isdecimal()):
        raise ConfigurationError(f"--show {name[:80]!r} is no ID or ID@REVISION")
    with open_ledger(state_url(settings), read_only=True) as ledger:
        article = ledger.article(article_id, int(revision) if revision else None)
    if article is None:
        raise ConfigurationError(f"there is no article {name[:80]!r} in the state")
    try:
        found = find_page(archive, article, max_bytes=settings.getint("DOWNLOAD_MAXSIZE")) if archive.is_dir() else None
    except OSError as error:
        raise AlqahiraError(f"the archive {error.filename} cannot be read: {error.strerror}") from None
    if found is None:
        raise AlqahiraError(f"the page of {article_id} as of {article.date_crawled} is not in the archive {archive}")
    path, record = found
    print(f"{path} offset {record.offset} length {record.length}: {record.url}", file=sys.stderr)
    sys.stdout.buffer.write(Unpacker.from_settings(settings).body(page_of(record), record))
    sys.stdout.buffer.flush()
