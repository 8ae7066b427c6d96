from storage.store import Store
from tests.storage.builders import a_receipt


async def test_the_first_receipt_of_an_ingestion_stands(store: Store) -> None:
    """A replay's receipt changes nothing, and those beside it are kept."""
    first, second, other = a_receipt("ing_1"), a_receipt("ing_1", done_at=9), a_receipt("ing_2")
    await store.receipts.put_many([first])

    await store.receipts.put_many([second, other])

    assert {"ing_1": first, "ing_2": other} == await store.receipts.get_many(["ing_1", "ing_2", "ing_3"])


async def test_a_receipt_is_read_by_its_tenant_alone(store: Store) -> None:
    """Another tenant's id answers as an unknown one."""
    receipt = a_receipt("ing_1")
    await store.receipts.put_many([receipt])

    assert receipt == await store.receipts.get("acme", "ing_1")
    assert None is await store.receipts.get("other", "ing_1")
    assert None is await store.receipts.get("acme", "ing_2")


async def test_no_receipts_are_no_work(store: Store) -> None:
    """An empty bulk is fine."""
    await store.receipts.put_many([])

    assert {} == await store.receipts.get_many([])
