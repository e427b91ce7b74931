"""Fixtures that every test may use."""

import pytest
from hypothesis import settings
from once import archived, crawled
from postgres_server import postgres_folder, postgres_server
from replica_server import replica

__all__ = ["archived", "crawled", "replica"]

# A busy machine is no fault of a rule: what a rule may cost is counted in CPU where it is asked.
settings.register_profile("any clock", deadline=None)
settings.load_profile("any clock")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """A PostgreSQL of this test process; each test takes a schema of its own in it."""
    if postgres_folder() is None:
        pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")
    with postgres_server(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def database(postgres):
    """The URL of an empty state."""
    return postgres.new_state()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def state_url(request, tmp_path):
    """Where a ledger may live."""
    if request.param == "postgresql":
        return request.getfixturevalue("database")
    return f"sqlite:///{tmp_path / 'state.db'}"
