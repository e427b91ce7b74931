"""A statement put into words once and run by the driver itself: SQLAlchemy's part in a call costs ten times the call.

For what runs several times a page (`queries`); its errors are SQLAlchemy's all the same. docs/performance.md
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """One statement for SQLite, with values of these names; a column that has none gets no default of SQLAlchemy's.

    Its text must be the same for all values.
    """

    def __init__(self, statement: Executable, names: Collection[str], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]
        assert isinstance(compiled, SQLCompiler)
        assert not compiled.post_compile_params
        self._text = compiled.string
        self._order = compiled.positiontup or []
        # What the statement itself says, such as a LIMIT.
        self._fixed = {name: value for name, value in compiled.params.items() if name not in names}
        columns = [column.name for column in statement.selected_columns] if isinstance(statement, Select) else []
        row: Any = namedtuple("row", columns)  # type: ignore[misc]
        self._row = row._make

    def rows(self, driver: sqlite3.Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """Its rows, with columns as attributes. Raises sqlalchemy.exc.DBAPIError, as `change` does."""
        given = self._in_order(values)
        try:
            return [self._row(row) for row in driver.execute(self._text, given)]
        except sqlite3.Error as error:
            raise _as_sqlalchemy_says(error, self._text, given) from error

    def change(self, driver: sqlite3.Connection, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        """Run it once for each of the values."""
        given = [self._in_order(each) for each in ([values] if isinstance(values, Mapping) else values)]
        try:
            driver.executemany(self._text, given)
        except sqlite3.Error as error:
            raise _as_sqlalchemy_says(error, self._text, given) from error

    def _in_order(self, values: Mapping[str, Any]) -> list[Any]:
        return [values[name] if name in values else self._fixed[name] for name in self._order]


def run(driver: sqlite3.Connection, text: str) -> None:
    """Run a statement without values, such as BEGIN. Raises sqlalchemy.exc.DBAPIError."""
    try:
        driver.execute(text)
    except sqlite3.Error as error:
        raise _as_sqlalchemy_says(error, text, ()) from error


def _as_sqlalchemy_says(error: sqlite3.Error, text: str, given: Any) -> BaseException:
    return DBAPIError.instance(text, given, error, sqlite3.Error)
