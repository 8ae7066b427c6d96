"""What every handler of a surface needs of a request before its own work: caller, body, patience."""

import re

import structlog
from aiohttp import web

from contracts.operations import Operation
from domain.errors import TransientError
from domain.ingestion_id import IngestionIds
from gateway.accept import Submission
from gateway.auth import Authenticator, Principal, require_scope
from gateway.limits import RateLimiter
from gateway.receipts import ReceiptWatcher
from gateway.rest.body import BodyBudget, BodyLimits, read_body
from gateway.rest.parameters import invalid
from gateway.rest.preferences import LONGEST_WAIT, Preferences, parse_preferences
from gateway.rest.tracing import trace_of

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_DEFAULT_WAIT = 10


class NotYetAppliedError(TransientError):
    """The ingestion that the reader wants to see is not applied yet."""


def preferences_of(request: web.Request) -> Preferences:
    """The request's `Prefer` headers, parsed."""
    return parse_preferences(request.headers.getall("Prefer", []))


def idempotency_key_of(request: web.Request) -> str | None:
    """The request's `Idempotency-Key`; None where there is none."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise invalid("Idempotency-Key", "is not 1 to 255 visible ASCII characters")
    return key


class Access:
    """Who may do what, and what they sent."""

    def __init__(
        self,
        authenticator: Authenticator,
        ids: IngestionIds,
        watcher: ReceiptWatcher,
        limits: BodyLimits,
        budget: BodyBudget,
        rates: RateLimiter,
    ) -> None:
        self._authenticator = authenticator
        self._ids = ids
        self._watcher = watcher
        self._limits = limits
        self._budget = budget
        self._rates = rates

    async def principal(self, request: web.Request, scope: str | None) -> Principal:
        """The caller, who has `scope` (None: any caller that is known)."""
        principal = await self._authenticator.authenticate(request.headers.get("Authorization"))
        structlog.contextvars.bind_contextvars(tenant=principal.tenant)
        if scope is not None:
            require_scope(principal, scope)
        return principal

    async def submission(self, request: web.Request, operation: Operation, scope: str) -> Submission:
        """The request as a submission to `operation`."""
        principal = await self.principal(request, scope)
        # Of what is too large no more is charged than could have been taken.
        announced = min(request.content_length or 0, self._limits.sent)
        self._rates.enter(principal.tenant, announced)
        key = idempotency_key_of(request)
        return Submission(
            operation=operation,
            principal=principal,
            body=await self.body(request, principal.tenant),
            announced=announced,
            preferences=preferences_of(request),
            idempotency_key=key,
            trace=trace_of(request),
        )

    async def body(self, request: web.Request, tenant: str) -> bytes:
        """The request's body, unpacked, within the bounds of this process and the share of `tenant`."""
        return await read_body(request, self._limits, self._budget, tenant=tenant)

    async def reader(self, request: web.Request, scope: str | None) -> Principal:
        """The caller, once the ingestion that `Portico-After` names is applied.

        Raises NotYetAppliedError where it is not in time: `Prefer: wait`, else 10 seconds.
        """
        principal = await self.principal(request, scope)
        after = request.headers.get("Portico-After")
        if after is None:
            return principal
        if not self._ids.verify(principal.tenant, after):
            raise invalid("Portico-After", "is not an ingestion id of this tenant")
        wait = preferences_of(request).wait
        timeout = min(_DEFAULT_WAIT if wait is None else wait, LONGEST_WAIT)
        if await self._watcher.wait(after, timeout) is None:
            raise NotYetAppliedError("the ingestion is not applied yet")
        return principal
