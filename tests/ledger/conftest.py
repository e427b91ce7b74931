"""A ledger with a run, on SQLite and PostgreSQL."""

import pytest
from ledger_scenario import NOW, opened


@pytest.fixture
def ledger(state_url):
    with opened(state_url) as made:
        made.start_run("run", "defense", NOW)
        yield made
