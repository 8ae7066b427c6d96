"""OAuth 2.0 clients, with the digests of their secrets (domain.clients.digest_of says why so)."""

from collections.abc import Callable

from domain.clients import Client, ClientSecret
from domain.errors import ContentionError
from storage.bulk import Encoded, Replace
from storage.driver import Database, Document

CLIENTS = "clients"

_ROUNDS = 20


class ClientRepository:
    """Clients of all tenants (domain.clients.ClientStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps one document a client in `clients` of `database`."""
        self._collection = database.collection(CLIENTS)

    async def add(self, client: Client) -> None:
        """Keep a new client; one whose id is kept already stays as it is."""
        await self._collection.insert_missing([_document(client)])

    async def get(self, client_id: str) -> Client | None:
        """The client of an id, of whatever tenant."""
        found = await self._collection.find_ids([client_id])
        return _client(found[0]) if found else None

    async def list(self, tenant: str | None = None) -> list[Client]:
        """A tenant's clients, or those of all tenants; the oldest first."""
        within = {} if tenant is None else {"tenant": tenant}
        found = await self._collection.find(within)
        return sorted(map(_client, found), key=lambda client: (client.created_at, client.id))

    async def change(self, client_id: str, rule: Callable[[Client], Client]) -> Client | None:
        """What `rule` makes of a client, stored; None where there is no such client.

        Of two changes at once the second is made on the result of the first, so that a rotation
        never undoes a revocation. Raises what `rule` raises, and ContentionError.
        """
        for _ in range(_ROUNDS):
            before = await self.get(client_id)
            if before is None:
                return None
            after = rule(before)
            if after == before:
                return after
            condition = {"_id": client_id, "revision": before.revision}
            result = await self._collection.write([Replace(condition, Encoded(_document(after)))])
            if not result.duplicates:
                return after
        raise ContentionError(f"the client lost {_ROUNDS} races")


def _document(client: Client) -> Document:
    return {
        "_id": client.id,
        "tenant": client.tenant,
        "name": client.name,
        "scopes": sorted(client.scopes),
        "secrets": [
            {"digest": one.digest, "created_at": one.created_at, "until": one.until} for one in client.secrets
        ],
        "created_at": client.created_at,
        "rotated_at": client.rotated_at,
        "revoked_at": client.revoked_at,
        "revision": client.revision,
    }


def _client(document: Document) -> Client:
    return Client(
        id=document["_id"],
        tenant=document["tenant"],
        name=document["name"],
        scopes=frozenset(document["scopes"]),
        secrets=tuple(ClientSecret(**secret) for secret in document["secrets"]),
        created_at=document["created_at"],
        rotated_at=document["rotated_at"],
        revoked_at=document["revoked_at"],
        revision=document["revision"],
    )
