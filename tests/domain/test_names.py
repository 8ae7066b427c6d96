"""Values of external ids without their source: they find customers, and never decide who one is."""

from domain.identity import IdentityKey, KeyKind
from domain.records import Entity, Record
from domain.resolve import MatchPolicy, Resolver
from domain.version import Version

NAME = IdentityKey(KeyKind.NAME, "123")


def _customer(external: str) -> Record:
    keys = (IdentityKey(KeyKind.EXTERNAL, external), NAME)
    return Record(Entity.CUSTOMER, "acme", "od_v2", external, Version(1, "ing_A", 0), "", "{}", {}, keys)


def test_a_name_nobody_has_is_claimed() -> None:
    """So that the customer is found by it."""
    resolver = Resolver("acme", {}, [], MatchPolicy())
    customer_id = resolver.resolve(_customer("app:123")).customer_id
    assert customer_id == resolver.claims[NAME.encode()]


def test_a_name_never_matches() -> None:
    """Two systems give the same value to two customers; the contest is told, so that the name is shared."""
    resolver = Resolver("acme", {NAME.encode(): "cust_1"}, [], MatchPolicy())
    resolution = resolver.resolve(_customer("crm:123"))
    assert "cust_1" != resolution.customer_id
    assert [(NAME, "cust_1")] == [(one.key, one.owner) for one in resolution.conflicts]
