"""The filters of Open Delivery v2's lists (contracts B.9): each runs on an index."""

from dataclasses import replace

from aiohttp import web

from domain.find import FindCustomer
from domain.identity import IDENTIFIER_TYPES, IdentityKey, KeyKind, identifier_keys, split_external_id
from domain.reading import Order, Query
from gateway.rest.parameters import invalid, millis

_LONGEST = 512

FILTERS = {
    "customers": (
        "customerIdentifierType",
        "customerIdentifierValue",
        "externalId",
        "updatedFrom",
        "updatedTo",
        "merchantId",
    ),
    "leads": ("updatedFrom", "updatedTo", "externalId"),
    "orders": (
        "customerIdentifierType",
        "customerIdentifierValue",
        "customerId",
        "storeId",
        "originChannel",
        "createdFrom",
        "createdTo",
        "updatedFrom",
        "updatedTo",
    ),
    "reviews": (
        "customerIdentifierType",
        "customerIdentifierValue",
        "customerId",
        "orderId",
        "merchantId",
        "createdFrom",
        "createdTo",
    ),
    "events": ("customerId", "eventType", "from", "to"),
}
"""The parameters of each list, besides those of paging."""


def text(request: web.Request, name: str) -> str | None:
    """A text of 1 to 512 characters; None where it is not given."""
    value = request.query.get(name)
    if value is not None and not 0 < len(value) <= _LONGEST:
        raise invalid(name, f"is not 1 to {_LONGEST} characters")
    return value


def with_columns(request: web.Request, query: Query, columns: dict[str, str]) -> Query:
    """`query` with the parameters of `columns`, by the column each one is about."""
    equal = tuple(
        (column, value) for name, column in columns.items() if (value := text(request, name)) is not None
    )
    return replace(query, equal=query.equal + equal)


def within(request: web.Request, query: Query, name: str, order: Order) -> Query:
    """`query` within `{name}From` and `{name}To`, both inclusive, in that order of time.

    Two ranges of different times cannot share an index: the second one is refused.
    """
    first, last = (f"{name}From", f"{name}To") if name else ("from", "to")
    since, until = millis(request, first), millis(request, last)
    if since is None and until is None:
        return query
    if query.above is not None or query.until is not None:
        raise invalid(first if since is not None else last, "cannot go with another range of times")
    return replace(query, order=order, above=None if since is None else since - 1, until=until)


def identifier(request: web.Request, region: str) -> list[IdentityKey] | None:
    """The keys of the identifier pair; None where it is not given."""
    kind = text(request, "customerIdentifierType")
    value = text(request, "customerIdentifierValue")
    if kind is None and value is None:
        return None
    if kind is None or value is None:
        missing = "customerIdentifierType" if kind is None else "customerIdentifierValue"
        raise invalid(missing, "is required beside its other half")
    if kind not in IDENTIFIER_TYPES:
        raise invalid("customerIdentifierType", f"is none of {', '.join(IDENTIFIER_TYPES)}")
    return identifier_keys(kind, value, region)


def external_id(request: web.Request) -> list[IdentityKey] | None:
    """The keys of an external id, `value` or `source:value`; None where it is not given."""
    value = text(request, "externalId")
    if value is None:
        return None
    source, rest = split_external_id(value)
    return [IdentityKey(KeyKind.EXTERNAL, f"{source}:{rest}"), IdentityKey(KeyKind.NAME, value)]


async def of_customer(request: web.Request, query: Query, find: FindCustomer, region: str) -> Query:
    """`query` of the customer that `customerId` or the identifier pair names; of nobody if unknown."""
    keys = identifier(request, region)
    name = text(request, "customerId") if "customerId" in request.query else None
    if keys is None and name is None:
        return query
    refs: frozenset[str] | None = None
    if name is not None:
        customer = await find(query.tenant, name)
        unknown = {f"id:{name}", IdentityKey(KeyKind.LOGICAL, name).encode()}
        refs = await find.references(customer) if customer is not None else frozenset(unknown)
    if keys is not None:
        owner = await find.owner(query.tenant, keys)
        customer = await find(query.tenant, owner) if owner is not None else None
        theirs = await find.references(customer) if customer is not None else frozenset()
        refs = theirs if refs is None else refs & theirs
    return replace(query, customer_refs=refs)
