"""Dead letters as operators find and change them."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from domain.dead_letters.entities import Group, HistoryEntry, KeptLetter, Selection, State
from domain.reading import Cursor
from domain.receipts import DeadLetter
from storage.dead_letters import (
    DEAD_LETTERS,
    GROUPS,
    PARTS,
    fingerprint,
    group_documents,
    part_id,
    parts_of,
    reason_document,
)
from storage.driver import Database, Document
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
        return await self._kept(found[0]) if found else None

    async def page(self, selection: Selection, *, after: Cursor | None, limit: int) -> list[KeptLetter]:
        """At most `limit` of `selection` after `after`, by first-seen time and id, newest last."""
        if selection.ids:
            return await self._page_of_ids(selection, after, limit)
        tenants = [selection.tenant]
        if selection.fingerprint is not None and selection.tenant is None:
            groups = await self._groups.find({"fingerprint": selection.fingerprint})
            tenants = [group["tenant"] for group in groups]
        documents = await self._pager.read(listings_of(selection, tenants), after=after, limit=limit)
        return [await self._kept(document) for document in documents]

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

    async def change(self, before: KeptLetter, after: KeptLetter) -> KeptLetter | None:
        """`after` as it is kept, under the fingerprint of its reason; None, and nothing changed, where
        the letter has another revision than `before`."""
        cause = fingerprint(after.letter)
        if cause != before.fingerprint:
            await self._groups.insert_missing(group_documents([after.letter]))
        await self._parts.insert_missing(_edit_parts(after))
        changed = await self._letters.update_one(
            {"_id": before.id, "revision": before.revision},
            {
                "$set": {
                    **reason_document(after.letter),
                    "fingerprint": cause,
                    "state": after.state.value,
                    "revision": after.revision,
                    "history": [_entry_document(entry) for entry in after.history],
                    "edit": [part["_id"] for part in _edit_parts(after)],
                    "edited": after.edited is not None,
                    "stored_in_part": after.stored_in_part,
                },
                "$max": {"attempts": after.letter.attempts, "last_seen": after.letter.last_seen},
            },
        )
        return replace(after, fingerprint=cause) if changed else None

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
            sample=await self._kept(oldest[0]),
        )

    async def _kept(self, document: Document) -> KeptLetter:
        ids = [part_id(document["_id"], number) for number in range(document["parts"])]
        body = document["body"] + await self._joined(ids)
        edited = await self._joined(document["edit"]) if document["edited"] else None
        return _kept(document, body, edited)

    async def _joined(self, ids: Sequence[str]) -> bytes:
        parts = {part["_id"]: part["body"] for part in await self._parts.find_ids(ids)} if ids else {}
        return b"".join(parts[id] for id in ids)


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


def _kept(document: Document, body: bytes, edited: bytes | None) -> KeptLetter:
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
    )


def _edit_parts(kept: KeptLetter) -> list[Document]:
    """The parts of an edit, called by its content: of two editors at once neither gets the other's."""
    if kept.edited is None:
        return []
    name = f"{kept.id}/{hashlib.sha256(kept.edited).hexdigest()}"
    return parts_of(name, kept.edited)


def _entry_document(entry: HistoryEntry) -> Document:
    return {"at": entry.at, "actor": entry.actor, "action": entry.action, "detail": entry.detail}
