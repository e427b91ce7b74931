"""Any number of further articles (placeholder until the vocabulary stands)."""

from __future__ import annotations

from datetime import date, datetime

from alqahira.replica.corpus import ReplicaArticle

FIRST_NUMBER = 200_001


class Generator:
    def __init__(self, today: date) -> None:
        self._today = today

    def outline(self, number: int) -> tuple[datetime, int, str, tuple[str, ...]]:
        raise NotImplementedError

    def article(self, number: int) -> ReplicaArticle:
        raise NotImplementedError
