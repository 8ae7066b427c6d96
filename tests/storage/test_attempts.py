import asyncio

from domain.receipts import DedupeCandidate
from storage.driver import Database
from storage.store import Store


async def test_attempts_are_counted_one_by_one(store: Store) -> None:
    """Each with its time, also where several begin at once; other ingestions have their own."""
    times = await asyncio.gather(*(store.attempts.begin("ing_1", at) for at in range(8)))

    assert list(range(1, 9)) == sorted(map(len, times))
    assert set(range(8)) == {at for one in times for at in one if len(one) == 8}
    assert (9,) == await store.attempts.begin("ing_2", 9)


async def test_cleared_attempts_are_forgotten(store: Store) -> None:
    """And others are not."""
    for id in ("ing_1", "ing_2"):
        await store.attempts.begin(id, 1)

    await store.attempts.clear(["ing_1", "ing_3"])
    await store.attempts.clear([])

    assert ((2,), (1, 2)) == (await store.attempts.begin("ing_1", 2), await store.attempts.begin("ing_2", 2))


async def test_a_dedupe_candidate_is_kept_once(store: Store, database: Database) -> None:
    """The same pair, either way round, by the same key is the same candidate; the first stays."""
    first = DedupeCandidate("acme", "cust_a", "cust_b", "email:x", seen_at=1)
    await store.dedupe.put_many([first])

    await store.dedupe.put_many(
        [
            DedupeCandidate("acme", "cust_b", "cust_a", "email:x", seen_at=2),
            DedupeCandidate("acme", "cust_a", "cust_b", "email:y", seen_at=3),
            DedupeCandidate("other", "cust_a", "cust_b", "email:x", seen_at=4),
        ]
    )

    kept = await database.collection("dedupe_candidates").find({})
    assert [1, 3, 4] == sorted(candidate["seen_at"] for candidate in kept)
