"""Stored records of all entities: the write side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from domain.reading import Rendering
from domain.records import Entity, Fault, Stored, Write
from domain.slices import in_slices
from storage.bulk import BulkOperation, Encoded, Insert, Replace
from storage.documents import COLLECTIONS, to_document, to_record
from storage.driver import Database
from storage.errors import NotStorableError
from storage.together import write_together

NOT_STORABLE = "NOT_STORABLE"
"""Code of the fault of a record that the store can never hold."""


@dataclass(slots=True)
class BulkWriteResult:
    """What became of a bulk of conditional writes (domain.ports.WriteResult)."""

    lost: set[str] = field(default_factory=set)
    refused: dict[str, Fault] = field(default_factory=dict)


class RecordRepository:
    """Stored records of all entities (domain.ports.RecordStore)."""

    def __init__(self, database: Database, rendering: Rendering | None = None) -> None:
        """Keeps each entity in its own collection of `database`, each record with its `rendering`."""
        self._rendering = rendering
        self._collections = {entity: database.collection(name) for entity, name in COLLECTIONS.items()}

    async def get_many(self, entity: Entity, ids: Iterable[str]) -> dict[str, Stored]:
        """The stored records among `ids`, by id."""
        documents = await self._collections[entity].find_ids(ids)
        return {document["_id"]: to_record(entity, document) for document in documents}

    async def write_many(self, entity: Entity, writes: Sequence[Write]) -> BulkWriteResult:
        """Write all, each on its own condition, journaled by a majority before it returns.

        Raises StoreUnavailableError; any of the records may have been written then.
        """
        result = BulkWriteResult()
        ids: list[str] = []
        operations: list[BulkOperation] = []
        async for write in in_slices(writes):
            try:
                operations.append(self._operation(write))
            except NotStorableError as error:
                result.refused[write.record.id] = Fault(NOT_STORABLE, str(error))
            else:
                ids.append(write.record.id)
        bulk = await write_together(self._collections[entity], operations)
        result.lost.update(ids[index] for index in bulk.duplicates)
        for index, code in bulk.refused.items():
            result.refused[ids[index]] = Fault(NOT_STORABLE, f"the store cannot hold the record, code {code}")
        return result

    def _operation(self, write: Write) -> BulkOperation:
        """A write whose condition, where it does not hold, shows as a duplicate `_id`.

        A replacement inserts where its filter finds nothing, and a document with another revision
        has the same `_id`: the one way in which a bulk names the operations that did not apply.
        """
        document = Encoded(to_document(write.record, self._rendering))
        if write.expected_revision is None:
            return Insert(document)
        return Replace({"_id": write.record.id, "revision": write.expected_revision}, document)
