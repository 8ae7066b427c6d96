from dataclasses import replace

import pytest

from domain.dead_letters.entities import HistoryEntry, KeptLetter, Selection, State
from domain.reading import Cursor
from domain.receipts import DeadLetter
from storage.dead_letters import fingerprint
from storage.letter_changes import shared_updates
from storage.store import Store
from tests.storage.builders import a_dead_letter


async def the_letter(store: Store, id: str) -> DeadLetter:
    """The dead letter `id`, as it was put."""
    kept = await store.kept_letters.get(id)
    assert kept is not None
    return kept.letter


async def test_a_dead_letter_comes_back_byte_for_byte(store: Store) -> None:
    """Its body, and headers whose names MongoDB treats specially."""
    letter = a_dead_letter("dl_1", body=bytes(range(256)), index=None)

    await store.dead_letters.put_many([letter])

    assert letter == await the_letter(store, "dl_1")
    assert None is await store.kept_letters.get("dl_2")


async def test_a_dead_letter_written_again_is_still_one(store: Store) -> None:
    """Its last-seen time and attempts are renewed, never set back; the rest stays."""
    first = a_dead_letter("dl_1", last_seen=10, attempts=2)
    await store.dead_letters.put_many([first])

    await store.dead_letters.put_many(
        [a_dead_letter("dl_1", last_seen=20, attempts=1, first_seen=20, message="other")]
    )

    assert replace(first, last_seen=20) == await the_letter(store, "dl_1")
    assert 1 == len(await store.kept_letters.page(Selection(), after=None, limit=9))


async def test_a_message_of_any_size_becomes_a_dead_letter(store: Store) -> None:
    """30 MiB, where MongoDB holds 16 in a document; written twice, it is still whole."""
    letter = a_dead_letter("dl_1", body=b"0123456789abcdef" * (30 * 65536) + b"end")

    await store.dead_letters.put_many([letter])
    await store.dead_letters.put_many([letter])

    assert letter == await the_letter(store, "dl_1")


async def test_text_that_no_store_holds_is_spelled_out(store: Store) -> None:
    """Another producer's headers cannot keep a letter from being stored."""
    letter = a_dead_letter("dl_1", headers={"a\ud800": "\udcff"}, pointer="/\ud800", message="\ud800")

    await store.dead_letters.put_many([letter])

    kept = await the_letter(store, "dl_1")
    assert replace(letter, headers={"a\\ud800": "\\udcff"}, pointer="/\\ud800", message="\\ud800") == kept


async def test_pages_go_from_oldest_to_newest(store: Store) -> None:
    """By first-seen time and id, of one tenant or of all."""
    letters = [a_dead_letter(f"dl_{n}", first_seen=n // 2) for n in range(6)]
    other = a_dead_letter("dl_other", tenant="other", first_seen=1)
    await store.dead_letters.put_many([*reversed(letters), other])

    first = await store.kept_letters.page(Selection(tenant="acme"), after=None, limit=3)
    cursor = Cursor(first[-1].letter.first_seen, first[-1].id)
    rest = await store.kept_letters.page(Selection(tenant="acme"), after=cursor, limit=9)

    assert letters == [kept.letter for kept in first + rest]
    everyone = await store.kept_letters.page(Selection(), after=Cursor(1, "dl_2"), limit=9)
    assert ["dl_3", "dl_other", "dl_4", "dl_5"] == [kept.id for kept in everyone]


LETTERS = [
    a_dead_letter("dl_1", first_seen=1),
    a_dead_letter("dl_2", first_seen=2, tenant="other"),
    a_dead_letter("dl_3", first_seen=3, operation="odp.v1.leads", ingestion_id="ing_2"),
    a_dead_letter("dl_4", first_seen=4, code="REQUIRED", ingestion_id="ing_2"),
    a_dead_letter("dl_5", first_seen=5, pointer="/customers/7/name"),
]
CAUSE = fingerprint(LETTERS[0])


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), "12345"),
        (Selection(tenant="acme"), "1345"),
        (Selection(operation="odp.v1.leads"), "3"),
        (Selection(code="REQUIRED", tenant="acme"), "4"),
        (Selection(fingerprint=CAUSE), "125"),
        (Selection(fingerprint=CAUSE, tenant="acme"), "15"),
        (Selection(fingerprint=CAUSE, code="REQUIRED"), ""),
        (Selection(ingestion_id="ing_2"), "34"),
        (Selection(ids=("dl_5", "dl_2", "dl_9")), "25"),
        (Selection(ids=("dl_5", "dl_2"), tenant="acme"), "5"),
        (Selection(since=2, until=4), "234"),
        (Selection(states=(State.DISCARDED,)), ""),
        (Selection(states=tuple(State), since=4), "45"),
        (Selection(tenant="nobody"), ""),
    ],
)
async def test_all_of_a_selection_holds(store: Store, selection: Selection, expected: str) -> None:
    """Page by page, each letter once; and `holds` agrees with the store."""
    await store.dead_letters.put_many(LETTERS)
    found: list[KeptLetter] = []
    after: Cursor | None = None
    while page := await store.kept_letters.page(selection, after=after, limit=2):
        found += page
        after = Cursor(page[-1].letter.first_seen, page[-1].id)

    assert expected == "".join(kept.id.removeprefix("dl_") for kept in found)
    everything = await store.kept_letters.page(Selection(states=tuple(State)), after=None, limit=9)
    assert [kept.id for kept in found] == [kept.id for kept in everything if selection.holds(kept)]


