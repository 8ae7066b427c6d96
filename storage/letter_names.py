"""Which dead letters name which customers: digests alone, so that an index holds nobody's name."""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence

from domain.dead_letters.entities import KeptLetter, Selection
from domain.dead_letters.names import DEFAULT_REGION, name_typed, names_in
from domain.receipts import DeadLetter
from storage.bulk import Update
from storage.driver import Database, Document
from storage.pages import Listing
from storage.server import FEW_IDS

LETTER_NAMES = "dead_letter_names"

_AT_ONCE = 64 * 1024
"""Bytes of payloads that are read for names without leaving the event loop."""


class LetterNames:
    """The names in the payloads of dead letters, one document a letter, beside them: an index of many
    entries a letter on the letters themselves would make each of their changes slower."""

    def __init__(self, database: Database, phone_region: str = DEFAULT_REGION) -> None:
        """Keeps them in `dead_letter_names` of `database`; `phone_region` is the country (ISO 3166-1
        alpha-2) of phone numbers written without one."""
        self._names = database.collection(LETTER_NAMES)
        self._region = phone_region

    async def put(self, letters: Sequence[DeadLetter]) -> None:
        """Keep the names in letters that may be kept already."""
        digests = await self._digests([(letter, letter.body) for letter in letters])
        await self._names.insert_missing(
            [
                {"_id": letter.id, "first_seen": letter.first_seen, "names": names}
                for letter, names in zip(letters, digests, strict=True)
                if names
            ]
        )

    async def add(self, edited: Sequence[KeptLetter]) -> None:
        """Keep the names in edits, too: those in the original still find the letter."""
        digests = await self._digests([(kept.letter, kept.payload) for kept in edited])
        named = [(kept, names) for kept, names in zip(edited, digests, strict=True) if names]
        places: list[Document] = [
            {"_id": kept.id, "first_seen": kept.letter.first_seen, "names": []} for kept, _ in named
        ]
        await self._names.insert_missing(places)
        await self._names.write(
            [Update({"_id": kept.id}, {"$addToSet": {"names": {"$each": names}}}) for kept, names in named]
        )

    async def forget(self, letter_ids: Sequence[str]) -> None:
        """Forget whom letters name."""
        for start in range(0, len(letter_ids), FEW_IDS):
            some = list(letter_ids[start : start + FEW_IDS])
            await self._names.delete_many({"_id": {"$in": some}})

    def listings(self, selection: Selection, tenants: Iterable[str]) -> list[Listing]:
        """The letters of `tenants` that name the customer of `selection`, within its times."""
        return [
            Listing(
                {"names": digest_of(tenant, name_typed(selection.customer or ""))},
                "first_seen",
                above=None if selection.since is None else selection.since - 1,
                until=selection.until,
            )
            for tenant in dict.fromkeys(tenants)
        ]

    async def holds(self, selection: Selection, kept: KeptLetter) -> bool:
        """Whether `kept` names the customer of `selection`, if that has one."""
        if selection.customer is None:
            return True
        wanted = digest_of(kept.letter.tenant, name_typed(selection.customer))
        return any(wanted in one["names"] for one in await self._names.find_ids([kept.id]))

    async def _digests(self, payloads: Sequence[tuple[DeadLetter, bytes]]) -> list[list[str]]:
        """Those of each payload; in a thread where they are long, as another's front door may wait."""
        if sum(len(payload) for _, payload in payloads) <= _AT_ONCE:
            return [_digests_of(letter, payload, self._region) for letter, payload in payloads]
        return await asyncio.to_thread(
            lambda: [_digests_of(letter, payload, self._region) for letter, payload in payloads]
        )


def digest_of(tenant: str, name: str) -> str:
    """What stands for a name of a tenant's customer."""
    return hashlib.sha256(f"{tenant}\x1f{name}".encode("utf-8", "backslashreplace")).hexdigest()[:24]


def _digests_of(letter: DeadLetter, payload: bytes, region: str) -> list[str]:
    names = names_in(letter.operation, payload, region)
    return sorted(digest_of(letter.tenant, name) for name in names)
