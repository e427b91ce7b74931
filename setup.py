"""For scrapyd-deploy alone, which builds its egg by this file; all that it says stands in pyproject.toml."""

from setuptools import setup

setup()
