"""Fixtures of the warehouses' tests."""

from __future__ import annotations

import pytest
from awkward_corpus import AwkwardCorpus, make_corpus


@pytest.fixture(scope="session")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> AwkwardCorpus:
    """A corpus that is hard to load; read-only."""
    return make_corpus(tmp_path_factory.mktemp("awkward"))
