import asyncio

import pytest

from domain.clients import Client, ClientRuleError, accepts, new_client, new_secret
from storage.driver import Database
from storage.store import Store

NOW = 1_800_000_000_000
HOUR = 3_600_000


def a_client(tenant: str = "acme", secret: str = "s" * 43, now: int = NOW) -> Client:
    """A client with one secret."""
    return new_client(tenant, ["od.crm", "customer.read"], "loader", secret, now)


async def test_a_client_comes_back_as_it_was_added(store: Store) -> None:
    """By its id; others are not there."""
    client = a_client()
    await store.clients.add(client)

    assert client == await store.clients.get(client.id)
    assert [None, None] == [await store.clients.get(id) for id in ("cli_unknown", "\ud800")]


async def test_clients_are_listed_by_tenant(store: Store) -> None:
    """Or all of them, the oldest first."""
    second, first, other = a_client(now=NOW + 1), a_client(), a_client("other", now=NOW + 2)
    for client in (second, first, other):
        await store.clients.add(client)

    assert [first, second] == await store.clients.list("acme")
    assert [first, second, other] == await store.clients.list()


async def test_no_secret_is_stored(store: Store, database: Database) -> None:
    """Only digests that mean nothing for another client."""
    secret = new_secret()
    client, other = a_client(secret=secret), a_client(secret=secret)
    await store.clients.add(client)

    assert secret not in str(await database.collection("clients").find({}))
    assert client.secrets[0].digest != other.secrets[0].digest


async def test_a_rotated_secret_lives_for_its_grace(store: Store) -> None:
    """The new one at once; and two at most are known."""
    old, new, newest = (new_secret() for _ in range(3))
    client = a_client(secret=old)
    await store.clients.add(client)

    rotated = await store.clients.change(client.id, lambda one: one.rotated(new, NOW, HOUR))

    assert rotated == await store.clients.get(client.id)
    assert [True, True, False] == [
        accepts(rotated, client.id, secret, at)
        for secret, at in ((new, NOW), (old, NOW + HOUR - 1), (old, NOW + HOUR))
    ]
    again = await store.clients.change(client.id, lambda one: one.rotated(newest, NOW, 0))
    assert [True, False, False] == [accepts(again, client.id, secret, NOW) for secret in (newest, new, old)]


async def test_a_revoked_client_has_no_secrets(store: Store) -> None:
    """And gets none again."""
    client = a_client()
    await store.clients.add(client)

    revoked = await store.clients.change(client.id, lambda one: one.revoked(NOW + 5))

    assert revoked == await store.clients.change(client.id, lambda one: one.revoked(NOW + 9))
    assert (NOW + 5, ()) == (revoked.revoked_at, revoked.secrets) if revoked else False
    with pytest.raises(ClientRuleError):
        await store.clients.change(client.id, lambda one: one.rotated("x", NOW, 0))


async def test_nobody_is_changed(store: Store) -> None:
    """Where there is no such client."""
    assert None is await store.clients.change("cli_unknown", lambda one: one.revoked(NOW))


async def test_changes_at_once_are_made_one_after_another(store: Store) -> None:
    """None is lost."""
    client = a_client()
    await store.clients.add(client)

    await asyncio.gather(
        *(store.clients.change(client.id, lambda one: one.rotated(new_secret(), NOW, HOUR)) for _ in range(5))
    )

    stored = await store.clients.get(client.id)
    assert 6 == (stored.revision if stored else 0)


@pytest.mark.parametrize("scopes", [[], ["two words"], ['quo"te'], ["ação"], ["x" * 101]])
def test_what_is_no_scope_is_refused(scopes: list[str]) -> None:
    """RFC 6749 §3.3 says which characters a scope has."""
    with pytest.raises(ClientRuleError):
        new_client("acme", scopes, "", "s", NOW)
