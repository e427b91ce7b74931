"""A live progress bar on standard error, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

    from alqahira.settings.configuration import Configuration

T = TypeVar("T")


def is_bar_wanted(configuration: Configuration) -> bool:
    """Whether both output streams are terminals and ALQAHIRA_PROGRESS is not `never`."""
    return configuration.progress == "auto" and sys.stderr.isatty() and sys.stdout.isatty()


def new_bar(name: str) -> Progress:
    """A bar for a task of this name: done of total, rate, time left if the total is known, and the field `counts`.

    A narrow terminal shortens the bar, then the end of `counts`, never the name and the figures.
    """
    from rich import progress as rich
    from rich.console import Console
    from rich.table import Column
    from rich.text import Text

    done, left = rich.MofNCompleteColumn(), rich.TimeRemainingColumn()

    class State(rich.ProgressColumn):
        def render(self, task: rich.Task) -> Text:
            speed = Text(rate(task.finished_speed or task.speed or 0))
            return Text(" ").join([done.render(task), speed, left.render(task), Text(str(task.fields["counts"]))])

    return rich.Progress(
        rich.TextColumn("{task.description}", table_column=Column(no_wrap=True, min_width=len(name))),
        rich.BarColumn(bar_width=None),
        State(table_column=Column(no_wrap=True, overflow="ellipsis")),
        console=Console(stderr=True),
    )


def rate(per_second: float) -> str:
    """A rate per second, or per minute below 10 a second, as in a polite crawl."""
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second * 60:.0f}/min"


def with_bar(
    items: Iterable[T], total: int | None, description: str, *, shown: bool, counts: Callable[[], str] = lambda: ""
) -> Iterator[T]:
    """Yield the items, with a bar if `shown`; `counts` returns its text."""
    if not shown:
        yield from items
        return
    with new_bar(description) as bar:
        task = bar.add_task(description, total=total, counts="")
        for item in items:
            yield item
            bar.update(task, advance=1, counts=counts())
