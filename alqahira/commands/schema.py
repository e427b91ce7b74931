"""`scrapy schema NAME`: print a schema of the record; write all of them to a folder, or check those there."""

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
from alqahira.publishing.dialects import DIALECTS, bigquery_schema, ddl, dlt_columns
from alqahira.publishing.schema import breaking_changes, json_schema


class SchemaDiffers(AlqahiraError):
    """The schemas of a folder are not those of the record."""

    exit_status = 1


def _json(make: Callable[[], Any]) -> str:
    return json.dumps(make(), indent=2, ensure_ascii=False)


SCHEMAS: dict[str, Callable[[], str]] = {
    "json": partial(_json, json_schema),
    "bigquery": partial(_json, bigquery_schema),
    **{name: partial(ddl, name) for name in DIALECTS},
    "dlt": partial(_json, dlt_columns),
}
# The file of each in a folder of schemas.
FILES = {
    name: "article.schema.json" if name == "json" else f"articles.{name}.{'sql' if name in DIALECTS else 'json'}"
    for name in SCHEMAS
}
# The schema published under a version; it stays as long as there may be tables of it.
PUBLISHED = "published/article.v{}.schema.json"


class Command(ProjectCommand):
    """Status 1 where `--check` finds a difference, or `--write` would break tables; 2 for an unknown name."""

    most_arguments = 2  # the message for two names lists all names

    def syntax(self) -> str:
        return "NAME"

    def short_desc(self) -> str:
        return f"Print a schema of the record: {', '.join(SCHEMAS)}"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        super().add_options(parser)
        parser.add_argument(
            "--if-not-exists", action="store_true", help="SQL that leaves a table of that name as it is"
        )
        folder = parser.add_mutually_exclusive_group()
        folder.add_argument("--write", metavar="FOLDER", help="write every schema to FOLDER, unless it breaks tables")
        folder.add_argument("--check", metavar="FOLDER", help="status 1 where FOLDER's differ or would break tables")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        folder = opts.write or opts.check
        if len(args) != (0 if folder else 1) or not SCHEMAS.keys() >= {*args}:
            raise ConfigurationError(f"name one schema: {', '.join(SCHEMAS)}")
        if opts.if_not_exists and (folder or args[0] not in DIALECTS):
            raise ConfigurationError(f"--if-not-exists is for SQL: {', '.join(DIALECTS)}")
        try:
            if folder:
                refuse_breaking(Path(folder))
                (write if opts.write else check)(Path(folder))
            else:
                print(ddl(args[0], if_not_exists=True) if opts.if_not_exists else SCHEMAS[args[0]]())
        except OSError as error:
            raise ConfigurationError(f"{error.filename or folder} cannot be used: {error.strerror}") from None
        return 0


def refuse_breaking(folder: Path) -> None:
    """Raise SchemaDiffers where the record would break tables loaded under its own SCHEMA_VERSION."""
    published = folder / PUBLISHED.format(SCHEMA_VERSION)
    if published.exists():
        broken = breaking_changes(json.loads(published.read_text("utf-8")), json_schema())
        if broken:
            raise SchemaDiffers(f"{'; '.join(broken)}: set a new SCHEMA_VERSION in alqahira/article.py")


def contents() -> dict[str, str]:
    """The text of every file in a folder of schemas, by path."""
    texts = {FILES[name]: f"{make()}\n" for name, make in SCHEMAS.items()}
    return texts | {PUBLISHED.format(SCHEMA_VERSION): texts[FILES["json"]]}


def write(folder: Path) -> None:
    """Write every schema; those published under earlier versions stay."""
    for name, text in contents().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8", newline="\n")


def check(folder: Path) -> None:
    """Raise SchemaDiffers where a file is missing or differs from what `write` would write."""
    stale = [
        name
        for name, text in contents().items()
        if not (folder / name).is_file() or (folder / name).read_text("utf-8") != text
    ]
    if stale:
        raise SchemaDiffers(f"{', '.join(stale)} in {folder} differ from the record: run make schema")
