"""The ledger's rows, and its recount from the receipts."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict

from domain.ledger.rows import MINUTE, Aside, Bucket, LedgerRow
from storage.bulk import Encoded, Replace
from storage.driver import Database, Document
from storage.receipts import RECEIPTS

LEDGER = "ledger"
LEDGER_ASIDES = "ledger_asides"
_SLICE = 10_000
"""Milliseconds of receipts that are read at a time."""


class LedgerRepository:
    """The ledger (domain.ledger.rows.LedgerStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps rows in `ledger` and asides in `ledger_asides`, and counts again from `receipts`."""
        self._rows = database.collection(LEDGER)
        self._asides = database.collection(LEDGER_ASIDES)
        self._receipts = database.collection(RECEIPTS)

    async def put_many(self, rows: Sequence[LedgerRow]) -> None:
        """Keep all, each in place of what its writer wrote in its bucket before."""
        await self._rows.write([Replace({"_id": row.id}, Encoded(_document(row))) for row in rows])

    async def keep_asides(self, asides: Sequence[Aside]) -> list[Aside]:
        """Keep those that are not kept yet, and return them."""
        kept_before = await self._asides.insert_missing([_aside_document(one) for one in asides])
        return [one for place, one in enumerate(asides) if place not in kept_before]

    async def changed_since(self, at: int) -> list[LedgerRow]:
        """The rows that changed after `at`."""
        return [_row(document) for document in await self._rows.find({"changed_at": {"$gt": at}})]

    async def within(self, since: int, until: int, tenant: str | None = None) -> list[LedgerRow]:
        """The rows of the minutes from `since` on and before `until`."""
        own = {} if tenant is None else {"tenant": tenant}
        documents = await self._rows.find({**own, "minute": {"$gte": since, "$lt": until}})
        return [_row(document) for document in documents]

    async def recount(self, minute: int) -> dict[Bucket, Counter[str]]:
        """The outcomes of what was accepted in the minute that begins at `minute`, counted from receipts
        and asides."""
        counted: defaultdict[Bucket, Counter[str]] = defaultdict(Counter)
        for start in range(minute, minute + MINUTE, _SLICE):
            here = {"accepted_at": {"$gte": start, "$lt": start + _SLICE}}
            receipts, asides = await asyncio.gather(
                self._receipts.find(here, projection=["tenant", "operation", "counts"]),
                self._asides.find(here, projection=["tenant", "operation", "outcome", "records"]),
            )
            for one in receipts:
                counted[Bucket(minute, one["tenant"], one["operation"])].update(one["counts"])
            for one in asides:
                counted[Bucket(minute, one["tenant"], one["operation"])][one["outcome"]] += one["records"]
        return {bucket: +counts for bucket, counts in counted.items()}

    async def forget(self, before: int) -> None:
        """Delete the rows and asides of the minutes before `before`."""
        await self._rows.delete_many({"minute": {"$lt": before}})
        await self._asides.delete_many({"accepted_at": {"$lt": before}})


def _aside_document(aside: Aside) -> Document:
    fields = asdict(aside)
    return {"_id": fields.pop("id"), **fields}


def _document(row: LedgerRow) -> Document:
    bucket = row.bucket
    return {
        "_id": row.id,
        "minute": bucket.minute,
        "tenant": bucket.tenant,
        "operation": bucket.operation,
        "writer": row.writer,
        "changed_at": row.changed_at,
        "accepted": row.accepted,
        "outcomes": dict(row.outcomes),
        "unexplained": row.unexplained,
        "lag_total": row.lag_total,
        "lag_max": row.lag_max,
    }


def _row(document: Document) -> LedgerRow:
    return LedgerRow(
        Bucket(document["minute"], document["tenant"], document["operation"]),
        document["writer"],
        document["changed_at"],
        document["accepted"],
        document["outcomes"],
        document["unexplained"],
        document["lag_total"],
        document["lag_max"],
    )
