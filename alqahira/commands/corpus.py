"""`scrapy corpus`: the corpus again from archives or parts of any size, by Spark (docs/scaling.md)."""

from __future__ import annotations

import argparse

from alqahira.crawling.command import ProjectCommand


class Command(ProjectCommand):
    """Exit status: 0 whole, 1 something of the input could not be read, 2 wrong arguments or settings, no Spark."""

    def syntax(self) -> str:
        return "(--archive FOLDER | --parts FOLDER) -o FOLDER [--master URL]"

    def short_desc(self) -> str:
        return "Make the corpus again from many archives or parts, by Spark"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--archive", metavar="FOLDER", help="read the pages in these WARCs once more")
        source.add_argument("--parts", metavar="FOLDER", help="take the records of this corpus, as they were extracted")
        parser.add_argument("-o", "--output", metavar="FOLDER", help="where the new corpus goes; a new folder")
        parser.add_argument("--master", metavar="URL", help="Spark's master (spark-submit's, or local[*])")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        # Imported here: no other command needs what reads archives.
        from alqahira.archive.spark.command import corpus

        assert self.settings is not None
        return corpus(opts, self.settings)
