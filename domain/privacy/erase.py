"""Erasing a person: steps, each of which may be cut short and done again (ADR 20)."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from domain.clock import Clock
from domain.dead_letters.ports import AuditStore
from domain.ingestion_id import base32
from domain.ports import RecordStore
from domain.privacy.entities import ErasureJob
from domain.privacy.notes import audit_entry
from domain.privacy.ports import JobStore, TombstoneStore
from domain.privacy.search import RECORDS, Search, Sources, person_of
from domain.privacy.tombstones import name_of_record, names_of_person, references_of_person
from domain.records import Entity, Stored

Progress = Callable[[str, int], None]
"""Is told of each step before it begins, and with a number after each part of it: erased so far."""

_MARGIN = 2_000
"""Milliseconds at the end of the wait, in which the customer is deleted while nothing of his comes in."""


@dataclass(frozen=True, slots=True)
class Means:
    """What erasing works on."""

    sources: Sources
    records: RecordStore
    tombstones: TombstoneStore
    jobs: JobStore
    audit: AuditStore
    clock: Clock
    settle: float
    """Seconds from the tombstones to the deletion: what began to be stored before them has ended then."""


class ErasePerson:
    """What one operator erases."""

    def __init__(self, means: Means, actor: str, progress: Progress) -> None:
        """`actor` is who the audit names."""
        self._means = means
        self._actor = actor
        self._progress = progress

    async def __call__(self, tenant: str, name: str) -> Mapping[str, int] | None:
        """Erase the person called `name`, once what was cut short before in `tenant` is finished.

        What was erased, by kind; None where there is nothing. Raises AmbiguousKeyError, TransientError.
        """
        total: dict[str, int] = {}
        for job in await self._means.jobs.unfinished(tenant):
            _add(total, await self._finish(job))
        started = await self._start(tenant, name)
        if started is not None:
            _add(total, await self._finish(started))
        return total or None

    async def _start(self, tenant: str, name: str) -> ErasureJob | None:
        means = self._means
        person, customer = await person_of(means.sources, tenant, name)
        if customer is None and not await _is_anywhere(Search(means.sources, person)):
            return None
        now = means.clock()
        job = ErasureJob(
            id=f"era_{base32(secrets.randbits(128), 128)}",
            person=person,
            actor=self._actor,
            started_at=now,
            until=now,
            newest=now if customer is None else customer.version.at,
            record_ids=() if customer is None else (customer.id,),
        )
        await self._note(job, "privacy erase", "")
        await means.jobs.put(job)
        return job

    async def _finish(self, job: ErasureJob) -> Mapping[str, int]:
        """Do what is left of `job`, from the first step that was not done to its end."""
        if "customer" not in job.done:
            job = await self._keep_away(job)
            job = await self._done(await self._erase_customer(job), "customer")
        for entity in RECORDS:
            if entity not in job.done:
                job = await self._done(await self._erase_records(job, entity), entity)
        for name, step in (
            ("deliveries", self._erase_deliveries),
            ("letters", self._empty_letters),
            ("receipts", self._blank_receipts),
            ("what came back", self._erase_what_came_back),
        ):
            if name not in job.done:
                self._progress(name, 0)
                job = await self._done(await step(job), name)
        counts = {kind: count for kind, count in sorted(job.counts.items()) if count}
        await self._note(job, "privacy erased", ", ".join(f"{kind} {n}" for kind, n in counts.items()))
        await self._means.jobs.remove(job)
        return counts

    async def _keep_away(self, job: ErasureJob) -> ErasureJob:
        """Set the tombstones, and wait until whatever was decided without them is stored."""
        self._progress("waiting for what is under way", 0)
        means, person = self._means, job.person
        now = means.clock()
        job = replace(job, until=max(job.until, now + int(means.settle * 1000)))
        await means.jobs.put(job)
        tombstones = await means.tombstones.salted(person.tenant)
        for names, until in (
            (names_of_person(person.keys), max(job.until, job.newest)),
            (references_of_person(person.references), job.until),
        ):
            await means.tombstones.put(person.tenant, [*map(tombstones.digest, names)], until)
        await asyncio.sleep(max(0.0, means.settle - _MARGIN / 1000))
        return job

    async def _erase_customer(self, job: ErasureJob) -> ErasureJob:
        """The points first and the keys before the customer: he is found by them until he is gone."""
        self._progress("customer", 0)
        means, person = self._means, job.person
        if not person.customer_id:
            return job
        traces, search = means.sources.traces, Search(means.sources, person)
        points, keys = await search.points(), await search.keys()
        candidates = [one.id for one in await search.candidates()]
        stored = await means.records.get_many(Entity.CUSTOMER, [person.customer_id])
        await traces.forget_points(person.tenant, person.customer_id)
        await traces.forget_keys(person.tenant, [person.customer_id])
        await traces.forget_records(Entity.CUSTOMER, [person.customer_id])
        await traces.forget_candidates(candidates)
        for kind, found in (
            ("customers", stored),
            ("identity keys", keys),
            ("dedupe candidates", candidates),
            ("loyalty entries", points),
        ):
            job = job.counted(kind, len(found))
        return job

    async def _erase_records(self, job: ErasureJob, entity: Entity) -> ErasureJob:
        self._progress(f"{entity}s", 0)
        search = self._search(job)
        async for page in search.records(entity):
            # What came later than the erasure is a new customer's, though he is called the same.
            old = [one for one in page if one.created_at <= job.until]
            job = replace(
                job,
                record_ids=(*job.record_ids, *(one.id for one in old)),
                order_ids=tuple(sorted(search.likeness.order_ids)),
            )
            await self._means.jobs.put(job)
            await self._erase_page(job, entity, old)
            job = job.counted(f"{entity}s", len(old))
            self._progress(f"{entity}s", job.counts[f"{entity}s"])
        return job

    async def _erase_page(self, job: ErasureJob, entity: Entity, records: list[Stored]) -> None:
        traces, tenant = self._means.sources.traces, job.person.tenant
        names = [name_of_record(one.id) for one in records]
        if entity is Entity.LEAD:
            for one in records:
                keys = await traces.keys_of(tenant, one.id)
                names += names_of_person([found.key for found in keys])
        tombstones = await self._means.tombstones.salted(tenant)
        until = max([job.until, *(one.version.at for one in records)])
        await self._means.tombstones.put(tenant, [*map(tombstones.digest, names)], until)
        if entity is Entity.LEAD:
            await traces.forget_keys(tenant, [one.id for one in records])
        await traces.forget_records(entity, [one.id for one in records])

    async def _erase_deliveries(self, job: ErasureJob) -> ErasureJob:
        async for page in self._search(job).deliveries():
            await self._means.sources.traces.forget_deliveries([one.id for one in page])
            job = job.counted("deliveries", len(page))
        return job

    async def _empty_letters(self, job: ErasureJob) -> ErasureJob:
        means = self._means
        async for trace in self._search(job).letters():
            await means.sources.traces.empty_letter(trace.kept.letter, trace.left, job.actor, means.clock())
            job = job.counted("dead letters", 1)
            self._progress("letters", job.counts["dead letters"])
        return job

    async def _blank_receipts(self, job: ErasureJob) -> ErasureJob:
        ids = frozenset(job.record_ids)
        async for receipt in self._search(job).receipts():
            if receipt.accepted_at <= job.until:
                await self._means.sources.traces.blank_receipt(receipt.ingestion_id, ids)
                job = job.counted("receipts", 1)
        return job

    async def _erase_what_came_back(self, job: ErasureJob) -> ErasureJob:
        """The customer, where a write that began before the tombstones took longer than the wait."""
        id = job.person.customer_id
        found = (await self._means.records.get_many(Entity.CUSTOMER, [id])).get(id) if id else None
        return job if found is None or found.created_at > job.until else await self._erase_customer(job)

    def _search(self, job: ErasureJob) -> Search:
        return Search(self._means.sources, job.person, job.record_ids, job.order_ids)

    async def _done(self, job: ErasureJob, step: str) -> ErasureJob:
        job = replace(job, done=(*job.done, step))
        await self._means.jobs.put(job)
        return job

    async def _note(self, job: ErasureJob, action: str, detail: str) -> None:
        tombstones = await self._means.tombstones.salted(job.person.tenant)
        entry = audit_entry(job.person, tombstones, job.actor, action, self._means.clock())
        await self._means.audit.append([replace(entry, detail=detail)])


async def _is_anywhere(search: Search) -> bool:
    for entity in RECORDS:
        async for _ in search.records(entity):
            return True
    async for _ in search.deliveries():
        return True
    async for _ in search.letters():
        return True
    return False


def _add(total: dict[str, int], counts: Mapping[str, int]) -> None:
    for kind, count in counts.items():
        total[kind] = total.get(kind, 0) + count
