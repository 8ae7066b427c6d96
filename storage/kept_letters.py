"""Dead letters as operators find and change them."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from domain.dead_letters.entities import Found, Group, HistoryEntry, KeptLetter, Reference, Selection, State
from domain.dead_letters.places import place_of
from domain.reading import Cursor
from domain.receipts import DeadLetter
from storage.dead_letters import DEAD_LETTERS, GROUPS, PARTS, fingerprint, group_documents, part_id
from storage.driver import Database, Document
from storage.letter_changes import edit_parts, operations_of, shared_updates
from storage.letter_marks import LetterMarks
from storage.letter_names import LETTER_NAMES, LetterNames
from storage.letter_search import searched
from storage.pages import Listing, Pager
from storage.server import FEW_IDS

_MANY = 1_000_000_000
"""More letters than there are: counts are exact."""
_MOST_SEARCHED = 2_000
"""Letters that one call of `search` looks at."""


class KeptLetterRepository:
    """Kept dead letters (domain.dead_letters.ports.KeptLetterStore)."""

    def __init__(self, database: Database, names: LetterNames, marks: LetterMarks) -> None:
        """Reads and changes what DeadLetterRepository keeps in `database`, `names` and `marks`."""
        self._names = names
        self._letters = database.collection(DEAD_LETTERS)
        self._parts = database.collection(PARTS)
        self._groups = database.collection(GROUPS)
        self._pager = Pager(self._letters, marks.times)
        self._name_pager = Pager(database.collection(LETTER_NAMES))

    async def get(self, id: str) -> KeptLetter | None:
        """The dead letter `id`, of whatever tenant."""
        found = await self._letters.find_ids([id])
        return (await self._kept_many(found))[0] if found else None

    async def get_many(self, ids: Sequence[str]) -> dict[str, KeptLetter]:
        """Those of `ids` that there are, by id."""
        return {kept.id: kept for kept in await self._kept_many(await self._letters.find_ids(ids))}

    async def page(self, selection: Selection, *, after: Cursor | None, limit: int) -> list[KeptLetter]:
        """At most `limit` of `selection` after `after`, by first-seen time and id, newest last."""
        if selection.ids:
            return await self._page_of_ids(selection, after, limit)
        if selection.is_searched:
            return await self._first_found(selection, after, limit)
        listings = await self._listings(selection)
        return await self._kept_many(await self._pager.read(listings, after=after, limit=limit))

    async def search(self, selection: Selection, *, after: Cursor | None, limit: int) -> Found:
        """At most `limit` of `selection` after `after`; of one that is searched, fewer where as many
        letters were looked at as a call may, and there are more."""
        letters: list[KeptLetter] = []
        if selection.ids or not selection.is_searched:
            letters = await self.page(selection, after=after, limit=limit)
            last = Cursor(letters[-1].letter.first_seen, letters[-1].id) if len(letters) == limit else None
            return Found(tuple(letters), last)
        looked_at = 0
        async with aclosing(self._searched(selection, after)) as places:
            async for place, kept in places:
                looked_at += 1
                if kept is not None:
                    letters.append(kept)
                if len(letters) == limit or looked_at == _MOST_SEARCHED:
                    return Found(tuple(letters), place)
        return Found(tuple(letters), None)

    async def groups(self, selection: Selection) -> list[Group]:
        """The groups that `selection` has letters of, the largest first.

        Each is counted by an index, so that a count is never off, whatever a crash left undone; of a
        selection that is searched, by looking at every letter.
        """
        if selection.is_searched:
            return await self._groups_found(selection)
        wanted = {
            "tenant": selection.tenant,
            "fingerprint": selection.fingerprint,
            "operation": selection.operation,
            "code": selection.code,
        }
        found = await self._groups.find({name: value for name, value in wanted.items() if value is not None})
        groups = [await self._group(document, selection) for document in found]
        return _largest_first(group for group in groups if group is not None)

    async def references(self, selection: Selection, *, after: Cursor | None, limit: int) -> list[Reference]:
        """The same page, without what the letters hold."""
        if selection.ids:
            page = await self._page_of_ids(selection, after, limit)
            return [_reference_to(kept) for kept in page]
        if selection.is_searched:
            found: list[Reference] = []
            async with aclosing(self._searched(selection, after)) as places:
                async for _, kept in places:
                    found += [_reference_to(kept)] if kept is not None else []
                    if len(found) == limit:
                        break
            return found
        listings = await self._listings(selection)
        names = ("revision", "size", "first_seen")
        documents = await self._pager.read(listings, after=after, limit=limit, projection=names)
        return [Reference(one["_id"], *(one[name] for name in names)) for one in documents]

    async def change(self, before: KeptLetter, after: KeptLetter) -> KeptLetter | None:
        """`after` as it is kept, under the fingerprint of its reason; None, and nothing changed, where
        the letter has another revision than `before`."""
        [changed] = await self.change_many([(before, after)])
        return changed

    async def change_many(self, changes: Sequence[tuple[KeptLetter, KeptLetter]]) -> list[KeptLetter | None]:
        """The same for each pair of `changes`, which are of different letters, all at once."""
        kept = [replace(after, fingerprint=fingerprint(after.letter)) for _, after in changes]
        moved = [
            after.letter
            for (before, _), after in zip(changes, kept, strict=True)
            if after.fingerprint != before.fingerprint
        ]
        await self._groups.insert_missing(group_documents(moved))
        edited = [after for before, after in changes if after.edited is not before.edited]
        await self._parts.insert_missing([part for after in edited for part in edit_parts(after)])
        await self._names.add([after for after in edited if after.edited is not None])
        mark = secrets.token_hex(8)
        pairs = [(before, after) for (before, _), after in zip(changes, kept, strict=True)]
        updates = operations_of(shared_updates(pairs), mark, FEW_IDS)
        done = await self._letters.write(updates)
        if done.matched == len(changes):
            return list(kept)
        found = await self._letters.find_ids([after.id for after in kept], projection=["mark"])
        changed = {one["_id"] for one in found if one.get("mark") == mark}
        return [after if after.id in changed else None for after in kept]

    async def _listings(self, selection: Selection) -> list[Listing]:
        tenants = [selection.tenant]
        if selection.fingerprint is not None and selection.tenant is None:
            groups = await self._groups.find({"fingerprint": selection.fingerprint})
            tenants = [group["tenant"] for group in groups]
        return listings_of(selection, tenants)

    async def _page_of_ids(self, selection: Selection, after: Cursor | None, limit: int) -> list[KeptLetter]:
        places = await self._letters.find_ids(selection.ids, projection=["first_seen"])
        rest = sorted(
            place
            for one in places
            if (place := Cursor(one["first_seen"], one["_id"])) > (after or Cursor(-1, ""))
        )
        found: list[KeptLetter] = []
        for place in rest:
            kept = await self.get(place.id)
            if kept is not None and selection.holds(kept) and await self._names.holds(selection, kept):
                found.append(kept)
            if len(found) == limit:
                break
        return found

    def _searched(
        self, selection: Selection, after: Cursor | None
    ) -> AsyncGenerator[tuple[Cursor, KeptLetter | None], None]:
        """Every place that may be meant, in order, with the letter there if it is."""

        async def places(after: Cursor | None, limit: int) -> list[Document]:
            names = ("first_seen", "size")
            if selection.customer is None:
                listings = await self._listings(selection)
                return await self._pager.read(listings, after=after, limit=limit, projection=names)
            listings = self._names.listings(selection, await self._tenants(selection))
            return await self._name_pager.read(listings, after=after, limit=limit, projection=names[:1])

        return searched(selection, places, self.get_many, after)

    async def _tenants(self, selection: Selection) -> list[str]:
        """Every tenant that has letters, or the one that is selected."""
        if selection.tenant is not None:
            return [selection.tenant]
        return [group["tenant"] for group in await self._groups.find({}, projection=["tenant"])]

    async def _first_found(self, selection: Selection, after: Cursor | None, limit: int) -> list[KeptLetter]:
        found: list[KeptLetter] = []
        async with aclosing(self._searched(selection, after)) as places:
            async for _, kept in places:
                found += [kept] if kept is not None else []
                if len(found) == limit:
                    break
        return found

    async def _groups_found(self, selection: Selection) -> list[Group]:
        found: dict[tuple[str, str], Group] = {}
        async with aclosing(self._searched(selection, None)) as places:
            async for _, kept in places:
                if kept is None:
                    continue
                key = (kept.letter.tenant, kept.fingerprint)
                group = found.get(key) or _group_of(kept)
                found[key] = replace(group, count=group.count + 1)
        return _largest_first(found.values())

    async def _group(self, document: Document, selection: Selection) -> Group | None:
        tenant, fingerprint = document["tenant"], document["fingerprint"]
        listings = listings_of(selection, [tenant], fingerprint)
        counts = await asyncio.gather(*(self._letters.count(one.filter, _MANY) for one in listings))
        oldest = await self._pager.read(listings, after=None, limit=1)
        if not oldest:
            return None
        return Group(
            tenant=tenant,
            fingerprint=fingerprint,
            operation=document["operation"],
            stage=document["stage"],
            code=document["code"],
            place=document["place"],
            count=sum(counts),
            sample=(await self._kept_many(oldest))[0],
        )

    async def _kept_many(self, documents: Sequence[Document]) -> list[KeptLetter]:
        ids = [id for document in documents for id in (*_body_parts(document), *document["edit"])]
        parts = {part["_id"]: part["body"] for part in await self._parts.find_ids(ids)} if ids else {}
        return [_kept(document, parts) for document in documents]


def listings_of(
    selection: Selection, tenants: Sequence[str | None], fingerprint: str | None = None
) -> list[Listing]:
    """A range of an index for each state and tenant that is selected; None is any tenant."""
    equal = {
        "operation": selection.operation,
        "code": selection.code,
        "fingerprint": fingerprint or selection.fingerprint,
        "ingestion_id": selection.ingestion_id,
    }
    return [
        Listing(
            {
                name: value
                for name, value in {**equal, "tenant": tenant, "state": state.value}.items()
                if value is not None
            },
            "first_seen",
            above=None if selection.since is None else selection.since - 1,
            until=selection.until,
        )
        for tenant in tenants
        for state in dict.fromkeys(selection.states)
    ]


def _largest_first(groups: Iterable[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (-group.count, group.tenant, group.fingerprint))


def _group_of(kept: KeptLetter) -> Group:
    """The group of `kept`, as yet without a letter."""
    letter = kept.letter
    return Group(
        tenant=letter.tenant,
        fingerprint=kept.fingerprint,
        operation=letter.operation,
        stage=letter.stage,
        code=letter.code,
        place=place_of(letter.pointer),
        count=0,
        sample=kept,
    )


def _body_parts(document: Document) -> list[str]:
    return [part_id(document["_id"], number) for number in range(document["parts"])]


def _reference_to(kept: KeptLetter) -> Reference:
    size = len(kept.letter.body) + len(kept.edited or b"")
    return Reference(kept.id, kept.revision, size, kept.letter.first_seen)


def _kept(document: Document, parts: Mapping[str, bytes]) -> KeptLetter:
    body = document["body"] + b"".join(parts[id] for id in _body_parts(document))
    edited = b"".join(parts[id] for id in document["edit"]) if document["edited"] else None
    letter = DeadLetter(
        id=document["_id"],
        tenant=document["tenant"],
        operation=document["operation"],
        ingestion_id=document["ingestion_id"],
        index=document["index"],
        stage=document["stage"],
        code=document["code"],
        message=document["message"],
        pointer=document["pointer"],
        body=body,
        headers=dict(document["headers"]),
        attempts=document["attempts"],
        records=document["records"],
        accepted_at=document["accepted_at"],
        first_seen=document["first_seen"],
        last_seen=document["last_seen"],
        attempted_at=tuple(document["attempted_at"]),
    )
    return KeptLetter(
        letter=letter,
        fingerprint=document["fingerprint"],
        state=State(document["state"]),
        revision=document["revision"],
        history=tuple(HistoryEntry(**entry) for entry in document["history"]),
        edited=edited,
        stored_in_part=document["stored_in_part"],
        job=document["job"],
    )
