import asyncio

import pytest

from domain.identity import IdentityKey, KeyKind
from domain.reading import AmbiguousKeyError
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
