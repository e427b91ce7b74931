"""The options of `scrapy corpus` and `spark-submit`. Loaded with every other command, so that it loads nothing."""

from __future__ import annotations

import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """What is read, where it goes, and where Spark is."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--archive", metavar="FOLDER", help="read the pages in these WARCs once more")
    source.add_argument("--parts", metavar="FOLDER", help="take the records of this corpus, as they were extracted")
    parser.add_argument("-o", "--output", metavar="FOLDER", help="where the new corpus goes; a new folder")
    parser.add_argument("--master", metavar="URL", help="Spark's master (as spark-submit says, or local[*])")
