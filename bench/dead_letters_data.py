"""What the benchmark of dead letters is made of: customers, as letters and as batches, from one seed."""

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from domain.receipts import DeadLetter

SEED = 20_261_121
TENANTS = {"norte": 40, "sul": 30, "leste": 20, "oeste": 10}
"""And how many of a hundred letters are of each."""
SMALL_TENANT = "oeste"
_CAUSES = (("REQUIRED", "name"), ("INVALID_TYPE", "externalIds"), ("INVALID_TIMESTAMP", "updatedAt"))
_BEGUN = 1_792_000_000_000
"""When the first letter was seen, in ms since the Unix epoch."""
_A_BODY = 500
"""Letters of one ingestion."""


@dataclass(frozen=True, slots=True)
class Made:
    """A letter, and the name that its customer is found by."""

    letter: DeadLetter
    email: str


def letters(first: int, last: int) -> Iterator[Made]:
    """Letters number `first` to `last`, without the last: a flood, a few milliseconds apart.

    Their payloads are what today's contract takes, as after the repair of a mapping: a replay stores them.
    """
    for number in range(first, last):
        chance = random.Random(f"{SEED}/{number}")  # noqa: S311 - to be repeatable, not secret
        [tenant] = chance.choices(list(TENANTS), list(TENANTS.values()))
        code, field = _CAUSES[number % len(_CAUSES)]
        place, at = number % _A_BODY, _BEGUN + 6 * number
        record = customer(f"letter-{number}", 11, number)
        letter = DeadLetter(
            id=f"dl_{hashlib.sha256(str(number).encode()).hexdigest()[:26]}",
            tenant=tenant,
            operation="odp.v1.customers",
            ingestion_id=f"ing_{number // _A_BODY}_{tenant}",
            index=place,
            stage="decode",
            code=code,
            message="the record breaks the contract",
            pointer=f"/customers/{place}/{field}",
            body=json.dumps(record).encode(),
            headers={"principal": "bench", "traceparent": ""},
            attempts=1,
            records=1,
            accepted_at=at,
            first_seen=at,
            last_seen=at,
        )
        yield Made(letter, record["contacts"]["email"])


def batch(first: int, last: int) -> bytes:
    """A body of as many customers as such letters hold, under names of their own, for the front door."""
    return json.dumps({"customers": [customer(f"posted-{n}", 21, n) for n in range(first, last)]}).encode()


def customer(name: str, area: int, number: int) -> dict[str, Any]:
    """A customer of ODP v1 who is known by five names."""
    return {
        "id": name,
        "externalIds": [f"app:{name}"],
        "name": f"Cliente {name}",
        "contacts": {"email": f"{name}@example.com", "phone": f"+55{area}9{number:08d}"},
        "consent": {"marketing": number % 2 == 0, "updatedAt": "2026-09-01T12:00:00Z"},
        "createdAt": "2026-08-01T12:00:00Z",
        "updatedAt": "2026-09-01T12:00:00Z",
    }


def in_parts(first: int, last: int, size: int) -> Sequence[tuple[int, int]]:
    """The numbers from `first` to `last`, without the last, `size` at a time."""
    return [(start, min(start + size, last)) for start in range(first, last, size)]
