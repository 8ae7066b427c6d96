"""Open Delivery v2 records on a real store: one customer in two dialects, leads, and names (E.2, E.3)."""

import json
from typing import Any

import pytest

from contracts.od_v2.encode import customer_json, lead_json
from contracts.operations import Origin
from contracts.registry import OPERATIONS
from domain.apply import ApplyRecords
from domain.find import FindCustomer
from domain.identity import IdentityKey, KeyKind
from domain.reading import AmbiguousKeyError
from domain.records import Applied, Entity, Outcome
from storage.store import Store
from tests.support.odp_v1_bodies import one

_TENANT = "acme"


class _Posts:
    """Posts bodies one after another, each a second later."""

    def __init__(self, apply_records: ApplyRecords) -> None:
        self._apply = apply_records
        self._posted = 0

    async def __call__(self, operation: str, body: bytes) -> list[Applied]:
        self._posted += 1
        origin = Origin(_TENANT, f"ing_{self._posted:04d}", 1_780_000_000_000 + self._posted * 1_000)
        decoded = OPERATIONS[operation].decode(body, origin)
        assert not decoded.malformed
        return await self._apply([record for _, record in decoded.records])

    async def customers(self, *customers: dict[str, Any]) -> list[Applied]:
        """To surface B."""
        return await self("od.v2.customers", json.dumps(customers).encode())

    async def leads(self, *leads: dict[str, Any]) -> list[Applied]:
        """To surface B."""
        return await self("od.v2.leads", json.dumps(leads).encode())


@pytest.fixture
def posts(apply_records: ApplyRecords) -> _Posts:
    """What posts to the store."""
    return _Posts(apply_records)


def _customer(value: str, **members: Any) -> dict[str, Any]:
    return {"identifier": {"type": "custom", "value": value}, **members}


async def test_one_customer_in_two_dialects(store: Store, posts: _Posts) -> None:
    """An external id, a document and an e-mail address each lead to the customer that A brought."""
    [born] = await posts("odp.v1.customers", one("customers", document="123.456.789-09"))
    said = await posts.customers(
        {"identifier": {"type": "external_id", "value": "app:123"}, "name": "By external id"},
        {"identifier": {"type": "document", "value": "12345678909"}, "name": "By document"},
        {"identifier": {"type": "email", "value": "MARIA@example.com"}, "merchantId": "m"},
        _customer("x", id=born.record_id, metadata={"by": "our id"}),
    )
    assert {born.record_id} == {one.record_id for one in said}
    stored = (await store.reader.get_many(Entity.CUSTOMER, _TENANT, [born.record_id]))[born.record_id]
    shown = json.loads(customer_json(stored))
    assert ("By document", "m", {"by": "our id"}) == (shown["name"], shown["merchantId"], shown["metadata"])
    assert [{"email": "maria@example.com"}] == shown["contacts"]["emails"]


async def test_words_on_one_customer_add_up_in_the_store(store: Store, posts: _Posts) -> None:
    """What was cleared stays cleared when an older word comes late, and is told apart from never said."""
    await posts.customers(_customer("c", name="a", metadata={"x": 1, "y": 2}))
    [cleared] = await posts.customers(_customer("c", name=None, metadata={"x": None}))
    late = _customer("c", name="late", metadata={"x": 0, "z": 3}, updatedAt="2020-01-01T00:00:00Z")
    [filled] = await posts.customers(late)
    [again] = await posts.customers(late)
    [older] = await posts.customers(_customer("c", name="x", updatedAt="2019-01-01T00:00:00Z"))
    outcomes = [one.outcome for one in (cleared, filled, again, older)]
    assert [Outcome.UPDATED, Outcome.UPDATED, Outcome.UNCHANGED, Outcome.STALE] == outcomes
    [stored] = (await store.reader.get_many(Entity.CUSTOMER, _TENANT, [filled.record_id])).values()
    shown = json.loads(customer_json(stored))
    assert "name" not in shown
    assert {"z": 3, "y": 2} == shown["metadata"]


async def test_a_name_that_two_customers_have_is_ambiguous_and_no_conflict(
    store: Store, posts: _Posts
) -> None:
    """The same value in two systems: two customers, no candidate, found by source and value alone."""
    first, second = await posts.customers(
        _customer("c-1", externalIds=[{"source": "app", "value": "123"}]),
        _customer("c-2", externalIds=[{"source": "crm", "value": "123"}]),
    )
    find = FindCustomer(store.reader, "BR")
    assert first.record_id != second.record_id
    assert ((), ()) == (first.conflicts, second.conflicts)
    with pytest.raises(AmbiguousKeyError):
        await find.owner(_TENANT, [IdentityKey(KeyKind.NAME, "123")])
    assert second.record_id == await find.owner(_TENANT, [IdentityKey(KeyKind.EXTERNAL, "crm:123")])
    [third] = await posts.customers(_customer("c-3", externalIds=[{"source": "pos", "value": "77"}]))
    found = await find(_TENANT, "77")
    assert third.record_id == (found and found.id)


async def test_leads_are_known_by_their_external_ids(store: Store, posts: _Posts) -> None:
    """With or without an id of their own; the id that was answered leads back."""
    external = [{"source": "CRM", "value": "L-1"}]
    [born] = await posts.leads({"name": "Ana", "externalIds": external})
    [again] = await posts.leads({"contact": "ana@x", "externalIds": external})
    [stored] = (await store.reader.get_many(Entity.LEAD, _TENANT, [born.record_id])).values()
    shown = json.loads(lead_json(stored))
    assert ("Ana", "ana@x") == (shown["name"], shown["contact"])
    [by_id] = await posts.leads({"id": shown["id"], "status": "won"})
    assert {born.record_id} == {again.record_id, by_id.record_id}


async def test_a_lead_that_got_its_id_later_is_known_by_it(store: Store, posts: _Posts) -> None:
    """First by an external id alone, then with an id, then by that id alone, by either contract."""
    external = [{"source": "CRM", "value": "L-1"}]
    [born] = await posts.leads({"name": "Ana", "externalIds": external})
    [named] = await posts.leads({"id": "l-1", "externalIds": external})
    [by_id] = await posts.leads({"id": "l-1", "status": "won"})
    lead = {"lead": {"id": "l-1", "source": "campaign", "status": "new"}}
    [by_odp] = await posts("odp.v1.leads", json.dumps(lead).encode())
    assert {born.record_id} == {one.record_id for one in (named, by_id, by_odp)}
    [stored] = (await store.reader.get_many(Entity.LEAD, _TENANT, [born.record_id])).values()
    assert {"od_v2", "odp_v1"} == stored.sources.keys()


async def test_a_lead_and_a_customer_of_one_id_stay_apart(posts: _Posts) -> None:
    """Ids are names within an entity."""
    [customer] = await posts.customers(_customer("same"))
    [lead] = await posts.leads({"id": "same", "name": "Ana"})
    assert ("cust", "lead") == (customer.record_id[:4], lead.record_id[:4])


async def test_two_leads_that_the_sender_tells_apart_stay_two(posts: _Posts) -> None:
    """B.5: the id goes before external ids; the shared one is told as a conflict."""
    external = [{"source": "CRM", "value": "L-1"}]
    first, second = await posts.leads(
        {"id": "a", "externalIds": external}, {"id": "b", "externalIds": external}
    )
    assert first.record_id != second.record_id
    assert [first.record_id] == [conflict.owner for conflict in second.conflicts]
