"""The total order in which versions of one record stand (design §1, invariant 3)."""

from typing import NamedTuple, Self

_OFFSET = 62_135_596_800_000
"""Milliseconds from 0001-01-01 to the Unix epoch: keeps every encoded time positive."""


class Version(NamedTuple):
    """When a record's content was true, and, where two say the same time, which one wins.

    `at` is the sender's `updatedAt`, else the gateway's accepted-at (milliseconds since the Unix
    epoch). The ingestion id and the record's place in its batch break ties, so that any two
    versions of a record stand in one order wherever and whenever they are compared.
    """

    at: int
    ingestion: str
    index: int  # type: ignore[assignment]  # shadows tuple.index, which means nothing for a version

    def encode(self) -> str:
        """A string that sorts as the version does, in Python and in MongoDB alike."""
        return f"{self.at + _OFFSET:015d}.{self.ingestion}.{self.index:06d}"

    @classmethod
    def decode(cls, text: str) -> Self:
        """The version that `encode` wrote. Raises ValueError for anything else."""
        at, ingestion, index = text.split(".")
        return cls(int(at) - _OFFSET, ingestion, int(index))
