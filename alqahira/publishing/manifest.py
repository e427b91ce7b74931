"""The manifest and the parts that it lists: reading, checking, and files that appear whole."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ARTICLES_FOLDER = "articles"
MANIFEST = "_manifest.json"
# Hidden, and not matched by any reader's pattern for parts.
ASIDE_PREFIX, ASIDE_SUFFIX = ".", ".tmp"
# The folder of a day: Hive's name for a partition. Versions before wrote `date_published=`.
DAY_PREFIX, OLD_DAY_PREFIX = "day=", "date_published="
# Hive's own name for the partition of null.
NO_DAY = "__HIVE_DEFAULT_PARTITION__"
# A load that is older than so many manifests begins anew.
MOST_CHECKPOINTS = 2_000
_DAY_FOLDER = re.compile(rf"({DAY_PREFIX}|{OLD_DAY_PREFIX})[\w-]+")
_PART_NAME = re.compile(r"part-(?P<sequence>\d{6,})\.jsonl(\.gz)?")
_PART_PATH = re.compile(rf"{ARTICLES_FOLDER}/{_DAY_FOLDER.pattern}/{_PART_NAME.pattern}")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the manifest; `path` is relative to the output folder, with forward slashes.

    `sequence`: its number, in the order in which parts were planned. `first_position`, `last_position`: of its lines;
    None in a part of an older version. `sealed_at`: RFC 3339. `replaces`: sequences of the parts whose lines it has
    taken over, which are no longer listed.
    """

    path: str
    rows: int
    bytes: int
    sha256: str
    schema_version: int
    sequence: int
    first_position: int | None = None
    last_position: int | None = None
    sealed_at: str | None = None
    replaces: tuple[int, ...] = ()


def with_checkpoint(
    checkpoints: Sequence[str], corpus_id: str, entries: Sequence[dict[str, Any]], most: int = MOST_CHECKPOINTS
) -> list[str]:
    """The checkpoints of a corpus with these parts: one more if they have lines after the last one; the last `most`.

    A checkpoint is the last position of a manifest, and a digest of all parts up to it. If a backup is restored and
    grows, the same positions get other lines, and other checkpoints. `entries`: the fields of each `Part`.
    """
    before = int(checkpoints[-1].partition("-")[0]) if checkpoints else -1
    new = [entry for entry in entries if (entry["last_position"] or 0) > before]
    if not new:
        return list(checkpoints)
    digested = [checkpoints[-1] if checkpoints else corpus_id, *(f"{e['sequence']} {e['sha256']}" for e in new)]
    digest = hashlib.sha256("\n".join(digested).encode()).hexdigest()
    return [*checkpoints, f"{max(entry['last_position'] or 0 for entry in new)}-{digest[:16]}"][-most:]


def write_manifest(
    output_dir: Path, corpus_id: str, generation: int, checkpoints: Sequence[str], entries: Sequence[dict[str, Any]]
) -> str:
    """List the parts of a corpus, in this order; returns the manifest's SHA-256. Raises OSError.

    `checkpoints`: see `with_checkpoint`; `entries`: the fields of each `Part`. A manifest that says the same already is
    left alone.
    """
    head = f'"corpus_id": {json.dumps(corpus_id)},\n "generation": {generation},\n "checkpoints": '
    head += json.dumps([*checkpoints])
    # Encoded in one call, and then an entry a line: no text in them has a brace.
    lines = json.dumps(entries)[1:-1].replace("}, {", "},\n  {")
    content = f'{{{head},\n "parts": [\n  {lines}\n ]}}\n'.encode()
    digest = hashlib.sha256(content).hexdigest()
    if manifest_digest(output_dir) != digest:
        write_atomic(output_dir / MANIFEST, content)
    return digest


def manifest_digest(output_dir: Path) -> str:
    """The SHA-256 of the manifest; empty if there is none or it cannot be read."""
    try:
        return hashlib.sha256((output_dir / MANIFEST).read_bytes()).hexdigest()
    except OSError:
        return ""


def holds_corpus(output_dir: Path, corpus_id: str) -> bool:
    """Whether the manifest is there and has this id. Raises OSError."""
    try:
        with (output_dir / MANIFEST).open("rb") as file:
            begins = file.read(len(corpus_id) + 30).decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError):
        return False
    return f'"corpus_id": {json.dumps(corpus_id)}' in begins or read_corpus_id(output_dir) == corpus_id


def part_files(output_dir: Path) -> list[str]:
    """The paths of all visible parts, as in the manifest."""
    return sorted(scan_parts(output_dir)[0])


