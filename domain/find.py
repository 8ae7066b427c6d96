"""Finding a customer by whatever a partner calls him, and what names him in other records (B.1)."""

from collections.abc import Iterable, Iterator

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
        """Every reference by which records may name `customer`, and nobody else."""
        names = [name for name in _names(customer) if await self._means(name, customer)]
        keys = [key for key in self._shared_keys(customer) if await self._has(key, customer)]
        logical = [IdentityKey(KeyKind.LOGICAL, one) for one in customer.fields.get("logical_ids", ())]
        return frozenset([f"id:{name}" for name in names] + [key.encode() for key in (*keys, *logical)])

    async def _means(self, name: str, customer: Stored) -> bool:
        try:
            found = await self(customer.tenant, name)
        except AmbiguousKeyError:
            return False
        return found is not None and found.id == customer.id

    async def _has(self, key: IdentityKey, customer: Stored) -> bool:
        try:
            return await self.owner(customer.tenant, [key]) == customer.id
        except AmbiguousKeyError:
            return False

    def _tiers(self, name: str) -> Iterator[list[IdentityKey]]:
        yield [IdentityKey(KeyKind.LOGICAL, name)]
        yield [identifier_keys(kind, name, self._region)[0] for kind in IDENTIFIER_TYPES]
        source, value = split_external_id(name)
        yield [IdentityKey(KeyKind.EXTERNAL, f"{source}:{value}"), IdentityKey(KeyKind.NAME, name)]
        kind, colon, value = name.partition(":")
        if colon and value and kind in IDENTIFIER_TYPES:
            yield identifier_keys(kind, value, self._region)

    def _shared_keys(self, customer: Stored) -> Iterator[IdentityKey]:
        """The keys of contacts and document, which a record may name instead of an id."""
        fields = customer.fields
        if document := fields.get("document"):
            yield identifier_keys("document", document.get("number", ""), self._region)[-1]
        for column, kind in (("emails", KeyKind.EMAIL), ("phones", KeyKind.PHONE)):
            for contact in fields.get(column, ()):
                if normalized := contact.get("normalized"):
                    yield IdentityKey(kind, normalized)


def _names(customer: Stored) -> Iterator[str]:
    yield customer.id
    yield from customer.fields.get("logical_ids", ())
    if identifier := customer.fields.get("identifier"):
        yield identifier["value"]
        yield f"{identifier['type']}:{identifier['value']}"
    for external in customer.fields.get("external_ids", ()):
        yield external["value"]
        yield f"{external.get('source', 'default')}:{external['value']}"
