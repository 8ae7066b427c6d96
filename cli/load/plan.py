"""What a load sends: an endless series of batches that follows from a seed."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cli.load.records import KINDS, Records


@dataclass(frozen=True, slots=True)
class Mix:
    """What a load is made of."""

    shares: Mapping[str, float]
    """Weight of each kind of record."""
    smallest: int
    largest: int
    """Records in a batch."""
    updates: float
    """Share of the customers, 0 to 1, that were sent before, each time in another version."""
    faulty: float
    """Share of the records, 0 to 1, that the contract does not take."""


def shares_of(words: str) -> dict[str, float]:
    """Weights by kind, of words such as `customers=6,orders=3`. Raises ValueError, in words."""
    shares = {}
    for pair in words.split(","):
        kind, _, weight = pair.strip().partition("=")
        if kind not in KINDS:
            raise ValueError(f"there are no {kind or 'nameless records'} to load: take of {', '.join(KINDS)}")
        try:
            shares[kind] = float(weight or 1)
        except ValueError as error:
            raise ValueError(f"the share of {kind} is no number") from error
        if not 0 < shares[kind] < 1e9:
            raise ValueError(f"the share of {kind} is not above 0")
    return shares


@dataclass(frozen=True, slots=True)
class Batch:
    """One request."""

    kind: str
    numbers: tuple[int, ...]
    versions: tuple[int, ...]
    """Of each record; 0 for a faulty one."""
    body: bytes
    key: str
    """Its `Idempotency-Key`."""

    @property
    def faulty(self) -> tuple[int, ...]:
        """The places of its faulty records."""
        return tuple(place for place, version in enumerate(self.versions) if not version)


@dataclass(slots=True)
class _Known:
    """The records of one kind so far."""

    versions: list[int] = field(default_factory=list)
    """The newest version of each; 0 for a faulty one."""


class Plan:
    """The batches of one run."""

    def __init__(self, run: str, seed: int, mix: Mix) -> None:
        """The same seed and mix make the same batches, but for the name of the run."""
        self._run = run
        self._random = random.Random(seed)  # noqa: S311 - a load is to be repeatable, not secret
        self._mix = mix
        self._records = Records(run)
        self._known = {kind: _Known() for kind in KINDS}

    def __iter__(self) -> Iterator[Batch]:
        """Without an end."""
        kinds, weights = list(self._mix.shares), list(self._mix.shares.values())
        number = 0
        while True:
            number += 1
            [kind] = self._random.choices(kinds, weights)
            size = self._random.randint(self._mix.smallest, self._mix.largest)
            drawn = [self._draw(kind) for _ in range(size)]
            texts = ",".join(self._text(kind, *one) for one in drawn)
            body = f'{{"{kind}":[{texts}]}}' if size > 1 else f'{{"{kind[:-1]}":{texts}}}'
            yield Batch(
                kind,
                tuple(one for one, _ in drawn),
                tuple(version for _, version in drawn),
                body.encode(),
                f"{self._run}-{number}",
            )

    def _draw(self, kind: str) -> tuple[int, int]:
        """Number and version of the next record; version 0 for a faulty one."""
        known = self._known[kind].versions
        if kind == "customers" and known and self._random.random() < self._mix.updates:
            number = self._random.randrange(len(known))
            if known[number]:
                known[number] += 1
                return number, known[number]
        known.append(0 if self._random.random() < self._mix.faulty else 1)
        return len(known) - 1, known[-1]

    def _text(self, kind: str, number: int, version: int) -> str:
        if not version:
            return self._records.faulty(kind, number)
        return self._records.text(kind, number, version)
