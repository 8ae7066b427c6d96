"""Concluded orders earn once, whoever brings them, however often."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from domain.find import FindCustomer
from domain.identity import IdentityKey
from domain.loyalty.earning import EarnFromOrders
from domain.loyalty.entries import Account
from domain.loyalty.ledger import Ledger
from domain.loyalty.program import EarnRule, Program, Programs
from domain.reading import Cursor, Query
from domain.records import Applied, Entity, Outcome, Record, Stored
from domain.version import Version
from tests.support.loyalty import PROGRAMS, LedgerInMemory

ANA = "cust_0000000000000000000000000A"
NOW = 1_800_000_000_000


class Customers:
    """Customers whose keys are known (domain.reading.Reader)."""

    owned: dict[str, str | None]

    def __init__(self) -> None:
        self.owned = {"logical:ana": ANA, "phone:+5511999990000": None}

    async def get_many(self, entity: Entity, tenant: str, ids: Iterable[str]) -> dict[str, Stored]:
        known = [one for one in ids if one in self.owned.values() and tenant == "acme"]
        return {one: Stored(one, entity, tenant, 1, {}, {}, 0, 0) for one in known if one}

    async def page(self, query: Query, *, after: Cursor | None, limit: int, skip: int = 0) -> list[Stored]:
        return []

    async def count(self, query: Query, limit: int) -> int:
        return 0

    async def owners(self, tenant: str, keys: Iterable[str]) -> dict[str, str | None]:
        return {key: self.owned[key] for key in keys if key in self.owned and tenant == "acme"}

    async def lookup(self, tenant: str, key: IdentityKey) -> str | None:
        return self.owned.get(key.encode())

    async def keys_of(self, tenant: str, customer_id: str) -> list[str]:
        return [key for key, owner in self.owned.items() if owner == customer_id]


class World:
    """Orders in, points out."""

    def __init__(self, programs: Programs = PROGRAMS) -> None:
        self.customers = Customers()
        self.store = LedgerInMemory()
        ledger = Ledger(self.store, programs, lambda: NOW)
        self.earn = EarnFromOrders(ledger, programs, FindCustomer(self.customers, "BR"), "od_v2")

    @property
    def points(self) -> list[int]:
        """Every movement."""
        return [entry.points for entry in self.store.entries]


def an_order(
    outcome: Outcome = Outcome.CREATED, source: str = "od_v2", **fields: Any
) -> tuple[Record, Applied]:
    """An applied order of R$ 33.35, which is worth 50 points."""
    columns = {"status": "CONCLUDED", "amount": "33.35", "currency": "BRL", "customer_ref": "id:ana"} | fields
    given = {name: value for name, value in columns.items() if value is not None}
    key = given.pop("key", "order-1")
    version = Version(NOW - 1_000, "ing_1", 0)
    record = Record(Entity.ORDER, "acme", source, key, version, "digest", "{}", given)
    return record, Applied(outcome, "ord_1")


async def test_a_concluded_order_earns_once() -> None:
    """Whole points, as of the order's own time, however often it comes."""
    world = World()
    await world.earn([an_order(), an_order(Outcome.UNCHANGED, status="DELIVERED")])
    await world.earn([an_order(Outcome.UPDATED, amount="1000")])
    await world.earn([an_order(key="order-2")])

    assert [50, 50] == world.points
    first = world.store.entries[0]
    assert (Account("acme", ANA), "order-1", NOW - 1_000) == (
        first.account,
        first.order_id,
        first.occurred_at,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "CONFIRMED"},
        {"status": None},
        {"outcome": Outcome.STALE},
        {"outcome": Outcome.DEAD},
        {"source": "odp_v1"},
        {"amount": None},
        {"amount": "0.5"},
        {"amount": "-100"},
        {"amount": "1E+999999"},
        {"amount": "NaN"},
        {"amount": "much"},
        {"amount": "999999999999999"},
        {"currency": "USD"},
        {"currency": None},
        {"customer_ref": None},
        {"customer_ref": "id:nobody"},
        {"customer_ref": "phone:+5511999990000"},
    ],
    ids=str,
)
async def test_what_earns_nothing(changes: dict[str, Any]) -> None:
    """Not concluded, not worth anything, not in the programme's currency, of nobody who is known."""
    world = World()
    await world.earn([an_order(**changes)])

    assert [] == world.points


async def test_without_a_rule_nothing_is_earned() -> None:
    """A tenant may have a programme without one, or none."""
    for program in (None, Program("p", "P")):
        world = World(Programs(program, {}))
        await world.earn([an_order()])
        assert [] == world.points


async def test_an_order_earns_when_its_customer_is_known() -> None:
    """It comes again after the customer did."""
    world = World()
    order = an_order(customer_ref="email:bia@example.com")
    await world.earn([order])
    world.customers.owned["email:bia@example.com"] = "cust_0000000000000000000000000B"
    await world.earn([order])

    assert [50] == world.points


async def test_a_tenant_may_have_a_programme_of_its_own() -> None:
    """It takes the place of the default one."""
    own = Program("own", "Own", earn=EarnRule(Decimal(2)))
    world = World(Programs(PROGRAMS.default, {"acme": own}))
    await world.earn([an_order(currency=None)])

    assert [66] == world.points
    assert world.store.entries[0].expires_at is None
