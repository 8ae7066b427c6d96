"""What is kept of people, found and deleted; and the erasures under way."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from domain.dead_letters.entities import HistoryEntry, State
from domain.dead_letters.places import without_values
from domain.deliveries import Delivery
from domain.privacy.entities import ErasureJob
from domain.privacy.person import Person
from domain.privacy.ports import HeldKey
from domain.reading import Cursor
from domain.receipts import DeadLetter, Receipt
from domain.records import Entity
from storage.bulk import Encoded, Replace, Update
from storage.dead_letters import DEAD_LETTERS, PART, PARTS, parts_of, scrubbed
from storage.dedupe import DEDUPE_CANDIDATES
from storage.deliveries import DELIVERIES, delivery_of
from storage.documents import COLLECTIONS
from storage.driver import Collection, Database, Document
from storage.identities import IDENTITIES, held_by, is_shared, key_of
from storage.letter_names import LetterNames
from storage.loyalty import LOYALTY_LEDGER
from storage.pages import Listing, Pager
from storage.receipts import RECEIPTS, receipt_of
from storage.server import FEW_IDS

ERASURE_JOBS = "erasure_jobs"

_EVER = -62_135_596_800_001
"""Before the year 1: a bound that is no bound, so that pages are read in windows from the first on."""


class TraceRepository:
    """Traces of people (domain.privacy.ports.TraceStore)."""

    def __init__(self, database: Database, names: LetterNames) -> None:
        """Works on what the other repositories keep in `database`, and on the `names` in dead letters."""
        self._names = names
        self._records = {entity: database.collection(name) for entity, name in COLLECTIONS.items()}
        self._identities = database.collection(IDENTITIES)
        self._candidates = database.collection(DEDUPE_CANDIDATES)
        self._points = database.collection(LOYALTY_LEDGER)
        self._deliveries = database.collection(DELIVERIES)
        self._letters = database.collection(DEAD_LETTERS)
        self._parts = database.collection(PARTS)
        self._receipts = database.collection(RECEIPTS)
        self._delivery_pages = Pager(self._deliveries)
        self._receipt_pages = Pager(self._receipts)

    async def keys_of(self, tenant: str, owner_id: str) -> list[HeldKey]:
        """Every identity key that leads, or first led, to a customer or lead."""
        found = await self._identities.find(held_by(tenant, owner_id))
        return sorted(HeldKey(key_of(one), is_shared(one)) for one in found)

    async def deliveries(self, *, after: Cursor | None, limit: int) -> list[Delivery]:
        """Deliveries of all tenants, by when their facts were made."""
        listing = Listing({}, "made_at", above=_EVER)
        found = await self._delivery_pages.read([listing], after=after, limit=limit)
        return [delivery_of(document) for document in found]

    async def receipts(self, *, after: Cursor | None, limit: int) -> list[Receipt]:
        """Receipts of all tenants, by when their ingestions were accepted."""
        listing = Listing({}, "accepted_at", above=_EVER)
        found = await self._receipt_pages.read([listing], after=after, limit=limit)
        return [receipt_of(document) for document in found]

    async def with_parts(self, letter_ids: Sequence[str]) -> set[str]:
        """Those dead letters that have more than the beginning of a body: edits, replaced ones too."""
        return {
            part["letter"]
            for start in range(0, len(letter_ids), FEW_IDS)
            for part in await self._parts.find(
                {"letter": {"$in": list(letter_ids[start : start + FEW_IDS])}}, projection=["letter"]
            )
        }

    async def parts(self, letter_id: str) -> list[bytes]:
        """What they have more."""
        return [one["body"] for one in await self._parts.find({"letter": letter_id})]

    async def forget_keys(self, tenant: str, owner_ids: Iterable[str]) -> None:
        """Delete the identity keys of customers or leads."""
        for owner_id in owner_ids:
            await self._identities.delete_many(held_by(tenant, owner_id))

    async def forget_records(self, entity: Entity, ids: Iterable[str]) -> None:
        """Delete records, with their outboxes."""
        await _delete(self._records[entity], ids)

    async def forget_candidates(self, ids: Iterable[str]) -> None:
        """Delete dedupe candidates."""
        await _delete(self._candidates, ids)

    async def forget_points(self, tenant: str, customer_id: str) -> None:
        """Delete the loyalty ledger of a customer."""
        await self._points.delete_many({"tenant": tenant, "customer_id": customer_id})

    async def forget_deliveries(self, ids: Iterable[str]) -> None:
        """Delete deliveries that wait."""
        await _delete(self._deliveries, ids)

    async def empty_letter(self, letter: DeadLetter, body: bytes | None, actor: str, now: int) -> None:
        """Put `body` in place of all that a dead letter ever held; with None it is discarded for good."""
        whole = body or b""
        change: Document = {
            "body": whole[:PART],
            "parts": 0,
            "size": len(whole),
            "edit": [],
            "edited": False,
            "headers": [],
            "pointer": scrubbed(without_values(letter.pointer)),
            **({"state": State.DISCARDED.value} if body is None else {}),
        }
        entry = HistoryEntry(now, actor, "erase", "what it held of an erased person was taken out")
        left = {"$set": change, "$inc": {"revision": 1}, "$push": {"history": asdict(entry)}}
        await self._names.forget([letter.id])
        await self._blank_pointers(letter)
        # Without a word of its parts before they go: cut short, it is found again by what they hold.
        await self._letters.write([Update({"_id": letter.id}, left)])
        await self._parts.delete_many({"letter": letter.id})
        if parts := parts_of(letter.id, whole[PART:]):
            await self._parts.insert_missing(parts)
            await self._letters.write([Update({"_id": letter.id}, {"$set": {"parts": len(parts)}})])
        if body is not None:
            await self._names.put([replace(letter, body=body)])

    async def _blank_pointers(self, letter: DeadLetter) -> None:
        """Take what a sender wrote out of the places of faults in the receipt that tells of a dead letter."""
        if letter.pointer == without_values(letter.pointer):
            return
        for document in await self._receipts.find_ids([letter.ingestion_id]):
            results = [{**one, "pointer": without_values(one["pointer"])} for one in document["results"]]
            await self._receipts.write([Update({"_id": letter.ingestion_id}, {"$set": {"results": results}})])

    async def blank_receipt(self, ingestion_id: str, record_ids: frozenset[str]) -> None:
        """Take these ids out of the results of a receipt; counts, outcomes and reasons stay."""
        for document in await self._receipts.find_ids([ingestion_id]):
            results = [
                {**one, "record_id": "" if one["record_id"] in record_ids else one["record_id"]}
                for one in document["results"]
            ]
            await self._receipts.write([Update({"_id": ingestion_id}, {"$set": {"results": results}})])


class ErasureJobRepository:
    """Erasures that are not done yet (domain.privacy.ports.JobStore)."""

    def __init__(self, database: Database) -> None:
        """Keeps one document a job in `erasure_jobs` of `database`; few, and none for long."""
        self._jobs = database.collection(ERASURE_JOBS)

    async def put(self, job: ErasureJob) -> None:
        """Keep `job` as it is now."""
        await self._jobs.write([Replace({"_id": job.id}, Encoded(_job_document(job)))])

    async def unfinished(self, tenant: str) -> list[ErasureJob]:
        """The tenant's jobs, oldest first."""
        found = [_job(document) for document in await self._jobs.find({})]
        return sorted(
            (job for job in found if job.person.tenant == tenant), key=lambda job: (job.started_at, job.id)
        )

    async def remove(self, job: ErasureJob) -> None:
        """Forget a job that is done, with all that it knew of the person."""
        await self._jobs.delete_many({"_id": job.id})


async def _delete(collection: Collection, ids: Iterable[str]) -> None:
    wanted = list(ids)
    for start in range(0, len(wanted), FEW_IDS):
        await collection.delete_many({"_id": {"$in": wanted[start : start + FEW_IDS]}})


def _job_document(job: ErasureJob) -> Document:
    person = job.person
    return {
        "_id": job.id,
        "person": {
            "tenant": person.tenant,
            "customer_id": person.customer_id,
            "keys": sorted(person.keys),
            "references": sorted(person.references),
            "region": person.region,
        },
        "actor": job.actor,
        "started_at": job.started_at,
        "until": job.until,
        "newest": job.newest,
        "done": list(job.done),
        "record_ids": list(job.record_ids),
        "order_ids": list(job.order_ids),
        "counts": dict(job.counts),
    }


def _job(document: Document) -> ErasureJob:
    fields = {**document, "id": document["_id"]}
    del fields["_id"]
    person = fields["person"]
    return ErasureJob(
        **{
            **fields,
            "person": Person(
                **{
                    **person,
                    "keys": frozenset(person["keys"]),
                    "references": frozenset(person["references"]),
                }
            ),
            **{name: tuple(fields[name]) for name in ("done", "record_ids", "order_ids")},
        }
    )
