"""What applying records would do now, by the same steps as applying them, without a write."""

from collections import defaultdict
from collections.abc import Sequence

from domain.clock import Clock
from domain.decide import Decision
from domain.facts import nobody
from domain.identity import WEAK_KINDS
from domain.plan import Job, Planner
from domain.ports import IdentityStore, RecordStore
from domain.privacy.tombstones import Erasures, NothingErased
from domain.records import Applied, Entity, Outcome, Record, Stored, derived_id
from domain.resolve import MatchPolicy

_NOTHING = NothingErased()


class PreviewRecords:
    """The sibling of ApplyRecords that leaves everything as it is."""

    def __init__(
        self,
        records: RecordStore,
        identities: IdentityStore,
        clock: Clock,
        policy: MatchPolicy,
        erasures: Erasures = _NOTHING,
    ) -> None:
        """Reads from the same stores that ApplyRecords writes to."""
        self._records = records
        self._planner = Planner(records, identities, clock, policy, nobody, erasures)

    async def __call__(self, records: Sequence[Record]) -> list[Applied]:
        """What would become of each record, in order, were all of them applied together now.

        A record whose very version was applied before would be unchanged. Whether the store can
        hold what is decided is not tried. Raises TransientError where the store is away.
        """
        applied: dict[int, Applied] = {}
        by_entity: defaultdict[Entity, list[Job]] = defaultdict(list)
        jobs = [Job(place, record) for place, record in enumerate(records)]
        applied |= {place: Applied(Outcome.STALE, "") for place in await self._planner.erased(jobs)}
        for job in jobs:
            if job.place not in applied:
                by_entity[job.record.entity].append(job)
        for entity, group in by_entity.items():
            applied |= await self._preview(entity, group)
        return [applied[place] for place in range(len(records))]

    async def _preview(self, entity: Entity, jobs: list[Job]) -> dict[int, Applied]:
        stored: dict[str, Stored] = {}
        by_tenant: defaultdict[str, list[Job]] = defaultdict(list)
        for job in jobs:
            if job.record.identities:
                by_tenant[job.record.tenant].append(job)
            else:
                job.record_id = derived_id(entity, job.record.tenant, job.record.anchor)
        for tenant, group in by_tenant.items():
            await self._planner.resolve(tenant, group, stored)
        stored.update(await self._records.get_many(entity, {job.record_id for job in jobs} - stored.keys()))
        _, decisions = await self._planner.decide(jobs, stored)
        return {job.place: _applied(job, decisions[job.place]) for job in jobs}


def _applied(job: Job, decision: Decision) -> Applied:
    outcome = decision.outcome
    if decision.stored is None and outcome in (Outcome.CREATED, Outcome.UPDATED):
        outcome = Outcome.UNCHANGED
    conflicts = tuple(one for one in job.conflicts if one.key.kind not in WEAK_KINDS)
    return Applied(outcome, job.record_id, conflicts, decision.fault)
