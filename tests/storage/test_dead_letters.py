from dataclasses import replace

from domain.reading import Cursor
from storage.dead_letters import fingerprint
from storage.store import Store
from tests.storage.builders import a_dead_letter


async def test_a_dead_letter_comes_back_byte_for_byte(store: Store) -> None:
    """Its body, and headers whose names MongoDB treats specially."""
    letter = a_dead_letter("dl_1", body=bytes(range(256)), index=None)

    await store.dead_letters.put_many([letter])

    assert letter == await store.dead_letters.get("acme", "dl_1")
    assert None is await store.dead_letters.get("other", "dl_1")
    assert None is await store.dead_letters.get("acme", "dl_2")


async def test_a_dead_letter_written_again_is_still_one(store: Store) -> None:
    """Its last-seen time and attempts are renewed, never set back; the rest stays."""
    first = a_dead_letter("dl_1", last_seen=10, attempts=2)
    await store.dead_letters.put_many([first])

    await store.dead_letters.put_many(
        [a_dead_letter("dl_1", last_seen=20, attempts=1, first_seen=20, message="other")]
    )

    assert replace(first, last_seen=20) == await store.dead_letters.get("acme", "dl_1")
    assert 1 == await store.dead_letters.count(None, 10)


async def test_a_message_of_any_size_becomes_a_dead_letter(store: Store) -> None:
    """30 MiB, where MongoDB holds 16 in a document; written twice, it is still whole."""
    letter = a_dead_letter("dl_1", body=b"0123456789abcdef" * (30 * 65536) + b"end")

    await store.dead_letters.put_many([letter])
    await store.dead_letters.put_many([letter])

    assert letter == await store.dead_letters.get("acme", "dl_1")


async def test_text_that_no_store_holds_is_spelled_out(store: Store) -> None:
    """Another producer's headers cannot keep a letter from being stored."""
    letter = a_dead_letter("dl_1", headers={"a\ud800": "\udcff"}, pointer="/\ud800", message="\ud800")

    await store.dead_letters.put_many([letter])

    kept = await store.dead_letters.get("acme", "dl_1")
    assert replace(letter, headers={"a\\ud800": "\\udcff"}, pointer="/\\ud800", message="\\ud800") == kept


async def test_pages_go_from_oldest_to_newest(store: Store) -> None:
    """By first-seen time and id, of one tenant or of all."""
    letters = [a_dead_letter(f"dl_{n}", first_seen=n // 2) for n in range(6)]
    other = a_dead_letter("dl_other", tenant="other", first_seen=1)
    await store.dead_letters.put_many([*reversed(letters), other])

    first = await store.dead_letters.page("acme", after=None, limit=3)
    rest = await store.dead_letters.page("acme", after=Cursor(first[-1].first_seen, first[-1].id), limit=9)

    assert letters == first + rest
    everyone = await store.dead_letters.page(None, after=Cursor(1, "dl_2"), limit=9)
    assert ["dl_3", "dl_other", "dl_4", "dl_5"] == [letter.id for letter in everyone]
    assert (6, 7, 2) == (
        await store.dead_letters.count("acme", 99),
        await store.dead_letters.count(None, 99),
        await store.dead_letters.count(None, 2),
    )


def test_letters_of_one_cause_share_a_fingerprint() -> None:
    """Whatever record of the batch it was; another code or place is another cause."""
    one = a_dead_letter("1", pointer="/customers/3/contacts/0/v2")

    assert fingerprint(one) == fingerprint(a_dead_letter("2", pointer="/customers/14/contacts/1/v2"))
    assert fingerprint(one) != fingerprint(a_dead_letter("2", pointer="/customers/3/contacts/0/v3"))
    assert fingerprint(one) != fingerprint(replace(one, code="OTHER"))
