"""From ingestions to durable outcomes: decode, apply, what follows, dead letters, receipts, in that order.

Nothing here settles a delivery, and everything here may be done again after a crash at any point:
records are decided from what is stored, dead letters have derived ids, the first receipt stands.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import structlog

from contracts.operations import Decoded, Operation, Origin
from domain.apply import ApplyRecords
from domain.clock import Clock
from domain.errors import TransientError
from domain.receipts import DeadLetter, Receipt, Tally
from domain.records import Applied, Fault, Outcome, Record
from domain.slices import in_slices
from domain.tracing import NO_TRACER, Tracer
from ingestor.dead_letters import (
    ATTEMPTS_EXHAUSTED,
    IDEMPOTENCY_CONFLICT,
    INTERNAL_ERROR,
    UNKNOWN_OPERATION,
    Circumstances,
    letter_of_body,
    letter_of_message,
    letter_of_record,
    result_of,
)
from ingestor.metrics import IngestorMetrics
from ingestor.ports import AfterApply, Books
from ingestor.tracing import decoding, names_of, processing
from messaging.envelope import Ingestion
from messaging.port import Message

_log = structlog.get_logger(__name__)
_level = logging.getLogger(__name__)
"""Asked first: a line of every ingestion is made only for those who want it."""

_DECODED_AT_ONCE = 64 * 1024
"""Bytes of a body that is decoded on the event loop; a larger one is decoded in a thread, so that what
else runs here, such as the broker's heartbeats, does not wait for it."""


@dataclass(slots=True)
class _Job:
    """One ingestion on its way to its receipt."""

    ingestion: Ingestion
    attempted_at: tuple[int, ...]
    records: Sequence[tuple[int, Record]] = ()
    tally: Tally = field(default_factory=Tally)
    letters: list[DeadLetter] = field(default_factory=list)


class Ended(NamedTuple):
    """What came to its end just now: repeats did before."""

    records: int
    dead: int


