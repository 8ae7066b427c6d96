"""A person given out and erased, on a real store."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from cli.privacy_parts import erasing, exporting
from cli.settings import Settings
from domain.clock import system_clock
from domain.dead_letters.entities import Selection, State
from domain.dead_letters.trail import Trail
from domain.deliveries import Delivery
from domain.errors import StoreUnavailableError
from domain.loyalty.entries import Account, LedgerEntry, TxnType
from domain.receipts import DeadLetter, DedupeCandidate, RecordResult
from domain.records import Entity, Outcome
from storage.store import Store, open_store
from tests.storage.builders import a_dead_letter, a_receipt
from tests.support.odp_v1_bodies import example
from tests.support.privacy import everything, marks_in, of_others, quiteria, send

EVERY = Selection(states=tuple(State))


@pytest.fixture
async def store(mongodb_url: str, database_name: str) -> AsyncIterator[Store]:
    """A store of the test's own."""
    async with open_store(mongodb_url, name=database_name) as opened:
        yield opened


def a_letter(id: str, payload: Any, **changes: Any) -> DeadLetter:
    """A dead letter with a payload that is JSON, if it is not bytes."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return a_dead_letter(id, **{"body": body, "headers": {}, **changes})


async def with_traces(store: Store) -> str:
    """Leave a trace of her in every kind of place; the id of her customer record."""
    [customer] = await send(store, "odp.v1.customers", quiteria())
    await send(store, "odp.v1.customers", of_others(1))
    await send(store, "odp.v1.leads", example("leads", id="lead-q", customerRef="q-7788"))
    lead = {"id": "lead-c", "name": "Quitéria", "contact": "Quiteria@Example.com"}
    await send(store, "od.v2.leads", lead, {"id": "lead-o", "name": "Other", "contact": "other@example.com"})
    guest = {"id": "guest-9", "name": "Quitéria", "phone": {"number": "(11) 99876-5432"}}
    await send(
        store,
        "od.v2.orders",
        {"id": "ord-4411", "customer": {"id": "q-7788", "name": "Quitéria"}},
        {"id": "ord-1", "customer": guest},
        {"id": "ord-2", "customer": {"id": "o-1", "email": "quiteria@example.com"}, "status": "CONFIRMED"},
    )
    review = {
        "reviewId": "rev-q",
        "reviewType": "ORDER",
        "overallRating": {"ratingStyle": "STAR", "value": 4, "comment": "By Quitéria"},
        "subject": {"orderId": "ord-4411"},
        "reviewDate": "2026-03-24T12:00:00Z",
    }
    await send(store, "od.v2.reviews", review)
    await send(store, "odp.v1.events", example("events", payload={"customerId": "q-7788", "note": "VIP-XYZ"}))
    await with_letters(store)
    body = json.dumps({"id": "fct_1", "customerId": customer.record_id, "payload": {"tag": "VIP-XYZ"}})
    await store.deliveries.put_many(
        [
            Delivery("d_1", "whk_1", "acme", "fct_1", "t", "lane", "1", 1, 1, body.encode()),
            Delivery("d_2", "whk_1", "acme", "fct_2", "t", "lane", "2", 1, 1, b'{"customerId": "o-1"}'),
        ]
    )
    other = (await store.reader.owners("acme", ["logical:o-1"]))["logical:o-1"]
    assert other
    key = "email:quiteria@example.com"
    await store.dedupe.put_many([DedupeCandidate("acme", other, customer.record_id, key, 1)])
    account = Account("acme", customer.record_id)
    entry = LedgerEntry(account, 1, TxnType.ADJUST, 5, 5, 5, (), 1, "mark", reason="for Quitéria")
    assert await store.loyalty.append(entry)
    result = RecordResult(0, Outcome.STALE, "VERSION_CONFLICT", "newer", record_id=customer.record_id)
    of_key = RecordResult(0, Outcome.DEAD, "TOO_DEEP", "nested", pointer=AT_HER_KEY)
    await store.receipts.put_many(
        [replace(a_receipt("ing_1"), results=(result,)), replace(a_receipt("ing_key"), results=(of_key,))]
    )
    return customer.record_id


AT_HER_KEY = "/events/0/payload/quiteria@example.com/0"
"""Where a fault is in an object whose sender called a member after her."""


async def with_letters(store: Store) -> None:
    """Dead letters of hers, alone and among others, whole and broken, and of others."""
    nameless = quiteria(name=...)
    several = b'{"customers": [%b, {"id": "o-7", "price": 1.50}, {"id": "o-8", "x": 2}]}' % (
        json.dumps(nameless).encode()
    )
    order = {"operation": "odp.v1.orders"}
    hook = {"operation": "webhook", "stage": "webhook", "index": None, "records": 0}
    await store.dead_letters.put_many(
        [
            a_letter("dl_own", nameless),
            a_letter("dl_several", several, index=None, records=3),
            a_letter("dl_broken", b'{"orders": [{"customerId": "q-7788", "note": "VIP-XYZ"', index=None),
            a_letter("dl_order", {"orderId": 7, "customerId": "q-7788", "to": "VIP-XYZ"}, **order),
            a_letter("dl_hook", {"customerId": "q-7788", "payload": {"x": "VIP-XYZ"}}, **hook),
            a_letter("dl_edited", {"id": "o-6", "name": 1}),
            a_letter(
                "dl_key",
                {"eventId": "e-1", "payload": {"quiteria@example.com": [1]}},
                operation="odp.v1.events",
                ingestion_id="ing_key",
                pointer=AT_HER_KEY,
            ),
            a_letter("dl_other", {"id": "o-9", "contacts": {}}),
            a_letter("dl_tenant", {"id": "q-7788"}, tenant="other"),
            a_letter("dl_nobody", b'{"customerId": "q-7788", "x": "VIP-XYZ"}', tenant="", operation=""),
        ]
    )
    trail = Trail(store.audit, system_clock, "ana")
    for payload in (b'{"id": "q-7788", "note": "VIP-XYZ"}', b'{"id": "o-6"}'):
        kept = await store.kept_letters.get("dl_edited")
        assert kept
        after = replace(trail.after(kept, "edit", "", State.OPEN), edited=payload)
        assert await store.kept_letters.change(kept, after)


async def erased(
    store: Store, customer: str = "q-7788", progress: Callable[[str, int], None] = lambda *_: None
) -> Any:
    """What an erasure says, which waits for nothing."""
    erase = erasing(Settings(), store, "ana", settle=0, progress=progress)
    return await erase("acme", customer)


async def exported(store: Store, customer: str = "q-7788") -> Any:
    """What an export gives."""
    return await exporting(Settings(), store, "ana")("acme", customer)


def sizes(document: Any) -> dict[str, int]:
    """How much of each kind an export holds."""
    return {name: len(ones) for name, ones in document.items() if isinstance(ones, list)}


async def test_an_export_shows_every_trace_and_nothing_of_others(store: Store) -> None:
    """Found by whatever she is called; twice it is the same; each time is audited by a digest alone."""
    customer = await with_traces(store)
    found = await exported(store)

    assert customer == found["customer"]["id"]
    assert "Quitéria Souza" == found["customer"]["documents"]["odp_v1"]["content"]["name"]
    expected = {
        "identityKeys": 6,
        "dedupeCandidates": 1,
        "leads": 2,
        "orders": 2,
        "reviews": 1,
        "events": 1,
        "loyaltyEntries": 1,
        "webhookDeliveries": 1,
        "deadLetters": 8,
        "receipts": 1,
    }
    assert expected == sizes(found)
    shared = next(one for one in found["deadLetters"] if one["id"] == "dl_several")
    assert [quiteria(name=...)] == shared["content"]
    assert "o-7" not in json.dumps(found)
    assert found == await exported(store, "email:quiteria@example.com") == await exported(store, customer)


async def test_nothing_is_left_after_an_erasure_and_others_are_untouched(
    store: Store, mongodb_url: str, database_name: str
) -> None:
    """Read from the database itself: no part of what was hers, in no document of any collection."""
    await with_traces(store)
    before = await everything(mongodb_url, database_name)
    assert {"vip-xyz", "q-7788", "quiteria", "99876"} <= {mark for _, mark in marks_in(before)}

    counts = await erased(store)

    assert {"customers": 1, "leads": 2, "orders": 2, "reviews": 1, "events": 1} == {
        name: counts[name] for name in ("customers", "leads", "orders", "reviews", "events")
    }
    assert (8, 1, 1, 1) == (
        counts["dead letters"],
        counts["deliveries"],
        counts["receipts"],
        counts["loyalty entries"],
    )
    after = await everything(mongodb_url, database_name)
    # Another order of another customer, who gave her address, and another tenant's letter are theirs.
    assert {("orders", "quiteria"), ("dead_letters", "q-7788")} == marks_in(after)
    assert [] == after["erasure_jobs"]
    texts = "".join(text for texts in after.values() for text in texts)
    assert all(name in texts for name in ("o-1", "ord-2", "lead-o"))
    [receipt] = (await store.receipts.get_many(["ing_1"])).values()
    assert ({Outcome.UPDATED: 1, Outcome.STALE: 1}, [""]) == (
        receipt.counts,
        [one.record_id for one in receipt.results],
    )
    letters = {kept.id: kept for kept in await store.kept_letters.page(EVERY, after=None, limit=50)}
    assert b'{"customers": [{"id": "o-7", "price": 1.50}, {"id": "o-8", "x": 2}]}' == (
        letters["dl_several"].payload
    )
    assert (State.OPEN, State.DISCARDED, b"") == (
        letters["dl_several"].state,
        letters["dl_own"].state,
        letters["dl_own"].payload,
    )
    [receipt] = (await store.receipts.get_many(["ing_key"])).values()
    masked = "/events/0/payload/*/0"
    assert (masked, masked) == (receipt.results[0].pointer, letters["dl_key"].letter.pointer)
    assert await exported(store) is None


async def test_what_is_older_than_the_erasure_stays_away_and_what_is_newer_begins_anew(store: Store) -> None:
    """Delivered again, late or for the first time: stale. Sent since: a customer without a past."""
    await with_traces(store)
    first = system_clock()
    await erased(store)

    old = [
        await send(store, "odp.v1.customers", quiteria()),
        await send(store, "odp.v1.leads", example("leads", id="lead-new", customerRef="q-7788"), at=first),
        await send(store, "od.v2.leads", {"id": "lead-c", "name": "Quitéria"}, at=first),
        await send(store, "od.v2.orders", {"id": "ord-1", "status": "CONFIRMED"}, at=first),
        await send(store, "od.v2.orders", {"id": "ord-77", "customer": {"id": "q-7788"}}, at=first),
        await send(store, "odp.v1.events", example("events", payload={"customerId": "q-7788"})),
    ]
    assert [(Outcome.STALE, "")] * 6 == [(one.outcome, one.record_id) for [one] in old]
    assert await exported(store) is None

    newer = quiteria(updatedAt="2100-01-01T00:00:00Z", externalIds=[], contacts={}, document=...)
    [anew] = await send(store, "odp.v1.customers", newer)
    assert Outcome.CREATED is anew.outcome
    [order] = await send(store, "od.v2.orders", {"id": "ord-78", "customer": {"id": "q-7788"}})
    assert Outcome.CREATED is order.outcome
    found = await exported(store)
    assert (["logical:q-7788"], 1, 0) == (
        [one["key"] for one in found["identityKeys"]],
        len(found["orders"]),
        len(found["loyaltyEntries"]),
    )


async def test_a_version_ahead_of_time_keeps_no_newer_orders_away(store: Store) -> None:
    """The customer himself stays away until then, as he did while he was stored."""
    ahead = quiteria(updatedAt="2100-01-01T00:00:00Z")
    await send(store, "odp.v1.customers", ahead)
    await erased(store)

    [again] = await send(store, "odp.v1.customers", ahead)
    [order] = await send(store, "od.v2.orders", {"id": "ord-9", "customer": {"id": "q-7788"}})
    assert (Outcome.STALE, Outcome.CREATED) == (again.outcome, order.outcome)


async def test_who_shares_an_address_with_an_erased_person_is_not_kept_away(store: Store) -> None:
    """Another customer, whom the sender calls otherwise, may be as old as he likes."""
    await send(store, "odp.v1.customers", quiteria())
    await erased(store)

    brother = of_others(5, contacts={"email": "quiteria@example.com", "phone": "+55 11 99876-5432"})
    [applied] = await send(store, "odp.v1.customers", brother, at=1)
    assert Outcome.CREATED is applied.outcome


async def test_an_erasure_that_is_cut_short_goes_on(
    store: Store, mongodb_url: str, database_name: str
) -> None:
    """At every step, and whenever something was erased: typed again it gets further, and to its end."""
    await with_traces(store)
    seen: set[tuple[str, int]] = set()

    def cut(step: str, count: int) -> None:
        if (step, count) not in seen:
            seen.add((step, count))
            raise StoreUnavailableError("cut short")

    for _ in range(30):
        with suppress(StoreUnavailableError):
            await erased(store, progress=cut)
            break

    assert len(seen) > 15
    left = await everything(mongodb_url, database_name)
    assert {("orders", "quiteria"), ("dead_letters", "q-7788")} == marks_in(left)
    audited = "".join(left["audit"])
    assert (1, 1) == (audited.count("'privacy erase'"), audited.count("'privacy erased'"))


async def test_somebody_who_is_in_a_dead_letter_alone_is_found_and_erased(store: Store) -> None:
    """No customer was ever stored; nobody at all is nothing found, and is not audited."""
    await store.dead_letters.put_many([a_letter("dl_1", quiteria(name=...)), a_letter("dl_2", {"id": "o-1"})])

    assert await erased(store, "nobody") is None
    assert await exported(store, "nobody") is None
    assert {"deadLetters": 1} == {name: size for name, size in sizes(await exported(store)).items() if size}
    assert {"dead letters": 1} == await erased(store)
    [applied] = await send(store, "odp.v1.customers", quiteria())
    assert (Outcome.STALE, {}) == (applied.outcome, await store.records.get_many(Entity.CUSTOMER, [""]))
