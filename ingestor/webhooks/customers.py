"""Whose fact it is: what orders the deliveries, and the customer's name in them."""

from domain.facts import Fact
from domain.find import FindCustomer
from domain.identity import IdentityKey, KeyKind
from domain.reading import AmbiguousKeyError

_BY_ANY_NAME = "id"
_KINDS = frozenset(kind.value for kind in KeyKind)


class FactCustomers:
    """Finds the customers of facts, each once."""

    def __init__(self, find: FindCustomer) -> None:
        """Made anew for every batch of facts, as customers come and go."""
        self._find = find
        self._found: dict[tuple[str, str], str | None] = {}

    async def id_of(self, fact: Fact) -> str | None:
        """Portico's id of the fact's customer; None where nobody, or not only one, is called that."""
        if fact.customer_id is not None or fact.customer_ref is None:
            return fact.customer_id
        key = (fact.tenant, fact.customer_ref)
        if key not in self._found:
            self._found[key] = await self._owner(*key)
        return self._found[key]

    async def _owner(self, tenant: str, reference: str) -> str | None:
        kind, _, value = reference.partition(":")
        try:
            if kind == _BY_ANY_NAME:
                customer = await self._find(tenant, value)
                return customer.id if customer is not None else None
            if kind in _KINDS:
                return await self._find.owner(tenant, [IdentityKey(KeyKind(kind), value)])
        except AmbiguousKeyError:
            pass
        return None


def called(fact: Fact) -> str | None:
    """The name that the record itself has for its customer, where that is one to look him up by."""
    kind, _, value = (fact.customer_ref or "").partition(":")
    return value if kind in (_BY_ANY_NAME, KeyKind.LOGICAL) else None
