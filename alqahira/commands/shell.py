"""`scrapy shell`, as Scrapy has it, without a run and with `article`."""

from typing import Any

from scrapy.commands.shell import Command as Scrapys

from alqahira.crawling.no_run import NoRun


class Command(NoRun, Scrapys):
    """No run: see `NoRun`. `article` is the Article of the page, with its topics; None where it has none."""

    def update_vars(self, vars: dict[str, Any]) -> None:
        # Imported here: Scrapy loads all commands, whichever is given.
        from alqahira.crawling.section import read_response

        response = vars.get("response")
        vars["article"] = read_response(response).article if response else None
