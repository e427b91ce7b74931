"""Fixtures that every test may use."""

import pytest
from hypothesis import settings
from postgres_server import postgres_folder, postgres_server
from replica_server import replica
from shared_corpora import archived, crawled

__all__ = ["archived", "crawled", "replica"]

# No deadline: on a busy machine it would fail good code. Tests of costs count CPU.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """A PostgreSQL server for this test process; each test gets its own schema."""
    if postgres_folder() is None:
        pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")
    with postgres_server(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture
def database(postgres):
    """The URL of an empty ledger."""
    return postgres.new_state()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def state_url(request, tmp_path):
    """The URL of a ledger on each backend."""
    if request.param == "postgresql":
        return request.getfixturevalue("database")
    return f"sqlite:///{tmp_path / 'state.db'}"
