"""The map from (tenant, identity key) to customer id."""

from collections.abc import Iterable, Mapping
from typing import cast

from domain.identity import IdentityKey
from domain.reading import AmbiguousKeyError
from storage.driver import Database, Document, Filter

IDENTITIES = "identities"


class IdentityRepository:
    """Identity keys and their owners (domain.ports.IdentityStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps one document a key in the collection `identities` of `database`."""
        self._collection = database.collection(IDENTITIES)

    async def owners(self, tenant: str, keys: Iterable[str]) -> dict[str, str]:
        """The customer id of each key that has one; keys that several share are left out."""
        holders = await self.holders(tenant, keys)
        return {key: owner for key, owner in holders.items() if owner is not None}

    async def holders(self, tenant: str, keys: Iterable[str]) -> dict[str, str | None]:
        """The customer id of each key that there is; None for one that several share."""
        documents = await self._find(tenant, keys)
        return {key_of(one): None if is_shared(one) else one["customer_id"] for one in documents}

    async def keys_of(self, tenant: str, customer_id: str) -> list[str]:
        """Every key, shared ones left out, that ever led to a customer."""
        found = await self._collection.find(held_by(tenant, customer_id), projection=["shared"])
        return [key_of(one) for one in found if not is_shared(one)]

    async def claim(self, tenant: str, claims: Mapping[str, str]) -> dict[str, str]:
        """Give each unowned key its customer id; returns the owners of those others have.

        Of two that claim a key at once, the database's unique `_id` lets one win.
        """
        keys = list(claims)
        documents = [{"_id": identity_id(tenant, key), "customer_id": claims[key]} for key in keys]
        lost = await self._collection.insert_missing(documents)
        taken = await self._find(tenant, [keys[index] for index in lost])
        owners = {key_of(one): one["customer_id"] for one in taken}
        return {key: owner for key, owner in owners.items() if owner != claims[key]}

    async def lookup(self, tenant: str, key: IdentityKey) -> str | None:
        """The customer id that `key` identifies. Raises AmbiguousKeyError where several share it."""
        found = await self._find(tenant, [key.encode()])
        if not found:
            return None
        if is_shared(found[0]):
            raise AmbiguousKeyError(f"several customers have this {key.kind} key")
        return cast(str, found[0]["customer_id"])

    async def mark_shared(self, tenant: str, keys: Iterable[str]) -> None:
        """Note that several customers have these keys, so that they identify nobody."""
        ids = [identity_id(tenant, key) for key in keys]
        if ids:
            await self._collection.update_many({"_id": {"$in": ids}}, {"$set": {"shared": True}})

    async def _find(self, tenant: str, keys: Iterable[str]) -> list[Document]:
        return await self._collection.find_ids(identity_id(tenant, key) for key in keys)


def identity_id(tenant: str, key: str) -> str:
    """The `_id` of a tenant's key. The bar is escaped in the tenant, so that no two pairs meet."""
    return f"{_escaped(tenant)}|{key}"


def key_of(identity: Document) -> str:
    """The key that a document is about: what comes after the first bar of its `_id`."""
    return cast(str, identity["_id"]).partition("|")[2]


def is_shared(identity: Document) -> bool:
    """Whether several customers have the key. Only documents of such keys, and older ones, say so."""
    return cast(bool, identity.get("shared", False))


def ids_of(tenant: str) -> Filter:
    """The `_id`s of all of a tenant's keys: in the order of bytes a brace is next to the bar."""
    return {"$gte": f"{_escaped(tenant)}|", "$lt": f"{_escaped(tenant)}}}"}


def held_by(tenant: str, customer_id: str) -> Filter:
    """The keys of a customer; an id that another tenant could have, too, finds none of his."""
    # In this order: SecantusDB takes the index of the first.
    return {"customer_id": customer_id, "_id": ids_of(tenant)}


def _escaped(tenant: str) -> str:
    return tenant.replace("%", "%25").replace("|", "%7C")
