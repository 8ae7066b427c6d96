"""The audit of what operators do: appended to, never changed."""

from collections.abc import Sequence

from domain.dead_letters.entities import AuditEntry
from storage.driver import Database, Document
from storage.flat import fields_of

AUDIT = "audit"


class AuditRepository:
    """The audit (domain.dead_letters.ports.AuditStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps one document an entry in `audit` of `database`."""
        self._collection = database.collection(AUDIT)

    async def append(self, entries: Sequence[AuditEntry]) -> None:
        """Keep all, for good."""
        await self._collection.insert_missing([_document(entry) for entry in entries])


def _document(entry: AuditEntry) -> Document:
    fields = fields_of(entry)
    return {"_id": fields.pop("id"), **fields}
