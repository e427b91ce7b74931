"""`python -m alqahira.replica`: serve the local copy of the site on loopback."""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Literal, get_args, get_origin

from pydantic import ValidationError

from alqahira.exceptions import how_to_install
from alqahira.replica.options import ReplicaOptions


def _parser() -> argparse.ArgumentParser:
    """One argument for each of `ReplicaOptions`; pydantic checks the values."""
    parser = argparse.ArgumentParser(
        prog="python -m alqahira.replica", description=__doc__, argument_default=argparse.SUPPRESS
    )
    for name, field in ReplicaOptions.model_fields.items():
        flag, default = f"--{name.replace('_', '-')}", field.default
        text = f"{field.description}{'' if default in (None, False) else f' (default: {default})'}"
        if field.annotation is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, help=text)
        elif get_origin(field.annotation) is Literal:
            choices = get_args(field.annotation)
            parser.add_argument(flag, type=lambda value: value.replace("-", "_"), choices=choices, help=text)
        else:
            parser.add_argument(flag, help=text)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Parse the arguments, serve until a signal, return the exit status."""
    parser = _parser()
    values = vars(parser.parse_args(arguments))
    try:
        options = ReplicaOptions.model_validate(values)
        from alqahira.replica.server import serve  # imported here: aiohttp takes long, and --help needs none of it

        asyncio.run(serve(options))
    except ValidationError as invalid:
        first = invalid.errors()[0]
        parser.error(f"argument --{str(first['loc'][0]).replace('_', '-')}: {first['msg']}: {first['input']!r}")
    except ModuleNotFoundError as error:
        parser.error(f"{error.name} is not installed: {how_to_install('replica')}")
    except OSError as error:
        print(f"replica: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
