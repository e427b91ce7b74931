"""The record in Arrow's types, and records as a Parquet file. Needs the extra `arrow`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alqahira.exceptions import ConfigurationError, how_to_install
from alqahira.publishing.schema import columns

if TYPE_CHECKING:
    import pyarrow

# Records held in memory at once, and the rows of one row group.
_ROWS = 5_000


def require_pyarrow() -> None:
    """Raise ConfigurationError if the extra is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise ConfigurationError(f"Parquet needs the extra `arrow`: {how_to_install('arrow')}") from None


def arrow_schema() -> pyarrow.Schema:
    """The record in Arrow's types: timestamps are UTC in seconds, descriptions are the fields' metadata."""
    import pyarrow as pa

    kinds: dict[object, pyarrow.DataType] = {
        str: pa.string(),
        int: pa.int64(),
        datetime: pa.timestamp("s", "UTC"),
        list[str]: pa.list_(pa.string()),
    }
    return pa.schema([pa.field(c.name, kinds[c.kind], c.nullable, {"description": c.doc}) for c in columns()])


def write_parquet(records: Iterable[dict[str, Any]], path: Path) -> None:
    """Write records (`article.to_record`) to one Parquet file, compressed with Zstandard. Raises OSError."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    schema = arrow_schema()
    timestamps = [column.name for column in columns() if column.kind is datetime]
    remaining = iter(records)
    with ParquetWriter(path, schema, compression="zstd") as writer:
        while rows := list(islice(remaining, _ROWS)):
            writer.write_table(pa.Table.from_pylist([_with_moments(row, timestamps) for row in rows], schema))


def _with_moments(record: dict[str, Any], timestamps: Iterable[str]) -> dict[str, Any]:
    return record | {name: datetime.fromisoformat(record[name]) for name in timestamps if record[name]}
