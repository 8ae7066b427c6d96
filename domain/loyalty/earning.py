"""Points for orders: a concluded order earns once for its customer, whoever reports it, however often."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from domain.find import FindCustomer
from domain.identity import IdentityKey, KeyKind
from domain.loyalty.entries import Account
from domain.loyalty.errors import InvalidMovementError
from domain.loyalty.ledger import Details, Ledger, Once
from domain.loyalty.program import Programs
from domain.reading import AmbiguousKeyError
from domain.records import Applied, Entity, Outcome, Record

_CONCLUDED = frozenset({"CONCLUDED", "DELIVERED"})
_SAYS_HOW_IT_STANDS = frozenset({Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED})
_CUSTOMERS_AT_A_TIME = 16
_LARGEST_EXPONENT = 15
"""Of ten: an amount beyond it is no order's, and its points would fit no balance."""


class _Earning(NamedTuple):
    points: int
    order_id: str
    occurred_at: int


class EarnFromOrders:
    """Gives points for the concluded orders of one contract among records that were applied."""

    def __init__(self, ledger: Ledger, programs: Programs, find: FindCustomer, source: str) -> None:
        """`source`: the contract whose orders say what they are worth."""
        self._ledger = ledger
        self._programs = programs
        self._find = find
        self._source = source

    async def __call__(self, applied: Iterable[tuple[Record, Applied]], /) -> None:
        """Return once every order that earns has its points; again, it changes nothing.

        An order whose customer is not known, or whose reference several have, earns nothing: it
        does when it comes again. Raises TransientError.
        """
        by_reference: defaultdict[tuple[str, str], list[_Earning]] = defaultdict(list)
        for record, result in applied:
            if (earning := self._earning(record, result)) and (ref := record.fields.get("customer_ref")):
                by_reference[record.tenant, ref].append(earning)
        turn = asyncio.Semaphore(_CUSTOMERS_AT_A_TIME)

        async def give(tenant: str, reference: str, earnings: list[_Earning]) -> None:
            async with turn:
                await self._give(tenant, reference, earnings)

        # Every one gets to its end before the first error is raised: nothing is left running.
        gifts = [give(*place, earnings) for place, earnings in by_reference.items()]
        for failed in filter(None, await asyncio.gather(*gifts, return_exceptions=True)):
            raise failed

    def _earning(self, record: Record, result: Applied) -> _Earning | None:
        if record.entity is not Entity.ORDER or record.source != self._source:
            return None
        fields = record.fields
        if result.outcome not in _SAYS_HOW_IT_STANDS or fields.get("status") not in _CONCLUDED:
            return None
        program = self._programs.of(record.tenant)
        amount = _decimal(fields.get("amount"))
        if program is None or program.earn is None or amount is None:
            return None
        points = program.earn.points_for(amount, fields.get("currency"))
        return _Earning(points, record.key, record.version.at) if points else None

    async def _give(self, tenant: str, reference: str, earnings: list[_Earning]) -> None:
        try:
            customer_id = await self._customer(tenant, reference)
        except AmbiguousKeyError:
            return
        if customer_id is None:
            return
        for one in earnings:
            once = Once(f"order:{one.order_id}")
            details = Details(order_id=one.order_id, occurred_at=one.occurred_at, once=once)
            with suppress(InvalidMovementError):  # a balance at its bound must not stop the order
                await self._ledger.earn(Account(tenant, customer_id), one.points, details)

    async def _customer(self, tenant: str, reference: str) -> str | None:
        kind, _, value = reference.partition(":")
        if kind == "id":
            found = await self._find(tenant, value)
            return found.id if found else None
        return await self._find.owner(tenant, [IdentityKey(KeyKind(kind), value)])


def _decimal(text: object) -> Decimal | None:
    try:
        amount = Decimal(str(text))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount.adjusted() <= _LARGEST_EXPONENT else None
