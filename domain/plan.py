"""What applying records would do: who they are about, and what becomes of them. Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from domain.clock import Clock
from domain.decide import Decision, decide
from domain.facts import Subscribed
from domain.identity import IdentityKey, KeyKind
from domain.ports import IdentityStore, RecordStore
from domain.privacy.tombstones import Erasures
from domain.records import KeyConflict, Record, Stored, Write
from domain.resolve import MatchPolicy, Resolver
from domain.slices import in_slices
from domain.webhooks import with_facts


@dataclass(slots=True)
class Job:
    """One record on its way, with its place among the records to apply."""

    place: int
    record: Record
    record_id: str = ""
    conflicts: list[KeyConflict] = field(default_factory=list)


class Planner:
    """The steps that applying records and trying them share."""

    def __init__(
        self,
        records: RecordStore,
        identities: IdentityStore,
        clock: Clock,
        policy: MatchPolicy,
        subscribed: Subscribed,
        erasures: Erasures,
    ) -> None:
        """`subscribed` says of which tenants facts are kept in the records' outbox."""
        self._records = records
        self._identities = identities
        self._clock = clock
        self._policy = policy
        self._subscribed = subscribed
        self._erasures = erasures

    async def erased(self, jobs: Sequence[Job]) -> set[int]:
        """The places of those that are of people who were erased since: they change nothing."""
        tombstones = await self._erasures.of({job.record.tenant for job in jobs})
        return {
            job.place
            for job in (jobs if tombstones else ())
            if (found := tombstones.get(job.record.tenant)) is not None and found.cover(job.record)
        }

    async def resolve(self, tenant: str, jobs: Sequence[Job], stored: dict[str, Stored]) -> dict[str, str]:
        """Give each job the id that its keys lead to, and `stored` what was read for that.

        Returns the keys that nobody has, and the ids that they are to have.
        """
        keys = {key for job in jobs for key in job.record.identities}
        hints = {key.value for key in keys if key.kind is KeyKind.CUSTOMER}
        owners = await self._identities.owners(tenant, {key.encode() for key in keys})
        entity = jobs[0].record.entity
        stored.update(await self._records.get_many(entity, hints.union(owners.values())))
        for hint in hints & stored.keys():
            if stored[hint].tenant == tenant:
                owners[IdentityKey(KeyKind.CUSTOMER, hint).encode()] = hint
        resolver = Resolver(tenant, owners, stored.values(), self._policy)
        async for job in in_slices(jobs):
            resolution = resolver.resolve(job.record)
            job.record_id, job.conflicts = resolution.customer_id, resolution.conflicts
        return resolver.claims

    async def decide(
        self, jobs: Sequence[Job], stored: dict[str, Stored]
    ) -> tuple[dict[str, Write], dict[int, Decision]]:
        """Fold the jobs of each record in order: one write a record, one decision a job."""
        now = self._clock()
        latest = dict(stored)
        writes: dict[str, Write] = {}
        decisions: dict[int, Decision] = {}
        async for job in in_slices(jobs):
            before = latest.get(job.record_id)
            decisions[job.place] = decide(before, job.record, job.record_id, now)
            after = decisions[job.place].stored
            if after is None:
                continue
            original = stored.get(job.record_id)
            revision = 1 if original is None else original.revision + 1
            if after.revision != revision:
                # However many of the batch's records fold into it, one write is one revision.
                after = replace(after, revision=revision)
            if self._subscribed(job.record.tenant):
                after = with_facts(after, before, job.record, decisions[job.place].outcome)
            latest[job.record_id] = after
            expected = None if original is None else original.revision
            writes[job.record_id] = Write(after, expected, job.place)
        return writes, decisions
