"""`scrapy corpus` for spark-submit and `python -m alqahira.archive.spark`."""

from __future__ import annotations

import os
import sys

from scrapy.cmdline import execute

if __name__ == "__main__":
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", "alqahira.settings")
    execute(["scrapy", "corpus", *sys.argv[1:]])
