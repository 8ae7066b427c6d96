import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.identity import IdentityKey, KeyKind
from domain.privacy.ports import HeldKey
from domain.reading import AmbiguousKeyError
from storage.driver import Database, Document
from storage.identities import IDENTITIES, identity_id, ids_of, key_of
from storage.store import Store

EMAIL = IdentityKey(KeyKind.EMAIL, "ana@example.com")


async def test_a_claimed_key_has_its_owner(store: Store) -> None:
    """And others have none."""
    assert {} == await store.identities.claim("acme", {"logical:1": "cust_a", "email:x": "cust_a"})

    assert {"logical:1": "cust_a"} == await store.identities.owners("acme", ["logical:1", "logical:2"])


async def test_the_first_claim_stands(store: Store) -> None:
    """The second learns the owner of each key it lost, and gets the free ones."""
    await store.identities.claim("acme", {"logical:1": "cust_a", "logical:2": "cust_b"})

    lost = await store.identities.claim(
        "acme", {"logical:1": "cust_b", "logical:2": "cust_b", "logical:3": "cust_b"}
    )

    assert {"logical:1": "cust_a"} == lost
    assert {"logical:1": "cust_a", "logical:2": "cust_b", "logical:3": "cust_b"} == (
        await store.identities.owners("acme", ["logical:1", "logical:2", "logical:3"])
    )


async def test_racing_claims_agree_on_one_owner(store: Store) -> None:
    """Of 32 claims at once one wins and the others are told who."""
    customers = [f"cust_{n}" for n in range(32)]

    answers = await asyncio.gather(
        *(store.identities.claim("acme", {"logical:1": customer}) for customer in customers)
    )

    owner = (await store.identities.owners("acme", ["logical:1"]))["logical:1"]
    assert [{} if customer == owner else {"logical:1": owner} for customer in customers] == answers


async def test_tenants_do_not_share_keys(store: Store) -> None:
    """Not even where a tenant's name looks like part of a key."""
    await store.identities.claim("acme", {"logical:1|logical:2": "cust_a"})

    assert {} == await store.identities.owners("other", ["logical:1|logical:2"])
    assert {} == await store.identities.owners("acme|logical:1", ["logical:2"])
    assert {} == await store.identities.claim("acme|logical:1", {"logical:2": "cust_b"})


async def test_a_shared_key_identifies_nobody(store: Store) -> None:
    """It has no owner, and a lookup by it is ambiguous."""
    await store.identities.claim("acme", {EMAIL.encode(): "cust_a", "logical:1": "cust_a"})

    await store.identities.mark_shared("acme", [EMAIL.encode()])
    await store.identities.mark_shared("acme", [])

    assert {"logical:1": "cust_a"} == await store.identities.owners("acme", [EMAIL.encode(), "logical:1"])
    with pytest.raises(AmbiguousKeyError):
        await store.reader.lookup("acme", EMAIL)


async def test_a_lookup_finds_the_customer_of_a_key(store: Store) -> None:
    """Within the tenant alone."""
    await store.identities.claim("acme", {EMAIL.encode(): "cust_a"})

    assert "cust_a" == await store.reader.lookup("acme", EMAIL)
    assert None is await store.reader.lookup("other", EMAIL)
    assert None is await store.reader.lookup("acme", IdentityKey(KeyKind.EMAIL, "\ud800"))


async def test_a_read_tells_shared_keys_from_unknown_ones(store: Store) -> None:
    """The shared one is there and nobody's; another tenant's is not there."""
    await store.identities.claim("acme", {EMAIL.encode(): "cust_a", "logical:1": "cust_a"})
    await store.identities.mark_shared("acme", [EMAIL.encode()])
    keys = [EMAIL.encode(), "logical:1", "logical:2", "logical:\ud800"]

    assert {EMAIL.encode(): None, "logical:1": "cust_a"} == await store.reader.owners("acme", keys)
    assert {} == await store.reader.owners("other", keys)


async def test_a_key_is_kept_as_its_id_and_its_customer(store: Store, database: Database) -> None:
    """And only one that several share says so: of all that a new customer costs, this is the most."""
    await store.identities.claim("acme", {EMAIL.encode(): "cust_a", "logical:1": "cust_a"})
    await store.identities.mark_shared("acme", [EMAIL.encode()])

    assert [
        {"_id": "acme|email:ana@example.com", "customer_id": "cust_a", "shared": True},
        {"_id": "acme|logical:1", "customer_id": "cust_a"},
    ] == await database.collection(IDENTITIES).find({}, sort=[("_id", 1)])


