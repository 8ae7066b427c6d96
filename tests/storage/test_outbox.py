import json
from dataclasses import replace

from domain.facts import Fact, Webhook, position
from domain.loyalty.entries import Account
from domain.loyalty.ledger import Details, Ledger
from domain.records import Entity, Stored, Write
from storage.driver import Database
from storage.store import Store
from tests.storage.builders import an_insert
from tests.support.loyalty import COFFEE, PROGRAM, PROGRAMS

NOW = 1_800_000_000_000


def a_fact(id: str, record_id: str, made_at: int = NOW, payload: str = '{"a":1}') -> Fact:
    """A fact about a record."""
    names: dict[str, str | dict[str, str]] = {"orderId": "order-1"}
    names["customerIdentifier"] = {"type": "custom", "value": "$a.b"}
    where = position(made_at, 1, 0)
    return Fact(
        id,
        Webhook.CUSTOMER,
        "lead.created",
        "acme",
        NOW,
        made_at,
        where,
        record_id,
        None,
        "id:1",
        payload,
        names,
    )


def with_outbox(entity: Entity, id: str, *facts: Fact) -> Write:
    """A new record with facts."""
    write = an_insert(id, entity=entity)
    return replace(write, record=replace(write.record, outbox=facts))


async def test_facts_are_kept_with_their_record_until_they_are_taken_out(
    store: Store, database: Database
) -> None:
    """Some of them or all; afterwards nothing of an outbox is left."""
    facts = [a_fact("f1", "lead_1", NOW - 1), a_fact("f2", "lead_1")]
    await store.records.write_many(Entity.LEAD, [with_outbox(Entity.LEAD, "lead_1", *facts)])
    await store.records.write_many(Entity.ORDER, [with_outbox(Entity.ORDER, "ord_1", a_fact("f3", "ord_1"))])

    pending = await store.outbox.pending(10)
    stored = await store.records.get_many(Entity.LEAD, ["lead_1"])
    first = next(one for one in pending if one.id == "lead_1")
    await store.outbox.take_out([replace(first, facts=first.facts[:1])])
    left = await store.outbox.pending(10)
    await store.outbox.take_out(left)

    assert {"lead_1": tuple(facts), "ord_1": (a_fact("f3", "ord_1"),)} == {
        one.id: one.facts for one in pending
    }
    assert tuple(facts) == stored["lead_1"].outbox
    assert {"lead_1": ["f2"], "ord_1": ["f3"]} == {one.id: [fact.id for fact in one.facts] for one in left}
    assert [] == await store.outbox.pending(10)
    [document] = await database.collection("leads").find({"_id": "lead_1"})
    assert not {"outbox", "outbox_at"} & document.keys()


async def test_a_record_read_before_brings_facts_back_and_loses_none(store: Store) -> None:
    """A repeat, which has the same id."""
    await store.records.write_many(Entity.LEAD, [with_outbox(Entity.LEAD, "lead_1", a_fact("f1", "lead_1"))])
    read: Stored = (await store.records.get_many(Entity.LEAD, ["lead_1"]))["lead_1"]
    await store.outbox.take_out(await store.outbox.pending(10))

    later = replace(read, revision=2, outbox=(*read.outbox, a_fact("f2", "lead_1")))
    await store.records.write_many(Entity.LEAD, [Write(later, 1)])

    assert [["f1", "f2"]] == [[fact.id for fact in one.facts] for one in await store.outbox.pending(10)]


async def test_a_received_event_is_kept_once(store: Store, database: Database) -> None:
    """Its fact's payload is its document, however large."""
    write = an_insert("evt_1", entity=Entity.EVENT)
    [state] = write.record.sources.values()
    fact = a_fact("f1", "evt_1", payload=state.document)
    await store.records.write_many(
        Entity.EVENT, [replace(write, record=replace(write.record, outbox=(fact,)))]
    )

    [pending] = await store.outbox.pending(10)
    [document] = await database.collection("events").find({"_id": "evt_1"})

    assert state.document == pending.facts[0].payload
    assert "payload" not in document["outbox"][0]


async def test_only_documents_with_facts_are_looked_at(store: Store, database: Database) -> None:
    """The server's own plan says so."""
    plan = await database.collection("leads").explain(
        {"outbox_at": {"$gt": 0}}, sort=[("outbox_at", 1)], limit=5
    )

    assert "'by_outbox'" in str(plan["queryPlanner"]["winningPlan"])


async def test_a_movement_of_points_is_kept_with_its_fact(store: Store) -> None:
    """Of tenants with a subscriber alone; a coupon's code is not told."""
    ledger = Ledger(store.loyalty, PROGRAMS, lambda: NOW, {"acme"}.__contains__)
    for account in (Account("acme", "cust_1"), Account("globex", "cust_2")):
        await ledger.earn(account, 500, Details(order_id="order-1"))
    entry = await ledger.redeem(Account("acme", "cust_1"), COFFEE.id)

    facts = {fact.type: fact for one in await store.outbox.pending(10) for fact in one.facts}

    assert {"points.earned", "points.redeemed"} == facts.keys()
    assert {Webhook.LOYALTY} == {fact.webhook for fact in facts.values()}
    assert ("acme", "cust_1") == (facts["points.earned"].tenant, facts["points.earned"].customer_id)
    assert {"accountId": "acc-cust_1", "programId": PROGRAM.id, "orderId": "order-1"} == dict(
        facts["points.earned"].names
    )
    assert entry.coupon is not None
    assert entry.coupon.code not in facts["points.redeemed"].payload
    assert entry.id == json.loads(facts["points.redeemed"].payload)["id"]


async def test_a_lease_has_one_holder(store: Store) -> None:
    """Until it ends, or is given up; nobody gives up another's."""
    leases = store.leases

    held = [
        await leases.hold("work", "a", now=0, until=10),
        await leases.hold("work", "b", now=5, until=15),
        await leases.hold("work", "a", now=9, until=19),
        await leases.hold("work", "b", now=20, until=30),
    ]
    await leases.give_up("work", "a")
    held.append(await leases.hold("work", "a", now=25, until=35))
    await leases.give_up("work", "b")
    held.append(await leases.hold("work", "a", now=25, until=35))

    assert [True, False, True, True, False, True] == held
