"""For spark-submit and `python -m alqahira.archive.spark`: `scrapy corpus` without Scrapy's command line."""

from __future__ import annotations

import argparse
import sys

from scrapy.settings import Settings

from alqahira.archive.spark.command import corpus
from alqahira.archive.spark.options import add_options
from alqahira.exceptions import AlqahiraError
from alqahira.monitoring.failure import fail


def main() -> int:
    """Do what the command line says; the exit status."""
    parser = argparse.ArgumentParser(prog="alqahira.archive.spark", description=__doc__)
    add_options(parser)
    settings = Settings()
    settings.setmodule("alqahira.settings", priority="project")
    try:
        return corpus(parser.parse_args(), settings)
    except AlqahiraError as error:
        fail(error)
        return error.exit_status


if __name__ == "__main__":
    sys.exit(main())
