"""Dead letters as operators find and change them."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace

from domain.dead_letters.entities import Group, HistoryEntry, KeptLetter, Reference, Selection, State
from domain.reading import Cursor
from domain.receipts import DeadLetter
from storage.dead_letters import DEAD_LETTERS, GROUPS, PARTS, fingerprint, group_documents, part_id
from storage.driver import IDS_A_CALL, Database, Document
from storage.letter_changes import edit_parts, operations_of, shared_updates
from storage.pages import Listing, Pager

_MANY = 1_000_000_000
"""More letters than there are: counts are exact."""


class KeptLetterRepository:
    """Kept dead letters (domain.dead_letters.ports.KeptLetterStore)."""

    def __init__(self, database: Database) -> None:
        """Reads and changes what DeadLetterRepository keeps in `database`."""
        self._letters = database.collection(DEAD_LETTERS)
        self._parts = database.collection(PARTS)
        self._groups = database.collection(GROUPS)
        self._pager = Pager(self._letters)

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
        listings = await self._listings(selection)
        return await self._kept_many(await self._pager.read(listings, after=after, limit=limit))

    async def groups(self, selection: Selection) -> list[Group]:
        """The groups that `selection` has letters of, the largest first.

        Each is counted by an index, so that a count is never off, whatever a crash left undone.
        """
        wanted = {
            "tenant": selection.tenant,
            "fingerprint": selection.fingerprint,
            "operation": selection.operation,
            "code": selection.code,
        }
        found = await self._groups.find({name: value for name, value in wanted.items() if value is not None})
        groups = [await self._group(document, selection) for document in found]
        return sorted(
            (group for group in groups if group is not None),
            key=lambda group: (-group.count, group.tenant, group.fingerprint),
        )

    async def references(self, selection: Selection, *, after: Cursor | None, limit: int) -> list[Reference]:
        """The same page, without what the letters hold."""
        if selection.ids:
            page = await self._page_of_ids(selection, after, limit)
            return [_reference_to(kept) for kept in page]
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
        mark = secrets.token_hex(8)
        updates = operations_of(shared_updates(changes), mark, IDS_A_CALL)
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
            if kept is not None and selection.holds(kept):
                found.append(kept)
            if len(found) == limit:
                break
        return found

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