def scan_parts(output_dir: Path) -> tuple[dict[str, int], list[str]]:
    """The bytes of each visible part, by its path as in the manifest, and hidden files. Raises OSError."""
    # By `os`' own functions, which take half as long as those of `pathlib`, or less.
    sizes: dict[str, int] = {}
    hidden: list[str] = []
    folder = output_dir / ARTICLES_FOLDER
    if not folder.is_dir():
        return sizes, hidden
    for day in os.listdir(folder):
        if not day.startswith((DAY_PREFIX, OLD_DAY_PREFIX)):
            continue
        try:
            names = os.listdir(f"{folder}/{day}")
        except NotADirectoryError:
            continue
        is_of_parts = _DAY_FOLDER.fullmatch(day)
        for name in names:
            if is_of_parts and _PART_NAME.fullmatch(name):
                sizes[f"{ARTICLES_FOLDER}/{day}/{name}"] = os.stat(f"{folder}/{day}/{name}").st_size
            elif name.startswith(ASIDE_PREFIX) and name.endswith(ASIDE_SUFFIX):
                hidden.append(f"{ARTICLES_FOLDER}/{day}/{name}")
    return sizes, hidden


def stray_files(output_dir: Path, listed: Iterable[Part]) -> list[str]:
    """The parts that the manifest neither lists nor names as replaced."""
    known, replaced = set(), set[int]()
    for part in listed:
        known.add(part.path)
        replaced.update(part.replaces)
    return [path for path in part_files(output_dir) if path not in known and sequence_of(path) not in replaced]


def sequence_of(path: str) -> int:
    """The number in the path of a part. Raises ValueError if it is none."""
    if (match := _PART_PATH.fullmatch(path)) is None:
        raise ValueError(f"{path[:80]!r} is no part")
    return int(match["sequence"])


def read_corpus_id(output_dir: Path) -> str | None:
    """The id in the manifest; None if there is none. Raises OSError."""
    try:
        corpus_id = json.loads((output_dir / MANIFEST).read_bytes())["corpus_id"]
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None
    return corpus_id if isinstance(corpus_id, str) else None


def read_generation(output_dir: Path) -> int:
    """The generation in the manifest: of another one, a warehouse loads all lines anew; 1 if there is none."""
    try:
        return int(json.loads((output_dir / MANIFEST).read_bytes())["generation"])
    except (OSError, ValueError, KeyError, TypeError):
        return 1


def read_checkpoints(output_dir: Path) -> list[str]:
    """The checkpoints in the manifest; none if there is none, or it is of an older version."""
    try:
        return [str(checkpoint) for checkpoint in json.loads((output_dir / MANIFEST).read_bytes())["checkpoints"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def read_manifest(output_dir: Path) -> list[Part]:
    """The parts in the manifest; none if there is no manifest. Raises ValueError if it is malformed, OSError."""
    try:
        listed = [_part(entry) for entry in json.loads((output_dir / MANIFEST).read_bytes())["parts"]]
        if twice := [path for path, times in Counter(part.path for part in listed).items() if times > 1]:
            raise ValueError(f"{twice[0]} is listed twice")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{output_dir / MANIFEST} is not a manifest: {error}") from None
    return listed


def _part(entry: dict[str, Any]) -> Part:
    """An entry of the manifest; those of older versions lack some keys. Raises ValueError, KeyError, TypeError."""
    given = entry | {"sequence": sequence_of(entry["path"]), "replaces": tuple(entry.get("replaces", ()))}
    return Part(**given)


def read_part(path: Path) -> Iterator[dict[str, Any]]:
    """The records of one part."""
    with gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb") as file:
        for line in file:
            yield json.loads(line)


def read_corpus(output_dir: Path) -> Iterator[dict[str, Any]]:
    """The highest revision of every article, in the order of the manifest."""
    newest: dict[str, dict[str, Any]] = {}
    for part in read_manifest(output_dir):
        for record in read_part(output_dir / part.path):
            if record["revision"] >= newest.get(record["article_id"], record)["revision"]:
                newest[record["article_id"]] = record
    yield from newest.values()


def check(output_dir: Path, part: Part) -> str | None:
    """How a part differs from the manifest, or None."""
    path = output_dir / part.path
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if len(content) < part.bytes:
        return f"shortened: {len(content)} of {part.bytes} bytes"
    if hashlib.sha256(content).hexdigest() != part.sha256:
        return "changed"
    lines = gzip.decompress(content) if part.path.endswith(".gz") else content
    if (rows := lines.count(b"\n")) != part.rows:
        return f"has {rows} rows, and the manifest says {part.rows}"
    return None


# --- files ---------------------------------------------------------------------------------------


def write_atomic(path: Path, content: bytes) -> None:
    """Replace a file as a whole and durably: write beside it, sync, rename, sync the folder. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as aside:
        aside.write_bytes(content)
    for folder in (path.parent, path.parent.parent):
        sync_folder(folder)


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it is synced and renamed to `path` if the block ends without an error."""
    # A random name, so that two processes never write the same file.
    aside = path.with_name(f"{ASIDE_PREFIX}{path.name}.{secrets.token_hex(4)}{ASIDE_SUFFIX}")
    try:
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Sync the entries of a folder to disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
