"""`scrapy quarantine`: pages that did not answer with the article that was asked for."""

from __future__ import annotations

import argparse
import json

from alqahira.crawling.command import ProjectCommand
from alqahira.exceptions import ConfigurationError
from alqahira.ledger import open_ledger
from alqahira.ledger.frontier import RevisitSchedule
from alqahira.ledger.stored_records import record_of
from alqahira.monitoring.logs import readable

_ACTIONS = ("list", "show", "release", "drop")
_LONGEST_HEADLINE = 80


class Command(ProjectCommand):
    """Exit status 2 for an id that is not in quarantine, 3 if a run holds the ledger."""

    most_arguments = 2

    def syntax(self) -> str:
        return "[list | show ID | release ID | drop ID]"

    def short_desc(self) -> str:
        return "List pages in quarantine; show, release or drop one"

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        action, key = [*args, "list", ""][:2] if args else ("list", "")
        if action not in _ACTIONS:
            raise ConfigurationError(f"{action[:80]!r} is none of {', '.join(_ACTIONS)}")
        has_id = len(args) == 2
        if has_id == (action == "list"):
            raise ConfigurationError(f"scrapy quarantine {action} takes {'no' if action == 'list' else 'an'} ID")
        if action in ("list", "show"):
            return self._list() if action == "list" else self._show(key)
        # First as a reader, since a writer makes a ledger where there is none.
        open_ledger(self.configuration.state_url, read_only=True).close()
        revisit = RevisitSchedule.from_steps(self.configuration.revisit)
        with open_ledger(self.configuration.state_url, revisit=revisit, owner=f"scrapy quarantine {action}") as ledger:
            if action == "drop" and ledger.drop(key):
                print(f"{key} is dropped: its page is asked again by its schedule")
            elif action == "release" and (article := ledger.release(key)):
                print(f"{key} is released as revision {article.revision}: the next run publishes it")
            else:
                raise _unknown(key)
        return 0

    def _list(self) -> int:
        with open_ledger(self.configuration.state_url, read_only=True) as ledger:
            pages = ledger.quarantined()
        for page in pages:
            record = record_of(page.record)
            texts = f"{record['url']}  {record['headline'][:_LONGEST_HEADLINE]}"
            print(f"{page.key}  {page.cause}  {page.fetched}  {readable(texts)}")
        print(f"{len(pages)} pages in quarantine")
        return 0

    def _show(self, key: str) -> int:
        with open_ledger(self.configuration.state_url, read_only=True) as ledger:
            page = next((page for page in ledger.quarantined() if page.key == key), None)
        if page is None:
            raise _unknown(key)
        shown = {"id": page.key, "cause": page.cause, "fetched": page.fetched, "record": record_of(page.record)}
        print(json.dumps(shown, ensure_ascii=False, indent=1))
        return 0


def _unknown(key: str) -> ConfigurationError:
    return ConfigurationError(f"{key[:80]} is not in quarantine; see scrapy quarantine list")
