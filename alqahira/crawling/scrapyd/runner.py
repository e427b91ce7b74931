"""Starts a Scrapyd job from its egg, even if a version of the project is installed beside Scrapyd.

Scrapyd's own runner puts the egg after all installed packages, so a job would run the installed code, not the deployed
one. deploy/scrapyd.conf names this runner, which differs only in that order.
"""

from __future__ import annotations

import os
import sys

from scrapyd.runner import project_environment


def main() -> None:
    """`python -m alqahira.crawling.scrapyd.runner crawl …`, with SCRAPY_PROJECT in the environment, as Scrapyd does."""
    installed = set(sys.path)
    with project_environment(os.environ["SCRAPY_PROJECT"]):
        sys.path.sort(key=installed.__contains__)  # stable: the egg first
        # This module came from the installed package.
        for name in [name for name in sys.modules if name.partition(".")[0] == "alqahira"]:
            del sys.modules[name]
        from scrapy.cmdline import execute

        execute()


if __name__ == "__main__":
    main()
