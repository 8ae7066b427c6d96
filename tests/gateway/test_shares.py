"""Fair shares: room for everybody, and turns."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from gateway.shares import FairQueue, Shares


@dataclass(frozen=True)
class Item:
    tenant: str
    number: int


def test_a_tenant_alone_takes_most_and_never_all() -> None:
    """Three quarters; what is left is for whoever comes, and so on."""
    shares = Shares(1000)
    for tenant, most in (("flood", 750), ("second", 187), ("third", 47)):
        held = 0
        while shares.fits(tenant, 1):
            shares.take(tenant, 1)
            held += 1
        assert most - 1 <= held <= most + 1
    assert shares.free > 0


def test_what_is_given_back_is_free_again() -> None:
    """To the last of it, also where nothing was taken."""
    shares = Shares(10)
    assert not shares.fits("a", 11)
    for amount in (7, 0, 0):
        assert shares.fits("a", amount)
        shares.take("a", amount)
    assert (7, 3, False) == (shares.taken, shares.free, shares.fits("a", 3))
    for amount in (0, 7, 0):
        shares.give("a", amount)
    assert (0, 10, True) == (shares.taken, shares.free, shares.fits("a", 10))


@given(st.lists(st.sampled_from("aaaaab"), max_size=40))
def test_tenants_take_turns_and_each_keeps_its_order(tenants: list[str]) -> None:
    """Nobody waits for more than one of each other tenant's."""
    queue: FairQueue[Item] = FairQueue()
    items = [Item(tenant, number) for number, tenant in enumerate(tenants)]
    for item in items:
        queue.append(item)
    taken = []
    while queue:
        first = queue.first()
        taken.append(queue.popleft())
        assert first is taken[-1]
    assert sorted(items, key=lambda item: item.number) == sorted(taken, key=lambda item: item.number)
    for tenant in "ab":
        own = [item for item in taken if item.tenant == tenant]
        assert [item for item in items if item.tenant == tenant] == own
    places = [place for place, item in enumerate(taken) if item.tenant == "b"]
    assert all(place <= 2 * nth + 1 for nth, place in enumerate(places))
