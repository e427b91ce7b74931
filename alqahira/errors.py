"""Errors that end a run with one clear line and the contract's exit status."""

from __future__ import annotations


class AlqahiraError(Exception):
    """Base: str(error) is the one line a user sees; `exit_status` is what the command ends with."""

    exit_status = 1


class ConfigurationError(AlqahiraError):
    """A wrong spider argument or setting."""

    exit_status = 2


class LedgerMissing(ConfigurationError):
    """There is no state to read: no run has written there."""


class LedgerBusy(AlqahiraError):
    """Another run holds the ledger."""

    exit_status = 3


class LedgerUnusable(AlqahiraError):
    """The state is corrupt, or was written by a newer version."""

    exit_status = 2


class LedgerUnwritable(LedgerUnusable):
    """The disk of the state is full or fails; what was accepted before is safe."""

    exit_status = 1
