"""The public names of `alqahira`."""

import subprocess
import sys

import pytest

import alqahira


@pytest.mark.parametrize("name", alqahira.__all__)
def test_public_name_is_importable_and_documented(name):
    assert getattr(alqahira, name).__doc__


def test_unknown_name_raises_attribute_error():
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        alqahira.nothing_of_ours  # noqa: B018


def test_importing_the_package_loads_neither_scrapy_nor_lxml():
    check = "import alqahira, sys; sys.exit(bool({'scrapy', 'lxml', 'sqlalchemy'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
