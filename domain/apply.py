"""The one use case behind every surface that writes: apply records to what is stored.

Resolve, read, decide, write on condition; whatever lost a race is read and decided again. Nothing
here locks: two appliers of the same records end in the same state (invariant 3).
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence

from domain.clock import Clock
from domain.errors import ContentionError
from domain.facts import Subscribed, nobody
from domain.identity import WEAK_KINDS, KeyKind
from domain.plan import Job, Planner
from domain.ports import DedupeStore, IdentityStore, RecordStore
from domain.privacy.tombstones import Erasures, NothingErased
from domain.receipts import DedupeCandidate
from domain.records import Applied, Entity, Fault, KeyConflict, Outcome, Record, Stored, derived_id
from domain.resolve import MatchPolicy

_ROUNDS = 60
"""Rounds of lost races before giving up for now; each round at least one racer gets through."""

_LONGEST_PAUSE = 0.05
"""Seconds; racers that lost wait a random part of it, so that they do not meet again."""

_NOTHING = NothingErased()


class ApplyRecords:
    """Applies records of any entities and tenants, in the order given where they meet."""

    def __init__(
        self,
        records: RecordStore,
        identities: IdentityStore,
        dedupe: DedupeStore,
        clock: Clock,
        policy: MatchPolicy,
        subscribed: Subscribed = nobody,
        erasures: Erasures = _NOTHING,
    ) -> None:
        """`subscribed` says of which tenants facts are kept in the records' outbox, `erasures` whose
        records stay away."""
        self._records = records
        self._identities = identities
        self._dedupe = dedupe
        self._clock = clock
        self._planner = Planner(records, identities, clock, policy, subscribed, erasures)

    async def __call__(self, records: Sequence[Record]) -> list[Applied]:
        """The result of each record, in order, once all of it is durable.

        Raises TransientError where the store is away or contention does not end; some records may
        be stored then, and applying all of them again is right.
        """
        applied: dict[int, Applied] = {}
        pending = [Job(place, record) for place, record in enumerate(records)]
        for round_number in range(_ROUNDS):
            pending = await self._round(pending, applied, first=round_number == 0)
            if not pending:
                return [applied[place] for place in range(len(records))]
            await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 - not a secret
        raise ContentionError(f"{len(pending)} records lost {_ROUNDS} races")

    async def _round(self, jobs: list[Job], applied: dict[int, Applied], *, first: bool) -> list[Job]:
        """Try `jobs` once; returns those that lost a race, in order."""
        # In every round, as somebody may be erased between two.
        erased = await self._planner.erased(jobs)
        by_entity: defaultdict[Entity, list[Job]] = defaultdict(list)
        for job in jobs:
            if job.place in erased:
                applied[job.place] = Applied(Outcome.STALE, "")
            else:
                by_entity[job.record.entity].append(job)
        again: list[Job] = []
        for entity, group in by_entity.items():
            stored: dict[str, Stored] = {}
            for job in group:
                if not job.record.identities:
                    job.record_id = derived_id(entity, job.record.tenant, job.record.anchor)
            lost = await self._identify([job for job in group if job.record.identities], stored)
            again.extend(lost)
            places = {job.place for job in lost}
            ready = [job for job in group if job.place not in places]
            again.extend(await self._apply(entity, ready, stored, applied, first=first))
        return sorted(again, key=lambda job: job.place)

    async def _identify(self, jobs: list[Job], stored: dict[str, Stored]) -> list[Job]:
        """Give each job the id that its keys lead to, and claim those; returns the jobs that lost."""
        by_tenant: defaultdict[str, list[Job]] = defaultdict(list)
        for job in jobs:
            by_tenant[job.record.tenant].append(job)
        lost: list[Job] = []
        for tenant, group in by_tenant.items():
            lost.extend(await self._identify_tenant(tenant, group, stored))
        return lost

    async def _identify_tenant(self, tenant: str, jobs: list[Job], stored: dict[str, Stored]) -> list[Job]:
        claims = await self._planner.resolve(tenant, jobs, stored)
        taken = await self._identities.claim(tenant, claims) if claims else {}
        return await self._settle_claims(tenant, jobs, taken)

    async def _settle_claims(self, tenant: str, jobs: list[Job], taken: dict[str, str]) -> list[Job]:
        """Turn lost claims into conflicts (weak keys) or into another round (strong ones)."""
        shared: set[str] = set()
        lost: list[Job] = []
        for job in jobs:
            for key in job.record.identities if taken else ():
                owner = taken.get(key.encode(), job.record_id)
                if owner == job.record_id:
                    continue
                if key.kind not in WEAK_KINDS:
                    lost.append(job)
                    break
                job.conflicts.append(KeyConflict(key, owner))
            shared |= {one.key.encode() for one in job.conflicts if one.key.kind in WEAK_KINDS}
        if shared:
            await self._identities.mark_shared(tenant, shared)
        return lost

    async def _apply(
        self,
        entity: Entity,
        jobs: list[Job],
        stored: dict[str, Stored],
        applied: dict[int, Applied],
        *,
        first: bool,
    ) -> list[Job]:
        # A customer whose keys nobody had, and an event, are almost always new: the first round
        # spares the read, and where one is stored after all, its write is lost and comes again.
        guessed_new = first and entity in (Entity.CUSTOMER, Entity.EVENT)
        if not guessed_new:
            stored.update(
                await self._records.get_many(entity, {job.record_id for job in jobs} - stored.keys())
            )
        writes, decisions = await self._planner.decide(jobs, stored)
        result = await self._records.write_many(entity, list(writes.values()))
        again: list[Job] = []
        done: list[Job] = []
        for job in jobs:
            if job.record_id in result.lost:
                again.append(job)
            elif job.record_id in result.refused and writes[job.record_id].last_place == job.place:
                applied[job.place] = _dead(job, result.refused[job.record_id])
            elif job.record_id in result.refused:
                again.append(job)
            else:
                done.append(job)
        await self._note_conflicts(done)
        for job in done:
            conflicts = tuple(one for one in job.conflicts if one.key.kind not in WEAK_KINDS)
            outcome, _, fault = decisions[job.place]
            applied[job.place] = Applied(outcome, job.record_id, conflicts, fault)
        return again

    async def _note_conflicts(self, jobs: Iterable[Job]) -> None:
        now = self._clock()
        candidates = [
            DedupeCandidate(job.record.tenant, job.record_id, one.owner, one.key.encode(), now)
            for job in jobs
            for one in job.conflicts
            if one.key.kind not in (KeyKind.PHONE, KeyKind.NAME, KeyKind.LEAD_ID, KeyKind.LEAD)
        ]
        if candidates:
            await self._dedupe.put_many(candidates)


def _dead(job: Job, fault: Fault) -> Applied:
    return Applied(Outcome.DEAD, job.record_id, fault=fault)
