"""Fixtures that every test may use."""

from replica_server import replica

__all__ = ["replica"]
