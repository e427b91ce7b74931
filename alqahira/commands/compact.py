"""`scrapy compact`: the parts of each day at rest become one."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

from alqahira.crawling.command import ProjectCommand
from alqahira.exceptions import LedgerUnusable
from alqahira.ledger import known_corpus, open_ledger
from alqahira.publishing.folder import refuse_other_corpus
from alqahira.publishing.parts import publisher_of


class Command(ProjectCommand):
    """Exit status 1 if the output cannot be written, 2 if there is no corpus, 3 if a run holds the ledger."""

    def short_desc(self) -> str:
        return "Merge the parts of each day that is at rest"

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        configuration = self.configuration
        refuse_other_corpus(configuration.output_dir, configuration.state_url)
        state = known_corpus(configuration.state_url)
        if not state.parts:
            raise LedgerUnusable(f"the state {state.name} has no parts to compact")
        with open_ledger(configuration.state_url, owner="scrapy compact") as ledger:
            publisher = publisher_of(ledger, configuration)
            publisher.recover()
            done = publisher.compact(
                datetime.now(UTC),
                rest=timedelta(days=configuration.compact_after_days),
                grace=timedelta(hours=configuration.compact_grace_hours),
            )
        print(f"{done.days} days: {done.before} parts became {done.after}; {done.removed} old files removed")
        return 0
