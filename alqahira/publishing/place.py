"""Whether an output folder and a ledger belong to each other. Pure.

Both carry the id of their corpus: the folder in its manifest, the ledger in `meta`. Older ones have none, and get one
if the ledger knows the folder's parts.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from alqahira.ledger.runs import KnownCorpus

_NAMESPACE = uuid.UUID("5f0f6c0e-6d0b-4b0e-9a52-6f2b1f3f7a10")


@dataclass(frozen=True, slots=True)
class FolderState:
    """What an output folder holds: its id, the parts in its manifest with their SHA-256, and the part files' sizes.

    `hidden`: files that a killed run has left half written. `is_current`: its manifest is the last that the ledger has
    written, and lists what that knows.
    """

    path: Path
    corpus_id: str | None = None
    listed: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    hidden: Sequence[str] = ()
    is_current: bool = False


def new_corpus_id() -> str:
    """The id of a new corpus."""
    return str(uuid.uuid4())


def derived_corpus_id(sources: Iterable[str]) -> str:
    """The id of a corpus made from these sources: always the same, so that its manifest is reproducible."""
    return str(uuid.uuid5(_NAMESPACE, "\n".join(sources)))


def derived_generation(sources: Iterable[str]) -> int:
    """The generation of a corpus made from archives: always the same for the same parts, given by their digests."""
    return 2 + uuid.uuid5(_NAMESPACE, "\n".join(sources)).int % (2**31 - 2)


def mismatch(folder: FolderState, known: KnownCorpus, *, may_be_empty: bool = False) -> str:
    """Why the folder is not that of the ledger, in one line with what to do; empty if it is.

    `may_be_empty`: the ledger's parts may be written to an empty folder at a new place.
    """
    rebuild = "rebuild the state from the parts with `scrapy verify --rebuild-state`"
    if None not in (folder.corpus_id, known.corpus_id) and folder.corpus_id != known.corpus_id:
        return (
            f"{folder.path} holds corpus {folder.corpus_id}, the state {known.name} is of corpus {known.corpus_id}: "
            "use another ALQAHIRA_OUTPUT_DIR or ALQAHIRA_STATE_URL"
        )
    if unknown := sorted(set(folder.files) - known.parts.keys()):
        return f"{folder.path / unknown[0]} is not known to this state: use another ALQAHIRA_OUTPUT_DIR, or {rebuild}"
    sealed = [part for part in known.parts.values() if part.sealed]
    is_shared = any(part.path in folder.files or folder.listed.get(part.path) == part.sha256 for part in sealed)
    if folder.corpus_id and known.corpus_id is None and not is_shared:
        return (
            f"{folder.path} holds corpus {folder.corpus_id}, which this state does not know: use another "
            f"ALQAHIRA_OUTPUT_DIR, or {rebuild}"
        )
    is_new_place = folder.corpus_id is None and known.folder != str(folder.path)
    if sealed and not is_shared and is_new_place and not may_be_empty:
        return (
            f"{folder.path} holds none of the {len(sealed)} parts of the state {known.name}, which are at "
            f"{known.folder or 'another place'}: use that ALQAHIRA_OUTPUT_DIR, or write them here with "
            "`scrapy verify --repair`"
        )
    return ""
