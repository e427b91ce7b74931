"""Compaction: the parts of a day that is at rest become one, by the same steps as any part.

One transaction plans the new parts of a day and moves the lines to them. They are written, renamed and marked as sealed
together, and the manifest lists them instead of the old ones in one step. The old files stay for a time, for readers
that have the manifest of before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from alqahira.article import rfc3339
from alqahira.ledger.tables import outbox, parts
from alqahira.publishing.manifest import OLD_DAY_PREFIX
from alqahira.publishing.planning import insert_part, joined, part_path, plan_part

# So many parts of a day are merged also if it is not at rest, such as the day of articles without a date.
_MANY = 30
_MOVE = outbox.update().where(outbox.c.position == sa.bindparam("row")).values(part=sa.bindparam("sequence"))
_FORGET = parts.delete().where(parts.c.sequence == sa.bindparam("old"))


class Compacted(NamedTuple):
    """What a compaction did: days, their parts before and after, and old files that were removed."""

    days: int = 0
    before: int = 0
    after: int = 0
    removed: int = 0


def due_days(connection: Connection, now: datetime, rest: timedelta, max_rows: int) -> Iterator[list[Row[Any]]]:
    """The parts to merge of each day that is due, in the order of days.

    A day is at rest if none of its parts is younger than `rest`. Full parts stay as they are, so that the work does not
    grow with the day; all others are merged if that makes fewer parts of them, or if their folder has its old name.
    """
    is_live = (parts.c.sealed == 1, parts.c.replaced_by.is_(None))
    has_old_name = parts.c.path.contains(f"/{OLD_DAY_PREFIX}", autoescape=True)
    # Most days of a year have one part.
    may_be_due = sa.func.count() + sa.func.sum(sa.case((has_old_name, 1), else_=0)) > 1
    days = sa.select(parts.c.day).where(*is_live).group_by(parts.c.day).having(may_be_due)
    live = sa.select(parts).where(*is_live, parts.c.day.in_(days))
    rows = connection.execute(live.order_by(parts.c.day, parts.c.sequence)).all()
    for _, of_day in groupby(rows, key=attrgetter("day")):
        listed = list(of_day)
        old = [row for row in listed if f"/{OLD_DAY_PREFIX}" in row.path]
        merged = [row for row in listed if row.rows < max_rows or row in old]
        is_at_rest = max(row.sealed_at or "" for row in listed) <= rfc3339(now - rest)
        makes_fewer = -(-sum(row.rows for row in merged) // max_rows) < len(merged)
        if (makes_fewer and len(merged) >= _MANY) or (is_at_rest and (makes_fewer or old)):
            yield merged


def plan_compaction(connection: Connection, merged: Sequence[Row[Any]], sealed_at: str, max_rows: int) -> int:
    """Plan the parts that replace those of a day, of at most `max_rows` lines, in order of position; their number."""
    day, old = merged[0].day, [row.sequence for row in merged]
    lines = connection.execute(
        sa.select(outbox.c.position, outbox.c.part)
        .where(outbox.c.part.in_(old))
        .order_by(outbox.c.published_position.nulls_first(), outbox.c.position)
    ).all()
    # Files that an earlier compaction has replaced and that are still there.
    left = connection.scalars(sa.select(parts.c.sequence).where(parts.c.replaced_by.in_(old))).all()
    made: list[int] = []
    for start in range(0, len(lines), max_rows):
        chosen = lines[start : start + max_rows]
        sequence = insert_part(connection, day, sealed_at)
        connection.execute(_MOVE, [{"row": line.position, "sequence": sequence} for line in chosen])
        replaces = {line.part for line in chosen} | (set() if made else {*left})
        connection.execute(parts.update().where(parts.c.sequence == sequence).values(replaces=joined(sorted(replaces))))
        plan_part(connection, sequence, part_path(day, sequence, compress=True))
        made.append(sequence)
    replaced = parts.c.sequence.in_(old) | parts.c.replaced_by.in_(old)
    connection.execute(parts.update().where(replaced).values(replaced_by=made[0]))
    return len(made)


def removable(connection: Connection, now: datetime, grace: timedelta) -> list[Row[Any]]:
    """The parts that others have replaced, `grace` ago or earlier."""
    newer = parts.alias("newer")
    is_replaced = (newer.c.sequence == parts.c.replaced_by) & (newer.c.sealed == 1)
    query = sa.select(parts.c.sequence, parts.c.path).join(newer, is_replaced)
    return list(connection.execute(query.where(newer.c.sealed_at <= rfc3339(now - grace))))


def forget(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    """Remove parts whose files are gone; at least one."""
    # One by one: a year's parts are more than the variables that a statement may have.
    connection.execute(_FORGET, [{"old": row.sequence} for row in rows])
