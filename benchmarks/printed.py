"""Whether the Python in docs/comparison.md still prints what the page shows.

    python benchmarks/printed.py --python .venv-comparison/bin/python

`make comparison` runs it last. A block that imports one of the tools is run, and its output compared line by line with
the `text` block that follows, if any. Fundus needs another environment, and the figures of the killed spider vary: run
them by hand.
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "comparison.md"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#", re.MULTILINE)
_TOOLS = re.compile(r"^(?:from|import) (?:trafilatura|newspaper|newsplease)\b", re.M)


@dataclass(frozen=True, slots=True)
class Block:
    """`printed`: the output on the page, if it shows any."""

    line: int
    code: str
    printed: str | None


def blocks(text: str) -> Iterator[Block]:
    """The blocks that import one of the tools."""
    fences = list(_FENCE.finditer(text))
    for fence, following in zip_longest(fences, fences[1:]):
        if fence[1] != "python" or not _TOOLS.search(fence[2]):
            continue
        shows = following and following[1] == "text" and not _HEADING.search(text, fence.end(), following.start())
        yield Block(text.count("\n", 0, fence.start()) + 1, fence[2], following[2] if shows else None)


def difference(python: Path, block: Block) -> list[str]:
    """The differences of the output from the page, or the error."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(python.absolute()), "-X", "utf8", "-c", block.code]
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=300)
    if done.returncode:
        return [f"ended with {done.returncode}", *done.stderr.splitlines()[-3:]]
    if block.printed is None:
        return []
    page, output = block.printed.splitlines(), done.stdout.splitlines()
    return list(difflib.unified_diff(page, output, "the page", "printed", lineterm="", n=0))


def check(python: Path, page: Path = PAGE) -> bool:
    """Run the page's blocks and print the result of each. Returns whether all print what the page shows."""
    is_right = True
    for block in blocks(page.read_text("utf-8")):
        wrong = difference(python, block)
        is_right = is_right and not wrong
        print(f"{page.name}:{block.line}", "as printed" if not wrong else "\n".join(["differs:", *wrong]), flush=True)
    return is_right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, required=True, help="an interpreter that has the general extractors")
    sys.exit(not check(parser.parse_args().python))


if __name__ == "__main__":
    main()
