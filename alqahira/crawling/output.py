"""Standard output whose reader may have had enough, as in `scrapy … | head`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


def discard_output() -> None:
    """Send what is still written to standard output nowhere, with what is buffered."""
    with suppress(OSError, ValueError):  # a stream without a file descriptor
        place = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, place)
        os.close(nowhere)


class _UntilUnread:
    """A stream that can also be written to when its reader has gone; `is_unread` is true then."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.is_unread = False

    def write(self, data: Any) -> int:
        try:
            return int(self._stream.write(data))
        except BrokenPipeError:
            self._discard()
            return len(data)

    def writelines(self, lines: Iterable[Any]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._discard()

    def _discard(self) -> None:
        self.is_unread = True
        discard_output()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def until_unread() -> Iterator[None]:
    """Within the block, printing is no error although nobody reads it any more."""
    stream = sys.stdout
    sys.stdout = _UntilUnread(stream)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stdout = stream


def is_unread() -> bool:
    """Whether the reader of standard output has gone, within `until_unread`."""
    return bool(getattr(sys.stdout, "is_unread", False))