async def test_groups_count_each_cause_exactly(store: Store) -> None:
    """However often a letter is put, and whatever is still open."""
    await store.dead_letters.put_many(LETTERS)
    await store.dead_letters.put_many(LETTERS)

    groups = await store.kept_letters.groups(Selection(tenant="acme"))

    assert [2, 1, 1] == [group.count for group in groups]
    assert ("dl_1", "/customers/*/name", CAUSE) == (
        groups[0].sample.id,
        groups[0].place,
        groups[0].fingerprint,
    )
    [first] = await store.kept_letters.page(Selection(ids=("dl_1",)), after=None, limit=1)
    assert await store.kept_letters.change(first, replace(first, revision=2, state=State.DISCARDED))
    counts = [group.count for group in await store.kept_letters.groups(Selection(fingerprint=CAUSE))]
    assert [1, 1] == counts
    assert [] == await store.kept_letters.groups(Selection(states=(State.RESOLVED,)))
    everything = Selection(states=tuple(State), since=2)
    assert 4 == sum(group.count for group in await store.kept_letters.groups(everything))


async def test_of_two_changes_of_one_revision_one_is_kept(store: Store) -> None:
    """The other is told, and what it would have kept is not."""
    await store.dead_letters.put_many([a_dead_letter("dl_1")])
    before = await store.kept_letters.get("dl_1")
    assert before is not None
    entry = HistoryEntry(1, "ana", "discard", "spam")
    first = replace(before, revision=2, state=State.DISCARDED, history=(entry,))

    assert await store.kept_letters.change(before, first)
    assert not await store.kept_letters.change(before, replace(before, revision=2))

    assert first == await store.kept_letters.get("dl_1")


async def test_an_edit_of_any_size_stays_beside_the_original(store: Store) -> None:
    """25 MiB over 14; put again by the ingestor, it is still there."""
    letter = a_dead_letter("dl_1", body=b"0123456789abcde\n" * (14 * 65536))
    await store.dead_letters.put_many([letter])
    before = await store.kept_letters.get("dl_1")
    assert before is not None

    edited = replace(before, revision=2, edited=b"edcba9876543210\n" * (25 * 65536) + b"end")
    assert edited == await store.kept_letters.change(before, edited)
    await store.dead_letters.put_many([letter])

    assert edited == await store.kept_letters.get("dl_1")
    emptied = replace(edited, revision=3, edited=b"", stored_in_part=True)
    assert emptied == await store.kept_letters.change(edited, emptied)
    assert emptied == await store.kept_letters.get("dl_1")


def test_letters_of_one_cause_share_a_fingerprint() -> None:
    """Whatever record of the batch it was; another code or place is another cause."""
    one = a_dead_letter("1", pointer="/customers/3/contacts/0/v2")

    assert fingerprint(one) == fingerprint(a_dead_letter("2", pointer="/customers/14/contacts/1/v2"))
    assert fingerprint(one) != fingerprint(a_dead_letter("2", pointer="/customers/3/contacts/0/v3"))
    assert fingerprint(one) != fingerprint(replace(one, code="OTHER"))


def test_what_is_done_with_many_letters_is_one_update() -> None:
    """Whenever each was seen: the store commits once for all of them, and not once for each."""
    kept = [KeptLetter(a_dead_letter(f"dl_{n}", last_seen=n), "f") for n in range(9)]
    begun = [replace(one, state=State.REPLAYING, revision=2, job="job_1") for one in kept]

    [shared] = shared_updates(list(zip(kept, begun, strict=True)))

    assert [one.id for one in kept] == shared.ids
