"""The output folder as it is, and whether it is that of a ledger (`place.py` has the rule)."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from alqahira.exceptions import ConfigurationError, LedgerUnusable
from alqahira.ledger import KnownCorpus, known_corpus
from alqahira.ledger.backends.sqlite import beside
from alqahira.publishing.manifest import (
    ARTICLES_FOLDER,
    MANIFEST,
    manifest_digest,
    read_corpus_id,
    read_manifest,
    scan_parts,
)
from alqahira.publishing.place import FolderState, mismatch
from alqahira.settings.configuration import ARCHIVE_FOLDER, Configuration
from alqahira.settings.state_url import read_state_url


def read_folder(output_dir: Path, known: KnownCorpus | None = None) -> FolderState:
    """What the folder holds, even if its manifest is missing or malformed. Raises OSError.

    A manifest that is the last one that `known` has written is not parsed, as a year of parts takes some time.
    """
    path, (files, hidden) = output_dir.resolve(), scan_parts(output_dir)
    if known and known.manifest and known.manifest == manifest_digest(output_dir):
        return FolderState(path, known.corpus_id, {}, files, hidden, is_current=True)
    try:
        listed = {part.path: part.sha256 for part in read_manifest(output_dir)}
    except ValueError:
        listed = {}
    return FolderState(path, read_corpus_id(output_dir), listed, files, hidden)


def refuse_other_corpus(output_dir: Path, state_url: str, *, may_be_empty: bool = False) -> None:
    """Raise LedgerUnusable if folder and ledger are not of one corpus (`mismatch`); nothing is created or changed.

    Parts are not looked at if the manifest is the ledger's last one: the run does that when it has the lock.
    """
    # The folder first: a run that goes on plans a part in the ledger before it writes it.
    try:
        digest = manifest_digest(output_dir)
        if digest and known_corpus(state_url, with_parts=False).manifest == digest:
            return
        folder = read_folder(output_dir)
    except OSError as error:
        raise ConfigurationError(f"{error.filename or output_dir} cannot be read: {error.strerror}") from None
    refuse_mismatch(folder, known_corpus(state_url), may_be_empty=may_be_empty)


def refuse_mismatch(folder: FolderState, known: KnownCorpus, *, may_be_empty: bool = False) -> None:
    """Raise LedgerUnusable if they are not of one corpus, or the folder is another copy of it that has gone on."""
    if why := mismatch(folder, known, may_be_empty=may_be_empty):
        raise LedgerUnusable(why)
    for path, sha256 in folder.listed.items():
        own = known.parts.get(path)
        # As its manifest lists it, so it is not damaged, but of another copy of the corpus.
        if own and own.sealed and own.sha256 != sha256 and _digest(folder.path / path) == sha256:
            raise LedgerUnusable(
                f"{folder.path / path} is not the part of that name that the state {known.name} has published: use "
                "the state of this folder, or rebuild it with `scrapy verify --rebuild-state`"
            )


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def is_own(file: Path, configuration: Configuration) -> bool:
    """Whether a file is of the corpus or its ledger, so that nothing else may be written there."""
    output = _real(configuration.output_dir)
    own = [output / name for name in (ARTICLES_FOLDER, ARCHIVE_FOLDER, MANIFEST)]
    url = read_state_url(configuration.state_url)
    if url.get_backend_name() == "sqlite":
        state = _real(Path(str(url.database)))
        own += [beside(state, ending) for ending in ("", "-wal", "-shm", ".lock")]
    return any(_real(file).is_relative_to(path) for path in own)


def _real(path: Path) -> Path:
    """The path without links. Unlike `resolve` it raises nothing for a link that leads to itself."""
    return Path(os.path.realpath(path))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from claiming the folder; on a file system without locks, nothing does."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
