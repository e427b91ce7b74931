"""Which articles decide about each other: those that share bands and most of their words, and those of one page. Pure.

An article's fate hangs on the ones that it may repeat, theirs on others, so they are decided together, as a group.
A group may hold more than it must, never less: the rule itself is asked later, within the group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from alqahira.ledger.decisions import STORY_WINDOW
from alqahira.text.near_duplicates import JACCARD, LENGTH

# A band that many articles of the window share (a text printed day after day) would give pairs in the square of their
# number: each is paired with so many that follow it, which still ties them all together.
MAX_FOLLOWERS = 256
# Of two sets of hashed shingles, below the rule's own threshold: two shingles can meet by chance, one in billions.
LEAST_JACCARD = JACCARD - 0.05
_WINDOW = int(STORY_WINDOW.total_seconds()) + 1

# (story time in seconds, version, number of shingles)
Member = tuple[int, int, int]


def pairs(members: Iterable[Member], *, max_followers: int = MAX_FOLLOWERS) -> Iterator[tuple[int, int]]:
    """Pairs of versions that share a band, are near in time and about as long; the smaller number first."""
    ordered = sorted(members)
    for place, (story, version, size) in enumerate(ordered):
        for later, other, length in ordered[place + 1 : place + 1 + max_followers]:
            if later - story > _WINDOW:
                break
            if max(size, length) < LENGTH * min(size, length):
                yield (version, other) if version < other else (other, version)


def groups(edges: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For every name that an edge has, the smallest name that it is tied to, by however many edges."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while (above := parent.setdefault(name, name)) != name:
            parent[name] = name = parent[above]
        return name

    for a, b in edges:
        one, other = sorted((root(a), root(b)))
        parent[other] = one
    return {name: root(name) for name in list(parent)}
