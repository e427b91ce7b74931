"""Does docs/comparison.md still print what it says? Its Python is run by the interpreter that has the other tools.

    python benchmarks/printed.py --python .venv-comparison/bin/python

`make comparison` runs it last. A block is run where it imports one of those tools; what it prints is compared, line by
line, with the `text` block that follows, where one does. Fundus wants another environment again, and the spider that
kills itself has figures that depend on the moment: they are run by hand.
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
    """`printed`: what the page says that it prints, None where it says nothing."""

    line: int
    code: str
    printed: str | None


def blocks(text: str) -> Iterator[Block]:
    """The blocks that need one of the tools."""
    fences = list(_FENCE.finditer(text))
    for fence, following in zip_longest(fences, fences[1:]):
        if fence[1] != "python" or not _TOOLS.search(fence[2]):
            continue
        shows = following and following[1] == "text" and not _HEADING.search(text, fence.end(), following.start())
        yield Block(text.count("\n", 0, fence.start()) + 1, fence[2], following[2] if shows else None)


def difference(python: Path, block: Block) -> list[str]:
    """Nothing where it ran and printed what the page says."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(python.absolute()), "-X", "utf8", "-c", block.code]
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False, timeout=300)
    if done.returncode:
        return [f"ended with {done.returncode}", *done.stderr.splitlines()[-3:]]
    if block.printed is None:
        return []
    says, prints = block.printed.splitlines(), done.stdout.splitlines()
    return list(difflib.unified_diff(says, prints, "the page", "printed", lineterm="", n=0))


def check(python: Path, page: Path = PAGE) -> bool:
    """Whether all of the page's blocks do as it says; each failure is printed."""
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
