"""`scrapy schema NAME`: a schema of the record to standard output; all of them to a folder, and their check."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from alqahira.article import SCHEMA_VERSION
from alqahira.crawling.command import ProjectCommand
from alqahira.exceptions import AlqahiraError, ConfigurationError
from alqahira.publishing.compatibility import breaking_changes
from alqahira.publishing.dialects import DIALECTS, bigquery_schema, ddl, dlt_columns
from alqahira.publishing.schema import json_schema


class SchemaDiffers(AlqahiraError):
    """The schemas of a folder are not those of the record."""

    exit_status = 1


def _json(made: Callable[[], Any]) -> str:
    return json.dumps(made(), indent=2, ensure_ascii=False)


SCHEMAS: dict[str, Callable[[], str]] = {
    "json": partial(_json, json_schema),
    "bigquery": partial(_json, bigquery_schema),
    **{name: partial(ddl, name) for name in DIALECTS},
    "dlt": partial(_json, dlt_columns),
}
# Where each stands in a folder of schemas.
FILES = {
    name: "article.schema.json" if name == "json" else f"articles.{name}.{'sql' if name in DIALECTS else 'json'}"
    for name in SCHEMAS
}
# What was published under a version, for as long as there are tables of it.
PUBLISHED = "published/article.v{}.schema.json"


class Command(ProjectCommand):
    """Status 1 where `--check` finds a difference, or `--write` would break tables; 2 for an unknown name."""

    most_arguments = 1

    def syntax(self) -> str:
        return "NAME"

    def short_desc(self) -> str:
        return f"Print a schema of the record: {', '.join(SCHEMAS)}"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        folder = parser.add_mutually_exclusive_group()
        folder.add_argument("--write", metavar="FOLDER", help="write every schema to FOLDER, unless it breaks tables")
        folder.add_argument("--check", metavar="FOLDER", help="status 1 where FOLDER's differ or would break tables")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        folder = opts.write or opts.check
        if bool(folder) == bool(args) or not SCHEMAS.keys() >= {*args}:
            raise ConfigurationError(f"name one schema: {', '.join(SCHEMAS)}")
        try:
            if folder:
                refuse_breaking(Path(folder))
                (write if opts.write else check)(Path(folder))
            else:
                print(SCHEMAS[args[0]]())
        except OSError as error:
            raise ConfigurationError(f"{error.filename} cannot be used: {error.strerror}") from None
        return 0


def refuse_breaking(folder: Path) -> None:
    """SchemaDiffers where the record would break tables that were loaded under the version it claims."""
    published = folder / PUBLISHED.format(SCHEMA_VERSION)
    if published.exists():
        broken = breaking_changes(json.loads(published.read_text("utf-8")), json_schema())
        if broken:
            raise SchemaDiffers(f"{'; '.join(broken)}: set a new SCHEMA_VERSION in alqahira/article.py")


def contents() -> dict[str, str]:
    """The text of every file of a folder of schemas, by its path there."""
    texts = {FILES[name]: f"{made()}\n" for name, made in SCHEMAS.items()}
    return texts | {PUBLISHED.format(SCHEMA_VERSION): texts[FILES["json"]]}


def write(folder: Path) -> None:
    """Write every schema; what an earlier version published stays."""
    for name, text in contents().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8", newline="\n")


def check(folder: Path) -> None:
    """SchemaDiffers where a file is missing or is not what `write` would write."""
    stale = [
        name
        for name, text in contents().items()
        if not (folder / name).is_file() or (folder / name).read_text("utf-8") != text
    ]
    if stale:
        raise SchemaDiffers(f"{', '.join(stale)} in {folder} differ from the record: run make schema")
