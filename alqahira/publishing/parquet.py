"""The record in Arrow's types, and records as a Parquet file. Needs the extra `arrow`, which nothing else does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alqahira.exceptions import ConfigurationError, how_to_install
from alqahira.publishing.schema import record_fields

if TYPE_CHECKING:
    import pyarrow

# Records held in memory at once, and the rows of one row group.
_ROWS = 5_000


def require_pyarrow() -> None:
    """ConfigurationError where the extra is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise ConfigurationError(f"Parquet needs the extra `arrow`: {how_to_install('arrow')}") from None


def arrow_schema() -> pyarrow.Schema:
    """The record in Arrow's types: timestamps are UTC in seconds, descriptions are the fields' metadata."""
    import pyarrow as pa

    kinds = {str: pa.string(), int: pa.int64(), datetime: pa.timestamp("s", "UTC"), list[str]: pa.list_(pa.string())}
    return pa.schema(
        [
            pa.field(field.name, kinds[kind], nullable, {"description": field.metadata["doc"]})
            for field, kind, nullable in record_fields()
        ]
    )


def write_parquet(records: Iterable[dict[str, Any]], path: Path) -> None:
    """Plain records (`record.to_record`) to one Parquet file, compressed with Zstandard. Raises OSError."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    schema = arrow_schema()
    timestamps = [field.name for field in schema if pa.types.is_timestamp(field.type)]
    remaining = iter(records)
    with ParquetWriter(path, schema, compression="zstd") as writer:
        while rows := list(islice(remaining, _ROWS)):
            writer.write_table(pa.Table.from_pylist([_moments(row, timestamps) for row in rows], schema))


def _moments(record: dict[str, Any], timestamps: Iterable[str]) -> dict[str, Any]:
    """The record with its timestamps read."""
    read = {name: datetime.fromisoformat(record[name]) for name in timestamps if record[name]}
    return record | read
