"""The replica's templates, each read once, and the renaming of classes that a redesign brings."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, Template
from markupsafe import Markup

_CLASS_OR_ID = re.compile(r'(?<= )(class|id)="([^"]*)"')


class Templates:
    """Renders `templates/*`, a value as text unless it is Markup."""

    def __init__(self) -> None:
        self._environment = Environment(loader=PackageLoader("alqahira.replica"), autoescape=True)
        self._templates: dict[str, Template] = {}

    def __call__(self, name: str, /, **values: Any) -> Markup:
        template = self._templates.get(name)
        if template is None:
            template = self._templates[name] = self._environment.get_template(name)
        return Markup(template.render(values))


@lru_cache(maxsize=4096)
def _renamed(name: str) -> str:
    """Another name for a class or id, always the same one: `Stories_x3f9a1c20`."""
    return f"Stories_x{zlib.crc32(name.encode()):08x}"


def rename_classes(html: str) -> str:
    """The markup with every class and id renamed."""
    return _CLASS_OR_ID.sub(lambda m: f'{m[1]}="{" ".join(map(_renamed, m[2].split()))}"', html)
