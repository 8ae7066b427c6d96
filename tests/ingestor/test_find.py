"""Finding a customer by any of his names, and his records by any name they call him (contracts B.1)."""

import json
from typing import Any

import pytest

from contracts.od_v2.operations import od_v2_operations
from contracts.operations import Origin
from domain.apply import ApplyRecords
from domain.find import FindCustomer
from domain.ingestion_id import IngestionIds
from domain.reading import AmbiguousKeyError, Query
from domain.records import Entity
from storage.store import Store

IDS = IngestionIds(b"0123456789abcdef")
OPERATIONS = {one.name: one for one in od_v2_operations("BR")}


async def _apply(apply_records: ApplyRecords, operation: str, body: Any) -> None:
    origin = Origin("acme", IDS.mint("acme"), 1_795_000_000_000)
    decoded = OPERATIONS[operation].decode(json.dumps(body).encode(), origin)
    assert () == decoded.malformed
    await apply_records([record for _, record in decoded.records])


@pytest.fixture
def find(store: Store) -> FindCustomer:
    """The use case, on the test's store."""
    return FindCustomer(store.reader, "BR")


def _customer(identifier: str, email: str, **more: Any) -> dict[str, Any]:
    kind, _, value = identifier.partition("=")
    return {"identifier": {"type": kind, "value": value}, "contacts": {"emails": [{"email": email}]}, **more}


async def test_records_that_use_an_old_name_are_still_his(
    store: Store, apply_records: ApplyRecords, find: FindCustomer
) -> None:
    """His identifier changed; the orders that named him by the old one stay in his list."""
    await _apply(apply_records, "od.v2.customers", [_customer("custom=old", "ana@example.com")])
    await _apply(apply_records, "od.v2.orders", [{"id": "o-1", "customer": {"id": "old"}}])
    await _apply(apply_records, "od.v2.customers", [_customer("custom=new", "ana@example.com")])
    await _apply(apply_records, "od.v2.orders", [{"id": "o-2", "customer": {"id": "new"}}])
    await _apply(apply_records, "od.v2.orders", [{"id": "o-3", "customer": {"id": "x", "name": "?"}}])
    await _apply(
        apply_records,
        "od.v2.orders",
        [
            {"id": "o-4", "customer": {"id": "custom:old"}},
            {"id": "o-5", "customer": {"id": "email:ANA@example.com"}},
        ],
    )

    ana = await find("acme", "old")
    assert ana is not None
    assert ana == await find("acme", "new")
    refs = await find.references(ana)
    orders = await store.reader.page(Query(Entity.ORDER, "acme", customer_refs=refs), after=None, limit=10)

    assert {"o-1", "o-2", "o-4"} == {one.fields["order_id"] for one in orders}


async def test_nobody_has_the_records_of_a_name_that_means_somebody_else(
    apply_records: ApplyRecords, find: FindCustomer
) -> None:
    """One value is Ana's identifier and Bia's external id: the identifier goes first, for both."""
    await _apply(apply_records, "od.v2.customers", [_customer("custom=77", "ana@example.com")])
    external = {"externalIds": [{"source": "PDV", "value": "77"}]}
    await _apply(apply_records, "od.v2.customers", [_customer("custom=b", "bia@example.com", **external)])
    ana, bia = await find("acme", "77"), await find("acme", "PDV:77")
    assert ana is not None
    assert bia is not None

    assert "id:77" in await find.references(ana)
    assert "id:77" not in await find.references(bia)
    assert "id:PDV:77" in await find.references(bia)


async def test_a_value_that_two_sources_use_is_ambiguous(
    apply_records: ApplyRecords, find: FindCustomer
) -> None:
    """Without its source it means nobody in particular."""
    for source in ("PDV", "APP"):
        external = {"externalIds": [{"source": source, "value": "9"}]}
        customer = _customer(f"custom={source}", f"{source}@example.com", **external)
        await _apply(apply_records, "od.v2.customers", [customer])

    with pytest.raises(AmbiguousKeyError):
        await find("acme", "9")
    assert await find("acme", "PDV:9") is not None
    assert await find("acme", "nobody") is None
