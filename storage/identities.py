"""The map from (tenant, identity key) to customer id."""

from collections.abc import Iterable, Mapping
from typing import cast

from domain.identity import IdentityKey
from domain.reading import AmbiguousKeyError
from storage.driver import Database, Document

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
        return {one["key"]: None if one["shared"] else one["customer_id"] for one in documents}

    async def keys_of(self, tenant: str, customer_id: str) -> list[str]:
        """Every key, shared ones left out, that ever led to a customer."""
        found = await self._collection.find(
            {"tenant": tenant, "customer_id": customer_id}, projection=["key", "shared"]
        )
        return [one["key"] for one in found if not one["shared"]]

    async def claim(self, tenant: str, claims: Mapping[str, str]) -> dict[str, str]:
        """Give each unowned key its customer id; returns the owners of those others have.

        Of two that claim a key at once, the database's unique `_id` lets one win.
        """
        keys = list(claims)
        documents = [_document(tenant, key, claims[key]) for key in keys]
        lost = await self._collection.insert_missing(documents)
        taken = await self._find(tenant, [keys[index] for index in lost])
        return {one["key"]: one["customer_id"] for one in taken if one["customer_id"] != claims[one["key"]]}

    async def lookup(self, tenant: str, key: IdentityKey) -> str | None:
        """The customer id that `key` identifies. Raises AmbiguousKeyError where several share it."""
        found = await self._find(tenant, [key.encode()])
        if not found:
            return None
        if found[0]["shared"]:
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
    return f"{tenant.replace('%', '%25').replace('|', '%7C')}|{key}"


def _document(tenant: str, key: str, customer_id: str) -> Document:
    return {
        "_id": identity_id(tenant, key),
        "tenant": tenant,
        "key": key,
        "customer_id": customer_id,
        "shared": False,
    }
