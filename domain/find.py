"""Finding a customer by whatever a partner calls him, and what names him in other records (B.1)."""

from collections.abc import Iterable, Iterator, Mapping

from domain.identity import (
    IDENTIFIER_TYPES,
    IdentityKey,
    KeyKind,
    identifier_keys,
    split_external_id,
)
from domain.reading import AmbiguousKeyError, Reader
from domain.records import Entity, Stored


class FindCustomer:
    """Resolves names of customers within a tenant."""

    def __init__(self, reader: Reader, region: str) -> None:
        """`region` (ISO 3166-1 alpha-2) is the country of phone numbers written without one."""
        self._reader = reader
        self._region = region

    async def __call__(self, tenant: str, name: str) -> Stored | None:
        """The customer that `name` means; None where it means nobody.

        The first of these that finds somebody counts: Portico's own id, the sender's logical id,
        an identifier's value, an external id's value, the form `type:value`. Raises
        AmbiguousKeyError where one of them finds several.
        """
        own = await self._reader.get_many(Entity.CUSTOMER, tenant, [name])
        if own:
            return own[name]
        for keys in self._tiers(name):
            if found := await self.owner(tenant, keys):
                return (await self._reader.get_many(Entity.CUSTOMER, tenant, [found])).get(found)
        return None

    async def owner(self, tenant: str, keys: Iterable[IdentityKey]) -> str | None:
        """The id of the one customer who has any of `keys`. Raises AmbiguousKeyError."""
        owners = await self._reader.owners(tenant, [key.encode() for key in keys])
        found = set(owners.values())
        if None in found or len(found) > 1:
            raise AmbiguousKeyError("several customers are called that")
        return next(iter(found), None)

    async def references(self, customer: Stored) -> frozenset[str]:
        """Every reference by which records may name `customer`, and nobody else.

        From all keys that ever led to him: a record that names him by what he was called before
        his identifier changed is still his.
        """
        keys = await self._reader.keys_of(customer.tenant, customer.id)
        names = set(_names(keys))
        tiers = {name: [[key.encode() for key in tier] for tier in self._tiers(name)] for name in names}
        wanted = {key for tier in tiers.values() for keys_of_tier in tier for key in keys_of_tier}
        owners = await self._reader.owners(customer.tenant, wanted)
        his = [name for name in names if _first_found(tiers[name], owners) == {customer.id}]
        return frozenset([f"id:{customer.id}", *(f"id:{name}" for name in his), *keys])

    def _tiers(self, name: str) -> Iterator[list[IdentityKey]]:
        yield [IdentityKey(KeyKind.LOGICAL, name)]
        yield [identifier_keys(kind, name, self._region)[0] for kind in IDENTIFIER_TYPES]
        source, value = split_external_id(name)
        yield [IdentityKey(KeyKind.EXTERNAL, f"{source}:{value}"), IdentityKey(KeyKind.NAME, name)]
        kind, colon, value = name.partition(":")
        if colon and value and kind in IDENTIFIER_TYPES:
            yield identifier_keys(kind, value, self._region)


def _names(keys: Iterable[str]) -> Iterator[str]:
    """What a customer with these encoded keys may be called."""
    for key in keys:
        kind, _, value = key.partition(":")
        if kind in _NAMING:
            yield value
        if kind == KeyKind.IDENTIFIER:
            yield value.partition(":")[2]
        if kind in IDENTIFIER_TYPES:
            yield key


_NAMING = (KeyKind.LOGICAL, KeyKind.IDENTIFIER, KeyKind.EXTERNAL, KeyKind.NAME)


def _first_found(tiers: Iterable[Iterable[str]], owners: Mapping[str, str | None]) -> set[str | None]:
    """The owners in the first of `tiers` that finds somebody."""
    for tier in tiers:
        if found := {owners[key] for key in tier if key in owners}:
            return found
    return set()
