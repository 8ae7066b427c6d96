"""Any order, duplication and interleaving of the same versions ends in the same stored state, on a
real store; and racing ingestors make one customer each (invariants 1, 3 and 4)."""

import asyncio
import itertools
import json
import uuid
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.odp_v1.operations import ODP_V1
from contracts.operations import Origin
from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.ingestion_id import IngestionIds
from domain.reading import Query
from domain.records import Applied, Entity, Outcome, Record
from domain.resolve import MatchPolicy
from storage.store import Store, open_store

IDS = IngestionIds(b"0123456789abcdef")
CUSTOMERS, LEADS = ODP_V1[0], ODP_V1[3]
_COUNTER = itertools.count()


def _customer(number: int, minute: int, name: str, external: int | None = None) -> dict[str, Any]:
    return {
        "id": f"customer-{number}",
        "externalIds": [] if external is None else [f"app:{external}"],
        "name": name,
        "contacts": {"email": f"{number}@example.com"},
        "consent": {"marketing": False},
        "createdAt": "2026-03-01T10:00:00Z",
        "updatedAt": f"2026-03-24T12:{minute:02d}:00Z",
    }


def _customers(tenant: str, documents: list[dict[str, Any]]) -> list[Record]:
    origin = Origin(tenant, IDS.mint(tenant), 1_795_000_000_000)
    body = json.dumps({"customers": documents}).encode()
    return [record for _, record in CUSTOMERS.decode(body, origin).records]


async def _state(store: Store, tenant: str) -> list[tuple[Any, ...]]:
    records = await store.reader.page(Query(Entity.CUSTOMER, tenant), after=None, limit=1_000)
    return sorted(
        (one.id, one.version, one.fields["display_name"], json.dumps(one.fields["external_ids"]))
        for one in records
    )


VERSIONS = st.lists(
    st.builds(
        _customer,
        number=st.integers(0, 3),
        minute=st.integers(0, 4),
        name=st.sampled_from(["Ana", "Bia", "Caio"]),
        external=st.none() | st.integers(0, 2),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(VERSIONS, st.randoms(use_true_random=False))
async def test_any_arrival_ends_in_the_same_state(
    store: Store, apply_records: ApplyRecords, documents: list[dict[str, Any]], random: Any
) -> None:
    """In order and at once, or shuffled, repeated, cut into parts that run side by side."""
    run = next(_COUNTER)
    ordered, shuffled = f"ordered-{run}", f"shuffled-{run}"
    in_order = _customers(ordered, documents)
    await apply_records(in_order)

    # The same versions under another tenant: the ingestion id breaks ties, so it is the same too.
    ingestion = in_order[0].version.ingestion
    body = json.dumps({"customers": documents}).encode()
    same = [one for _, one in CUSTOMERS.decode(body, Origin(shuffled, ingestion, 0)).records]
    arrivals = same + random.choices(same, k=len(same))
    random.shuffle(arrivals)
    cut = random.randrange(len(arrivals) + 1)
    await asyncio.gather(apply_records(arrivals[:cut]), apply_records(arrivals[cut:]))

    expected = [row[1:] for row in await _state(store, ordered)]
    assert sorted(expected) == sorted(row[1:] for row in await _state(store, shuffled))


async def test_applying_everything_again_changes_nothing(store: Store, apply_records: ApplyRecords) -> None:
    """A redelivery after a crash at the worst moment gives the same outcomes and the same state."""
    records = _customers("acme", [_customer(n % 5, n, f"Name {n}") for n in range(20)])
    await apply_records(records)
    before = await _state(store, "acme")

    again = await apply_records(records)

    assert before == await _state(store, "acme")
    assert {Outcome.STALE, Outcome.UPDATED, Outcome.CREATED} >= {one.outcome for one in again}


@pytest.mark.parametrize("racers", [32])
async def test_racing_ingestors_make_one_customer_each(
    mongodb_url: str, database_name: str, racers: int
) -> None:
    """32 appliers, each with a connection of its own, meet the same five new customers at once."""
    async with open_store(mongodb_url, name=database_name):
        pass  # the indexes are there before the race
    documents = [_customer(n, 0, "Ana", external=n) for n in range(5)]

    async def race(number: int) -> list[Applied]:
        async with open_store(mongodb_url, name=database_name, prepare=False) as store:
            apply_records = ApplyRecords(
                store.records, store.identities, store.dedupe, system_clock, MatchPolicy()
            )
            versions = [{**one, "name": f"Ana {number}"} for one in documents]
            return await apply_records(_customers("acme", versions))

    results = await asyncio.gather(*(race(number) for number in range(racers)))

    outcomes = Counter(one.outcome for applied in results for one in applied)
    assert 5 == len({one.record_id for applied in results for one in applied})
    assert 5 == outcomes[Outcome.CREATED]
    assert racers * 5 == outcomes.total()
    async with open_store(mongodb_url, name=database_name) as store:
        assert 5 == len(await _state(store, "acme"))


async def test_an_external_id_of_another_customer_is_a_conflict_and_a_candidate(
    store: Store, apply_records: ApplyRecords
) -> None:
    """Both customers are stored, nothing is merged, and a person is told (contracts E.3)."""
    await apply_records(_customers("acme", [_customer(1, 0, "Ana", external=7)]))

    [applied] = await apply_records(_customers("acme", [_customer(2, 0, "Bia", external=7)]))

    assert Outcome.CREATED is applied.outcome
    assert ["external:app:7"] == [one.key.encode() for one in applied.conflicts]
    assert 2 == len(await _state(store, "acme"))


async def test_a_bad_record_does_not_take_its_neighbours(store: Store, apply_records: ApplyRecords) -> None:
    """One record is more than a document may hold; the 20 others are stored (invariant 5)."""
    documents = [_customer(n, 0, "Ana") for n in range(21)]
    documents[7]["notes"] = "x" * (9 * 1024 * 1024)
    documents[7]["contacts"]["more"] = "y" * (9 * 1024 * 1024)

    applied = await apply_records(_customers("acme", documents))

    dead = [number for number, one in enumerate(applied) if one.outcome is Outcome.DEAD]
    assert [7] == dead
    assert 20 == len(await _state(store, "acme"))


async def test_accepted_at_orders_records_that_bring_no_version(
    store: Store, apply_records: ApplyRecords
) -> None:
    """A lead has no `updatedAt`: the later acceptance stands, whichever is applied first."""
    tenant = f"leads-{uuid.uuid4().hex[:8]}"

    def lead(status: str, accepted_at: int) -> Record:
        body = json.dumps({"lead": {"id": "lead-1", "source": "ads", "status": status}}).encode()
        [(_, record)] = LEADS.decode(body, Origin(tenant, IDS.mint(tenant), accepted_at)).records
        return record

    first, second, third = lead("new", 1_000), lead("won", 2_000), lead("new", 3_000)
    outcomes = [(await apply_records([one]))[0].outcome for one in (first, third, second)]

    assert [Outcome.CREATED, Outcome.UNCHANGED, Outcome.STALE] == outcomes
    [stored] = await store.reader.page(Query(Entity.LEAD, tenant), after=None, limit=2)
    assert ("new", 3_000) == (stored.fields["status"], stored.version.at)
