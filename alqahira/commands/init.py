"""`alqahira init FOLDER`: a folder to crawl in, where the package is installed without a checkout (docs/install.md)."""

from __future__ import annotations

import argparse
import os
import sys
from shlex import quote

from alqahira.crawling.command import ProjectCommand
from alqahira.exceptions import ConfigurationError
from alqahira.publishing.manifest import write_atomic
from alqahira.settings.types import local_path, make_folder

_SCRAPY_CFG = """\
# Commands of Scrapy in this folder, and below it, are those of alqahira. Relative output folders start here.
[settings]
default = alqahira.settings
"""


def main() -> None:
    """The program `alqahira`: Scrapy's own, with the settings of this project in any folder."""
    os.environ["SCRAPY_SETTINGS_MODULE"] = "alqahira.settings"
    # Imported here: Scrapy loads this module for each command.
    from scrapy.cmdline import execute

    execute(["scrapy", *sys.argv[1:]])


class Command(ProjectCommand):
    """Writes scrapy.cfg alone: settings come from the environment and the command line."""

    most_arguments = 1

    def syntax(self) -> str:
        return "FOLDER"

    def short_desc(self) -> str:
        return "Make a folder to crawl in, without a checkout"

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        if not args or not args[0].strip():
            raise ConfigurationError("name a folder: alqahira init FOLDER")
        folder = local_path(args[0])
        file = folder / "scrapy.cfg"
        if os.path.lexists(file):
            raise ConfigurationError(f"{file} exists: the folder is a project already")
        make_folder(folder, "FOLDER")
        try:
            write_atomic(file, _SCRAPY_CFG.encode())
        except OSError as error:
            raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from None
        enter = "" if folder.samefile(".") else f"  cd {quote(str(folder))}\n"
        print(f"{file} is written. Next:\n{enter}  scrapy demo\n  scrapy crawl defense")
        return 0