class Processor:
    """Brings ingestions to their receipts."""

    def __init__(
        self,
        operations: Mapping[str, Operation],
        apply_records: ApplyRecords,
        books: Books,
        metrics: IngestorMetrics,
        clock: Clock,
        after_apply: AfterApply | None = None,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        self._operations = operations
        self._apply_records = apply_records
        self._books = books
        self._metrics = metrics
        self._clock = clock
        self._after_apply = after_apply
        self._tracer = tracer

    async def process(self, ingestions: Sequence[Ingestion], attempted_at: tuple[int, ...] = ()) -> Ended:
        """Return once every ingestion has its receipt, or had it before. `attempted_at`: when they were
        attempted, this time included, in ms since the Unix epoch; empty for the first time.

        Raises TransientError where the store is away; any other exception is a bug of ours, and
        `process_alone` finds out which ingestion it is about.
        """
        with processing(self._tracer, ingestions):
            return await self._process(ingestions, attempted_at)

    async def _process(self, ingestions: Sequence[Ingestion], attempted_at: tuple[int, ...]) -> Ended:
        jobs = await self._new_jobs(ingestions, attempted_at)
        async for job in in_slices(jobs, lambda job: job.ingestion.records):
            with decoding(self._tracer, job.ingestion):
                await self._decode(job)
        results = await self._apply([record for job in jobs for _, record in job.records])
        remaining = iter(results)
        for job in jobs:
            for index, record in job.records:
                self._tally(job, index, record, next(remaining))
        return await self._finish(jobs)

    async def begin(self, ingestion: Ingestion) -> tuple[int, ...]:
        """Note one more attempt at an ingestion that was delivered before; the times of all of them."""
        return await self._books.attempts.begin(ingestion.id, self._clock())

    async def process_alone(self, ingestion: Ingestion, attempted_at: tuple[int, ...]) -> Ended:
        """As `process`, but what fails through a bug of ours becomes a dead letter, record by record."""
        try:
            return await self.process([ingestion], attempted_at)
        except TransientError:
            raise
        except Exception:
            _log.exception("ingestion_failed", ingestion=ingestion.id, tenant=ingestion.tenant)
            return await self._process_each_record(ingestion, attempted_at)

    async def give_up(
        self,
        ingestion: Ingestion,
        attempted_at: tuple[int, ...],
        fault: Fault = ATTEMPTS_EXHAUSTED,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Ended:
        """Make a dead letter, with `headers` of its message, of an ingestion that cannot be delivered: it
        ended the ingestor at every attempt, if `fault` says nothing else. One that has its receipt stays
        what it is."""
        jobs = await self._new_jobs([ingestion], attempted_at)
        for job in jobs:
            circumstances = Circumstances("delivery", self._clock(), attempted_at, headers)
            self._bury_letter(job, letter_of_body(ingestion, fault, circumstances))
        return await self._finish(jobs)

    async def keep_undecodable(self, message: Message, reason: str) -> Ended:
        """Make a dead letter of a message that breaks the message contract."""
        letter = letter_of_message(message, reason, now=self._clock())
        await self._books.dead_letters.put_many([letter])
        self._metrics.count_dead([letter])
        return Ended(1, 1)

    async def _process_each_record(self, ingestion: Ingestion, attempted_at: tuple[int, ...]) -> Ended:
        jobs = await self._new_jobs([ingestion], attempted_at)
        for job in jobs:
            try:
                await self._decode(job)
            except Exception:
                _log.exception("decode_failed", ingestion=ingestion.id, tenant=ingestion.tenant)
                job.letters.clear()
                self._bury_body(job, INTERNAL_ERROR, "decode")
            for index, record in job.records:
                self._tally(job, index, record, await self._apply_one(ingestion, index, record))
        return await self._finish(jobs)

    async def _apply_one(self, ingestion: Ingestion, index: int, record: Record) -> Applied:
        try:
            [applied] = await self._apply([record])
        except TransientError:
            raise
        except Exception:
            _log.exception("record_failed", ingestion=ingestion.id, index=index)
            return Applied(Outcome.DEAD, "", fault=INTERNAL_ERROR)
        return applied

    async def _apply(self, records: Sequence[Record]) -> list[Applied]:
        self._metrics.batch_records.observe(len(records))
        with self._metrics.apply_seconds.time(), self._tracer.span("apply records") as span:
            span.note("portico.records", len(records))
            results = await self._apply_records(records)
            if self._after_apply is not None:
                await self._after_apply(list(zip(records, results, strict=True)))
        return results

    async def _new_jobs(self, ingestions: Sequence[Ingestion], attempted_at: tuple[int, ...]) -> list[_Job]:
        """The ingestions that have no receipt yet; another body under a used id is refused."""
        receipts = await self._books.receipts.get_many({one.id for one in ingestions})
        firsts = {one.ingestion_id: (one.body_digest, one.accepted_at) for one in receipts.values()}
        jobs: list[_Job] = []
        repeats: list[Ingestion] = []
        for ingestion in ingestions:
            first = firsts.get(ingestion.id)
            if first is None:
                firsts[ingestion.id] = (ingestion.digest, ingestion.accepted_at)
                jobs.append(_Job(ingestion, attempted_at))
            elif first[0] != ingestion.digest:
                await self._refuse_other_body(ingestion, attempted_at)
            else:
                self._metrics.count_repeated(ingestion.operation)
                if first[1] != ingestion.accepted_at:  # else it is the first one itself, delivered again
                    repeats.append(ingestion)
        await self._books.ledger.repeated(repeats)
        return jobs

    async def _refuse_other_body(self, ingestion: Ingestion, attempted_at: tuple[int, ...]) -> None:
        circumstances = Circumstances("delivery", self._clock(), attempted_at)
        letter = letter_of_body(ingestion, IDEMPOTENCY_CONFLICT, circumstances)
        await self._books.dead_letters.put_many([letter])
        await self._books.ledger.refused(ingestion, letter.records)
        self._metrics.count_dead([letter])

    async def _decode(self, job: _Job) -> None:
        operation = self._operations.get(job.ingestion.operation)
        if operation is None:
            self._bury_body(job, UNKNOWN_OPERATION, "decode")
            return
        ingestion = job.ingestion
        accepted_at = ingestion.accepted_at or self._clock()
        origin = Origin(ingestion.tenant, ingestion.id, accepted_at, trace=ingestion.trace)
        decode = partial(operation.decode, ingestion.body, origin)
        at_once = len(ingestion.body) <= _DECODED_AT_ONCE
        decoded = decode() if at_once else await asyncio.to_thread(decode)
        self._bury_malformed(job, decoded)
        job.records = decoded.records

    def _bury_malformed(self, job: _Job, decoded: Decoded) -> None:
        for malformed in decoded.malformed:
            fault = malformed.faults[0]
            if malformed.index is None:
                self._bury_body(job, fault, "decode")
            else:
                self._bury(job, malformed.index, fault, malformed.body, "decode")

    def _tally(self, job: _Job, index: int, record: Record, applied: Applied) -> None:
        if applied.fault is None:
            job.tally.add(index, applied)
        else:
            self._bury(job, index, applied.fault, record.document.encode(), "write")

    def _bury(self, job: _Job, index: int, fault: Fault, body: bytes, stage: str) -> None:
        circumstances = Circumstances(stage, self._clock(), job.attempted_at)
        self._bury_letter(job, letter_of_record(job.ingestion, index, fault, body, circumstances))

    def _bury_body(self, job: _Job, fault: Fault, stage: str) -> None:
        circumstances = Circumstances(stage, self._clock(), job.attempted_at)
        self._bury_letter(job, letter_of_body(job.ingestion, fault, circumstances))

    def _bury_letter(self, job: _Job, letter: DeadLetter) -> None:
        job.letters.append(letter)
        job.tally.add_dead(letter.records, result_of(letter))

    async def _finish(self, jobs: Sequence[_Job]) -> Ended:
        letters = [letter for job in jobs for letter in job.letters]
        if letters:
            await self._books.dead_letters.put_many(letters)
        if jobs:
            await self._keep_receipts(jobs)
        self._metrics.count_dead(letters)
        counts: defaultdict[tuple[str, Outcome], int] = defaultdict(int)
        for job in jobs:
            for outcome, count in job.tally.counts.items():
                counts[job.ingestion.operation, outcome] += count
        self._metrics.count_outcomes(counts)
        dead = sum(count for (_, outcome), count in counts.items() if outcome is Outcome.DEAD)
        return Ended(sum(counts.values()), dead)

    async def _keep_receipts(self, jobs: Sequence[_Job]) -> None:
        now = self._clock()
        receipts = [_receipt(job, now) for job in jobs]
        others = await self._books.receipts.put_many(receipts)
        for place, job in enumerate(jobs):
            if place not in others:
                self._books.ledger.done(job.ingestion, receipts[place])
                self._metrics.count_done(receipts[place])
                _log_end(job)
        if others:  # another ingestor was faster: what is left of them is a repeat, or another body
            late = [jobs[place] for place in sorted(others)]
            await self._new_jobs([job.ingestion for job in late], late[0].attempted_at)


def _log_end(job: _Job) -> None:
    if _level.isEnabledFor(logging.DEBUG):
        counts = {str(outcome): count for outcome, count in job.tally.counts.items() if count}
        _log.debug("ingestion_done", **counts, **names_of(job.ingestion))
    if job.letters:
        codes = sorted({letter.code for letter in job.letters})
        _log.info("records_dead", letters=len(job.letters), codes=codes, **names_of(job.ingestion))


def _receipt(job: _Job, now: int) -> Receipt:
    ingestion = job.ingestion
    return Receipt(
        ingestion_id=ingestion.id,
        tenant=ingestion.tenant,
        operation=ingestion.operation,
        body_digest=ingestion.digest,
        accepted_at=ingestion.accepted_at or now,
        done_at=now,
        counts=job.tally.counts,
        results=tuple(sorted(job.tally.results, key=lambda result: result.index)),
    )
