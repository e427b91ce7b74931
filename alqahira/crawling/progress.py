"""A live progress bar for long work: on standard error, on a terminal only, never in a pipe or a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

    from alqahira.settings.configuration import Configuration

T = TypeVar("T")


def is_bar_wanted(configuration: Configuration) -> bool:
    """Whether to draw: both streams are a terminal, and ALQAHIRA_PROGRESS is not `never`."""
    return configuration.progress == "auto" and sys.stderr.isatty() and sys.stdout.isatty()


def new_bar() -> Progress:
    """A bar with done of total, rate, the time left where a total is known, and the text of the field `counts`.

    On a narrow terminal the bar shrinks first, then the end of `counts` is cut; the figures stay whole.
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
        rich.TextColumn("{task.description}"),
        rich.BarColumn(bar_width=None),
        State(table_column=Column(no_wrap=True, overflow="ellipsis")),
        console=Console(stderr=True),
    )


def rate(per_second: float) -> str:
    """A rate a second, or a minute where it is slow, as a polite crawl's is."""
    return f"{per_second:,.0f}/s" if per_second >= 10 else f"{per_second * 60:.0f}/min"


def with_bar(
    items: Iterable[T], total: int | None, description: str, *, shown: bool, counts: Callable[[], str] = lambda: ""
) -> Iterator[T]:
    """The same items, with a bar that moves as they are taken if `shown`; `counts` is called for its text."""
    if not shown:
        yield from items
        return
    with new_bar() as bar:
        task = bar.add_task(description, total=total, counts="")
        for item in items:
            yield item
            bar.update(task, advance=1, counts=counts())
