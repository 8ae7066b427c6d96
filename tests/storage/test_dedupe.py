from domain.reading import Cursor
from domain.receipts import DedupeCandidate
from storage.store import Store


def a_pair(one: str, other: str, seen_at: int = 1, *, tenant: str = "acme") -> DedupeCandidate:
    """Two customers that a phone number points to."""
    return DedupeCandidate(tenant, one, other, "phone:+5511999990000", seen_at)


async def test_a_pair_is_kept_once(store: Store) -> None:
    """From whichever side it is seen; the first time stands."""
    first = a_pair("a", "b", 1)
    await store.dedupe.put_many([first])
    await store.dedupe.put_many([a_pair("b", "a", 2), a_pair("a", "b", 3)])

    assert [first] == await store.dedupe.page("acme", None, after=None, limit=9)
    assert first == await store.dedupe.get("acme", first.id)
    assert await store.dedupe.get("other", first.id) is None


async def test_pages_are_by_time_seen_and_within_one_tenant(store: Store) -> None:
    """Of all, and of one customer on either side; each goes on behind the last one."""
    pairs = [a_pair("a", "b", 1), a_pair("c", "a", 2), a_pair("b", "c", 2), a_pair("a", "d", 3)]
    await store.dedupe.put_many([*reversed(pairs), a_pair("a", "b", tenant="other")])
    expected = sorted(pairs, key=lambda pair: (pair.seen_at, pair.id))
    assert expected == await store.dedupe.page("acme", None, after=None, limit=9)

    after = Cursor(expected[1].seen_at, expected[1].id)
    assert expected[2:] == await store.dedupe.page("acme", None, after=after, limit=9)
    of_a = [pair for pair in expected if "a" in (pair.customer_id, pair.other_id)]
    assert of_a == await store.dedupe.page("acme", "a", after=None, limit=9)
    assert of_a[:2] == await store.dedupe.page("acme", "a", after=None, limit=2)
    assert [] == await store.dedupe.page("acme", "e", after=None, limit=9)
