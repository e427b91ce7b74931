"""`scrapy schema NAME`: a schema of the record to standard output."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any, ClassVar

from scrapy.commands import ScrapyCommand

from alqahira.commands.crawl import end
from alqahira.errors import ConfigurationError
from alqahira.schema import json_schema


def _json() -> str:
    return json.dumps(json_schema(), indent=2, ensure_ascii=False)


SCHEMAS: dict[str, Callable[[], str]] = {"json": _json}


class Command(ScrapyCommand):
    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        return "NAME"

    def short_desc(self) -> str:
        return f"Print a schema of the record: {', '.join(SCHEMAS)}"

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        if len(args) != 1 or args[0] not in SCHEMAS:
            end(ConfigurationError(f"name one schema: {', '.join(SCHEMAS)}"))
        print(SCHEMAS[args[0]]())
