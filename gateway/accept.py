"""Accepting an ingestion: limit, validate, publish the same bytes, and only then say yes.

Every surface that ingests calls this one use case; none of it touches the store, except that a
client who asks to wait for the outcome is answered from the receipt.
"""

import logging
from dataclasses import dataclass
from functools import partial

import structlog

from contracts.operations import MAX_RECORDS, Checked, Malformed, Operation
from domain.clock import Clock
from domain.errors import PermanentError
from domain.ingestion_id import IngestionIds
from domain.receipts import Receipt
from gateway.auth import Principal
from gateway.errors import IdempotencyConflictError, RateLimitedError
from gateway.idempotency import IdempotencyMemory
from gateway.limits import RateLimiter
from gateway.metrics import GatewayMetrics
from gateway.publishing import IngestionPublisher
from gateway.receipts import ReceiptWatcher
from gateway.rest.preferences import Preferences
from gateway.validation import Validation
from messaging.envelope import Ingestion

_log = structlog.get_logger(__name__)
_level = logging.getLogger(__name__)
"""Asked first: a line of every ingestion is made only for those who want it."""

TOO_MANY_RECORDS = "TOO_MANY_RECORDS"


class MalformedBodyError(PermanentError):
    """The body, or a record in it, breaks the contract; nothing of it was accepted."""

    def __init__(self, malformed: tuple[Malformed, ...]) -> None:
        super().__init__("the body does not follow the contract")
        self.malformed = malformed


class TooManyRecordsError(PermanentError):
    """The body holds more records than one request may."""


class OutcomeConflictError(PermanentError):
    """The client waited for the outcome, and it is stale or in conflict (ruling R2)."""

    def __init__(self, code: str, receipt: Receipt) -> None:
        """`code`: of the first conflict in `receipt`."""
        super().__init__("a record is older than what is stored, or its keys belong to another")
        self.code = code
        self.receipt = receipt


@dataclass(frozen=True, slots=True)
class Submission:
    """One request to ingest."""

    operation: Operation
    principal: Principal
    body: bytes
    announced: int
    """Bytes that its tenant was charged for before the body was read."""
    preferences: Preferences
    idempotency_key: str | None = None
    trace: str = ""
    """W3C `traceparent`, or empty."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What was promised: every record of the body ends in exactly one outcome (invariant 1)."""

    ingestion_id: str
    records: int
    malformed: tuple[Malformed, ...]
    """Under lenient handling, the records that will be dead letters."""
    receipt: Receipt | None
    """Set where the client waited and the outcome came in time."""


class Acceptor:
    """Accepts ingestions of all operations."""

    def __init__(
        self,
        *,
        publisher: IngestionPublisher,
        memory: IdempotencyMemory,
        ids: IngestionIds,
        limiter: RateLimiter,
        watcher: ReceiptWatcher,
        metrics: GatewayMetrics,
        clock: Clock,
    ) -> None:
        self._publisher = publisher
        self._memory = memory
        self._ids = ids
        self._limiter = limiter
        self._watcher = watcher
        self._metrics = metrics
        self._clock = clock
        self._validation = Validation()

    async def accept(self, submission: Submission) -> Acceptance:
        """Accept `submission`, once its bytes are safe on the durable queue (invariant 2).

        Raises MalformedBodyError, TooManyRecordsError, RateLimitedError, IdempotencyConflictError,
        OutcomeConflictError, OverloadedError, QueueFullError or QueueUnavailableError.
        """
        tenant = submission.principal.tenant
        checked = await self._check(submission)
        try:
            self._limiter.admit(tenant, checked.records, len(submission.body) - submission.announced)
        except RateLimitedError:
            self._limiter.leave(tenant, submission.announced)
            raise
        ingestion = Ingestion(
            id=self._id(submission),
            operation=submission.operation.name,
            tenant=tenant,
            body=submission.body,
            principal=submission.principal.subject,
            accepted_at=self._clock(),
            records=checked.records,
            trace=submission.trace,
        )
        structlog.contextvars.bind_contextvars(ingestion=ingestion.id)
        if await self._publish(ingestion, keyed=submission.idempotency_key is not None):
            self._metrics.count_accepted(ingestion.operation, ingestion.records, len(ingestion.body))
            if _level.isEnabledFor(logging.DEBUG):
                _log.debug("ingestion_accepted", operation=ingestion.operation, records=ingestion.records)
        receipt = await self._outcome(ingestion, submission.preferences)
        return Acceptance(ingestion.id, checked.records, checked.malformed, receipt)

    async def _check(self, submission: Submission) -> Checked:
        checked = await self._validation(submission.operation, submission.body)
        if not checked.malformed:
            return checked
        if any(fault.code == TOO_MANY_RECORDS for one in checked.malformed for fault in one.faults):
            raise TooManyRecordsError(f"a body holds at most {MAX_RECORDS} records")
        whole_body = any(one.index is None for one in checked.malformed)
        if whole_body or not submission.preferences.lenient:
            raise MalformedBodyError(checked.malformed)
        return checked

    def _id(self, submission: Submission) -> str:
        tenant = submission.principal.tenant
        if submission.idempotency_key is None:
            return self._ids.mint(tenant)
        return self._ids.derive(tenant, "key", submission.operation.name, submission.idempotency_key)

    async def _publish(self, ingestion: Ingestion, *, keyed: bool) -> bool:
        """Publish `ingestion`; False where it is a repeat that is on the queue already."""
        publish = partial(self._publisher.publish, ingestion)
        if keyed:
            return await self._memory.once(ingestion.id, ingestion.digest, publish)
        await publish()
        return True

    async def _outcome(self, ingestion: Ingestion, preferences: Preferences) -> Receipt | None:
        if not preferences.wait:
            return None
        receipt = await self._watcher.wait(ingestion.id, preferences.wait)
        if receipt is None:
            return None
        if receipt.body_digest != ingestion.digest:
            raise IdempotencyConflictError("the idempotency key was used with another body")
        for result in receipt.results:
            if result.code in _CONFLICTS:
                raise OutcomeConflictError(result.code, receipt)
        return receipt


_CONFLICTS = frozenset({"CONFLICT", "VERSION_CONFLICT", "DUPLICATE_EXTERNAL_ID", "DUPLICATE_IDENTITY"})
