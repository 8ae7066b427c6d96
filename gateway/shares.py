"""Fair shares between tenants of what a process has only so much of: room, and turns."""

from collections import deque
from typing import Generic, Protocol, TypeVar

_LARGEST_SHARE = 3
"""Times of what is free that one tenant may hold: alone three quarters of all, never the last of it."""


class Shares:
    """An amount that tenants share, so that none of them can take it all."""

    def __init__(self, total: int) -> None:
        """`total`: of all tenants together."""
        self._total = total
        self._held: dict[str, int] = {}
        self._taken = 0

    @property
    def taken(self) -> int:
        """What all hold together."""
        return self._taken

    @property
    def free(self) -> int:
        """What nobody holds."""
        return self._total - self._taken

    def fits(self, tenant: str, amount: int) -> bool:
        """Whether `tenant` may take `amount` more."""
        held = self._held.get(tenant, 0) + amount
        return amount <= self.free and held <= _LARGEST_SHARE * self.free

    def take(self, tenant: str, amount: int) -> None:
        """`tenant` holds `amount` more from now on."""
        self._held[tenant] = self._held.get(tenant, 0) + amount
        self._taken += amount

    def give(self, tenant: str, amount: int) -> None:
        """`tenant` holds `amount` less from now on."""
        self._taken -= amount
        left = self._held.get(tenant, 0) - amount
        if left:
            self._held[tenant] = left
        else:
            self._held.pop(tenant, None)


class Owned(Protocol):
    """Something of a tenant's."""

    @property
    def tenant(self) -> str:
        """Whose it is."""


_T = TypeVar("_T", bound=Owned)


class FairQueue(Generic[_T]):
    """What waits: each tenant's in its order, and the tenants in turns."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[_T]] = {}
        self._turns: deque[str] = deque()

    def __bool__(self) -> bool:
        return bool(self._turns)

    def append(self, one: _T) -> None:
        """`one` waits, behind what its tenant has waiting already."""
        waiting = self._waiting.get(one.tenant)
        if waiting is None:
            self._waiting[one.tenant] = deque((one,))
            self._turns.append(one.tenant)
        else:
            waiting.append(one)

    def first(self) -> _T:
        """What is next. Raises IndexError where nothing waits."""
        return self._waiting[self._turns[0]][0]

    def popleft(self) -> _T:
        """What is next, which waits no longer. Raises IndexError where nothing waits."""
        tenant = self._turns.popleft()
        waiting = self._waiting[tenant]
        one = waiting.popleft()
        if waiting:
            self._turns.append(tenant)
        else:
            del self._waiting[tenant]
        return one