async def test_the_keys_of_a_customer_are_of_one_tenant(store: Store) -> None:
    """Shared ones are held and lead to nobody; another tenant's are neither found nor forgotten."""
    await store.identities.claim("acme", {EMAIL.encode(): "cust_a", "logical:1": "cust_a", "logical:2": "b"})
    await store.identities.claim("acme|", {"logical:3": "cust_a"})
    await store.identities.claim("acm", {"logical:4": "cust_a"})
    await store.identities.mark_shared("acme", [EMAIL.encode()])

    assert ["logical:1"] == await store.reader.keys_of("acme", "cust_a")
    held = [HeldKey(EMAIL.encode(), shared=True), HeldKey("logical:1", shared=False)]
    assert held == await store.traces.keys_of("acme", "cust_a")

    await store.traces.forget_keys("acme", ["cust_a"])

    assert [] == await store.traces.keys_of("acme", "cust_a")
    assert ["logical:2"] == await store.reader.keys_of("acme", "b")
    assert ["logical:3"] == await store.reader.keys_of("acme|", "cust_a")
    assert ["logical:4"] == await store.reader.keys_of("acm", "cust_a")


@given(some.text(), some.text(), some.sampled_from(KeyKind), some.text())
def test_an_id_leads_back_to_its_tenant_and_key(tenant: str, other: str, kind: KeyKind, value: str) -> None:
    """Whatever is in either, bars and signs of percent among it."""
    for name in (tenant, f"{tenant}|{other}", f"{tenant}%7C{other}", other):
        key = IdentityKey(kind, value).encode()
        id = identity_id(name, key).encode()
        mine = ids_of(tenant)

        assert key == key_of({"_id": id.decode()})
        assert (name == tenant) is (mine["$gte"].encode() <= id < mine["$lt"].encode())


def as_before(key: str, customer_id: str, *, shared: bool = False) -> Document:
    """A key of the tenant acme as it was kept while documents said all of it again."""
    fields = {"tenant": "acme", "key": key, "customer_id": customer_id, "shared": shared}
    return {"_id": f"acme|{key}", **fields}


async def test_keys_that_were_kept_before_are_as_good(store: Store, database: Database) -> None:
    """They are found, claimed in vain, shared and held, beside new ones."""
    phone = IdentityKey(KeyKind.PHONE, "+5511999990000")
    await database.collection(IDENTITIES).insert_missing(
        [
            as_before(EMAIL.encode(), "cust_a"),
            as_before("logical:1", "cust_a"),
            as_before(phone.encode(), "cust_a", shared=True),
        ]
    )

    lost = await store.identities.claim("acme", {EMAIL.encode(): "cust_b", "logical:1": "cust_a"})
    await store.identities.claim("acme", {"logical:2": "cust_a"})

    assert {EMAIL.encode(): "cust_a"} == lost
    assert "cust_a" == await store.reader.lookup("acme", EMAIL)
    assert {EMAIL.encode(): "cust_a", phone.encode(): None, "logical:2": "cust_a"} == (
        await store.reader.owners("acme", [EMAIL.encode(), phone.encode(), "logical:2", "logical:3"])
    )
    with pytest.raises(AmbiguousKeyError):
        await store.reader.lookup("acme", phone)

    await store.identities.mark_shared("acme", [EMAIL.encode()])

    assert {"logical:1", "logical:2"} == set(await store.reader.keys_of("acme", "cust_a"))
    with pytest.raises(AmbiguousKeyError):
        await store.reader.lookup("acme", EMAIL)


async def test_keys_that_were_kept_before_are_forgotten(store: Store, database: Database) -> None:
    """With the new ones of the same customer, and nobody else's."""
    await database.collection(IDENTITIES).insert_missing(
        [
            as_before(EMAIL.encode(), "cust_a", shared=True),
            as_before("logical:1", "cust_a"),
            as_before("logical:2", "cust_b"),
        ]
    )
    await store.identities.claim("acme", {"logical:3": "cust_a"})

    held = await store.traces.keys_of("acme", "cust_a")
    await store.traces.forget_keys("acme", ["cust_a"])

    assert [(EMAIL.encode(), True), ("logical:1", False), ("logical:3", False)] == held
    assert [as_before("logical:2", "cust_b")] == await database.collection(IDENTITIES).find({})
