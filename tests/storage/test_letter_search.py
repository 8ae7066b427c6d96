"""Dead letters found by a customer and by a text."""

import json
from dataclasses import replace
from typing import Any

from domain.dead_letters.entities import Found, KeptLetter, Selection, State
from domain.dead_letters.one_tenant import OneTenant
from domain.reading import Cursor
from domain.receipts import DeadLetter
from storage.driver import Database
from storage.letter_names import LETTER_NAMES, LetterNames
from storage.store import Store
from tests.storage.builders import a_dead_letter

MARIA = {
    "id": "customer-7",
    "externalIds": ["app:123"],
    "contacts": {"email": "Maria@Example.com", "phone": "(11) 99999-0000"},
}


def a_letter(number: int, body: Any, **changes: Any) -> DeadLetter:
    """A dead letter with a JSON body."""
    return a_dead_letter(f"dl_{number}", first_seen=number, body=json.dumps(body).encode(), **changes)


async def found(store: Store, selection: Selection, limit: int = 2) -> list[str]:
    """The ids of a selection, page by page; its references and groups are of the same letters."""
    letters: list[KeptLetter] = []
    after: Cursor | None = None
    while page := await store.kept_letters.page(selection, after=after, limit=limit):
        letters += page
        after = Cursor(page[-1].letter.first_seen, page[-1].id)
    references = await store.kept_letters.references(selection, after=None, limit=99)
    assert [kept.id for kept in letters] == [one.id for one in references]
    searched = await store.kept_letters.search(selection, after=None, limit=99)
    assert Found(tuple(letters), None) == searched
    if not selection.ids:
        groups = await store.kept_letters.groups(selection)
        assert len(letters) == sum(group.count for group in groups)
    return [kept.id for kept in letters]


LETTERS = [
    a_letter(1, MARIA),
    a_letter(2, {"orderId": "o-1", "customerId": "customer-7"}, operation="odp.v1.orders"),
    a_letter(3, {"customers": [{"id": "x"}, MARIA]}, index=None, code="OTHER"),
    a_letter(4, MARIA, tenant="other"),
    a_letter(5, {"id": "customer-8", "name": "Jo\u00e3o", "contacts": {"email": "joao@example.com"}}),
    replace(a_letter(6, {}), body=b'{"id": "customer-7", "email": "maria@example.com", oops'),
    a_letter(7, {"name": "customer-7 (11) 99999-0000"}),
]


CASES = [
    (Selection(customer="maria@example.com"), "1346"),
    (Selection(customer=" MARIA@example.com", tenant="acme"), "136"),
    (Selection(customer="email:maria@example.com", tenant="other"), "4"),
    (Selection(customer="+55 11 99999-0000", tenant="acme"), "13"),
    (Selection(customer="11999990000", code="OTHER"), "3"),
    (Selection(customer="app:123", tenant="acme"), "13"),
    (Selection(customer="123", since=2, until=3), "3"),
    (Selection(customer="Customer-7", tenant="acme"), "1236"),
    (Selection(customer="customer-7", operation="odp.v1.orders"), "2"),
    (Selection(customer="customer-7", ids=("dl_2", "dl_5")), "2"),
    (Selection(customer="customer-7", states=(State.DISCARDED,)), ""),
    (Selection(customer="o-1"), ""),
    (Selection(customer="nobody@example.com"), ""),
    (Selection(customer="maria@example.com", text="OOPS"), "6"),
    (Selection(text="JOÃO"), "5"),
    (Selection(text="customer-7", tenant="acme"), "12367"),
    (Selection(text="customer-7", tenant="acme", since=3, until=6), "36"),
    (Selection(text="customer-7", ids=("dl_5", "dl_7")), "7"),
    (Selection(text="no such text"), ""),
]


async def test_a_customer_or_a_text_finds_its_letters(store: Store) -> None:
    """However they are written, and whether the payload is good JSON or not."""
    await store.dead_letters.put_many(LETTERS)

    for selection, expected in CASES:
        assert [f"dl_{number}" for number in expected] == await found(store, selection), selection


async def test_an_edit_is_found_by_what_it_names_and_what_it_replaced(store: Store) -> None:
    """Both the original and the newest payload name customers, and have texts."""
    await store.dead_letters.put_many([a_letter(1, MARIA)])
    before = await store.kept_letters.get("dl_1")
    assert before is not None
    edited = json.dumps({**MARIA, "id": "customer-9"}).encode()

    assert await store.kept_letters.change(before, replace(before, revision=2, edited=edited))

    for name in ("customer-7", "customer-9"):
        assert ["dl_1"] == await found(store, Selection(customer=name))
        assert ["dl_1"] == await found(store, Selection(text=name))


async def test_an_operator_of_one_tenant_finds_nothing_of_others(store: Store) -> None:
    """Whatever is asked for."""
    await store.dead_letters.put_many(LETTERS)
    own = OneTenant(store.kept_letters, "other")

    for selection in (Selection(customer="customer-7"), Selection(text="customer-7")):
        seen = await own.search(selection, after=None, limit=99)
        assert ["dl_4"] == [kept.id for kept in seen.letters]
        foreign = replace(selection, tenant="acme")
        assert Found((), None) == await own.search(foreign, after=None, limit=99)


async def test_a_search_looks_at_so_many_letters_and_says_where_it_is(store: Store) -> None:
    """A needle behind 2,000 letters takes a second call, and a page takes none."""
    hay = [a_dead_letter(f"dl_{number:04d}", first_seen=number // 9) for number in range(2_050)]
    await store.dead_letters.put_many([*hay, a_letter(999_999, {"name": "needle"})])
    needle = Selection(text="needle")

    first = await store.kept_letters.search(needle, after=None, limit=5)
    second = await store.kept_letters.search(needle, after=first.next, limit=5)

    assert ((), Cursor(1_999 // 9, "dl_1999")) == (first.letters, first.next)
    assert ["dl_999999"] == [kept.id for kept in second.letters]
    assert 1 == len(await store.kept_letters.page(needle, after=None, limit=5))


async def test_customers_are_found_from_an_index_that_names_none(store: Store, database: Database) -> None:
    """The server's own plan says so; and nothing of a customer is in what is indexed."""
    await store.dead_letters.put_many(LETTERS)
    collection = database.collection(LETTER_NAMES)
    selection = Selection(customer="maria@example.com", since=1, until=9)

    [listing] = LetterNames(database).listings(selection, ["acme"])
    plans = [
        await collection.explain(filter, sort=listing.sort, limit=5)
        for filter in (listing.filter, listing.at_time_of(Cursor(3, "dl_3")), listing.within)
    ]

    for plan in plans:
        assert "by_name" in str(plan["queryPlanner"]["winningPlan"])
        assert "COLLSCAN" not in str(plan)
    kept = str(await collection.find({})).lower()
    assert not [word for word in ("maria", "99999", "customer-7", "app") if word in kept]


async def test_what_is_deleted_or_erased_is_found_by_nobody(store: Store, database: Database) -> None:
    """What is left of a letter still finds it."""
    await store.dead_letters.put_many(LETTERS)

    others = json.dumps({"customers": [{"id": "x"}]}).encode()
    for letter, left in ((LETTERS[0], None), (LETTERS[2], others)):
        await store.traces.empty_letter(letter, left, "ana", 9)

    assert ["dl_6"] == await found(store, Selection(customer="maria@example.com", tenant="acme"))
    assert ["dl_3"] == await found(store, Selection(customer="x"))
    await store.retention.forget_letters(State.OPEN, 99, None)
    assert [] == await database.collection(LETTER_NAMES).find({})
