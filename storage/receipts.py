"""Receipts by ingestion id."""

from collections.abc import Iterable, Sequence

from domain.receipts import Receipt, RecordResult
from domain.records import Outcome
from storage.driver import Database, Document

RECEIPTS = "receipts"


class ReceiptRepository:
    """Receipts (domain.ports.ReceiptStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps one document an ingestion in the collection `receipts` of `database`."""
        self._collection = database.collection(RECEIPTS)

    async def get(self, tenant: str, ingestion_id: str) -> Receipt | None:
        """The receipt of the tenant's ingestion, if it has ended."""
        found = await self._collection.find_ids([ingestion_id], within={"tenant": tenant})
        return receipt_of(found[0]) if found else None

    async def get_many(self, ingestion_ids: Iterable[str]) -> dict[str, Receipt]:
        """The receipts among `ingestion_ids`, by id."""
        documents = await self._collection.find_ids(ingestion_ids)
        return {document["_id"]: receipt_of(document) for document in documents}

    async def put_many(self, receipts: Sequence[Receipt]) -> set[int]:
        """Keep each receipt whose ingestion has none yet, and return the places of the others."""
        return await self._collection.insert_missing([_document(receipt) for receipt in receipts])


def _document(receipt: Receipt) -> Document:
    return {
        "_id": receipt.ingestion_id,
        "tenant": receipt.tenant,
        "operation": receipt.operation,
        "body_digest": receipt.body_digest,
        "accepted_at": receipt.accepted_at,
        "done_at": receipt.done_at,
        "counts": {outcome.value: count for outcome, count in receipt.counts.items()},
        "results": [_result_document(result) for result in receipt.results],
    }


def _result_document(result: RecordResult) -> Document:
    return {
        "index": result.index,
        "outcome": result.outcome.value,
        "code": result.code,
        "message": result.message,
        "pointer": result.pointer,
        "record_id": result.record_id,
    }


def receipt_of(document: Document) -> Receipt:
    """The receipt that a document is."""
    return Receipt(
        ingestion_id=document["_id"],
        tenant=document["tenant"],
        operation=document["operation"],
        body_digest=document["body_digest"],
        accepted_at=document["accepted_at"],
        done_at=document["done_at"],
        counts={Outcome(name): count for name, count in document["counts"].items()},
        results=tuple(
            RecordResult(
                index=one["index"],
                outcome=Outcome(one["outcome"]),
                code=one["code"],
                message=one["message"],
                pointer=one["pointer"],
                record_id=one["record_id"],
            )
            for one in document["results"]
        ),
    )
