"""For spark-submit and `python -m alqahira.corpus`: the same as `scrapy corpus`, without Scrapy's command line."""

from __future__ import annotations

import argparse
import sys

from scrapy.settings import Settings

from alqahira.commands.failure import fail
from alqahira.corpus.command import corpus
from alqahira.corpus.options import add_options
from alqahira.errors import AlqahiraError


def main() -> int:
    """Do what the command line says; the exit status."""
    parser = argparse.ArgumentParser(prog="alqahira.corpus", description=__doc__)
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
