"""What every call passes: request id, deadline, authentication, read-your-writes, status codes, metrics."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeAlias

import grpc
import structlog

from domain.ingestion_id import IngestionIds
from domain.tracing import NO_TRACER, Tracer
from gateway.auth import Authenticator, require_scope
from gateway.grpc.call import Call, begin, begin_as
from gateway.grpc.metrics import GrpcMetrics
from gateway.grpc.refusal import RefusedError, invalid
from gateway.grpc.rendering import sent_or
from gateway.grpc.scopes import PUBLIC, REQUIRED, ROLES, service_of
from gateway.grpc.statuses import status_of
from gateway.grpc.tracing import began, ended, traced
from gateway.operators import Operators
from gateway.receipts import ReceiptWatcher

_log = structlog.get_logger(__name__)

REQUEST_ID = "x-request-id"
AFTER = "portico-after"
MAX_WAIT = 30.0
"""Seconds that a call waits for an ingestion, at most."""
MAX_UNARY = 60.0
"""Seconds that a unary call takes at most, whatever its deadline."""
_REQUEST_ID_SHAPE = re.compile(r"[\x21-\x7e]{1,128}")

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"  # generic in its types alone
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Wraps every method but the public ones."""

    def __init__(
        self,
        authenticator: Authenticator,
        ids: IngestionIds,
        watcher: ReceiptWatcher,
        metrics: GrpcMetrics,
        tracer: Tracer = NO_TRACER,
    ) -> None:
        """Nothing is opened; `watcher` answers the waits of `portico-after`."""
        self._authenticator = authenticator
        self._operators = Operators(authenticator)
        self._ids = ids
        self._watcher = watcher
        self._metrics = metrics
        self._tracer = tracer
        self._serving: set[asyncio.Task[Any]] = set()
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """The method's handler, wrapped."""
        method = handler_call_details.method
        if method in self._wrapped:
            return self._wrapped[method]
        handler = await continuation(handler_call_details)
        if handler is None or service_of(method) in PUBLIC:
            return handler
        self._wrapped[method] = wrapped = self._wrap(method, handler)
        return wrapped

    def _wrap(self, method: str, handler: Any) -> Handler:
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._streaming(method, handler.unary_stream),
                request_deserializer=handler.request_deserializer,
                response_serializer=sent_or(handler.response_serializer),
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unary(method, handler.unary_unary),
            request_deserializer=handler.request_deserializer,
            response_serializer=sent_or(handler.response_serializer),
        )

    async def finished(self, within: float) -> None:
        """Return once no wrapped call runs any more, or after `within` seconds."""
        if self._serving:
            await asyncio.wait(self._serving, timeout=within)

    def _unary(self, method: str, inner: Any) -> Any:
        async def serve(request: Any, context: Context) -> Any:
            async with self._guarded(method, context, MAX_UNARY):
                return await inner(request, context)

        return serve

    def _streaming(self, method: str, inner: Any) -> Any:
        async def serve(request: Any, context: Context) -> None:
            # Written here, not yielded, so that a deadline that passes during a write ends up in the guard.
            async with self._guarded(method, context, None), aclosing(inner(request, context)) as responses:
                async for response in responses:
                    await context.write(response)
                    self._metrics.streamed(method, response)

        return serve

    @asynccontextmanager
    async def _guarded(self, method: str, context: Context, most: float | None) -> AsyncIterator[None]:
        self._note_task()
        metadata = _texts(context)
        request_id = _request_id(metadata)
        # Never unbound: grpc runs every call in a task of its own, with a context of its own.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        trailing = ((REQUEST_ID, request_id),)
        context.set_trailing_metadata(trailing)
        budget = _shorter(context.time_remaining(), most)
        with self._metrics.call(method) as served, traced(self._tracer, method, metadata) as span:
            began(span)
            try:
                async with asyncio.timeout(budget):
                    await self._admit(method, metadata, budget)
                    yield
                served.code = grpc.StatusCode.OK
                ended(span, served.code)
            except Exception as error:
                status = status_of(error)
                served.code = status.code
                ended(span, served.code)
                if status.code is not grpc.StatusCode.INTERNAL:  # which is logged already
                    _log.debug("call_refused", method=method, code=status.code.name)
                context.set_trailing_metadata((*trailing, *status.metadata()))
                await context.abort(status.code, status.message)

    async def _admit(self, method: str, metadata: dict[str, str], budget: float | None) -> None:
        if role := ROLES.get(method):
            operator = await self._operators.of_header(metadata.get("authorization"))
            operator.require(role)
            begin_as(operator)
            return
        principal = await self._authenticator.authenticate(metadata.get("authorization"))
        structlog.contextvars.bind_contextvars(tenant=principal.tenant)
        service = service_of(method)
        scope = REQUIRED[service]
        if scope is not None:
            require_scope(principal, scope)
        call = Call(principal.tenant, budget)
        begin(call)
        if AFTER in metadata and scope is not None:
            await self._wait_for(metadata[AFTER], call)

    async def _wait_for(self, ingestion_id: str, call: Call) -> None:
        if not self._ids.verify(call.tenant, ingestion_id):
            raise invalid(f"{AFTER} is no ingestion id")
        if await self._watcher.wait(ingestion_id, call.patience(MAX_WAIT)) is None:
            message = f"the ingestion named in {AFTER} is not applied yet"
            raise RefusedError(grpc.StatusCode.UNAVAILABLE, message)

    def _note_task(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)


def _texts(context: Context) -> dict[str, str]:
    return {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}


def _shorter(remaining: float | None, most: float | None) -> float | None:
    bounds = [bound for bound in (remaining, most) if bound is not None]
    return max(0.0, min(bounds)) if bounds else None


def _request_id(metadata: dict[str, str]) -> str:
    given = metadata.get(REQUEST_ID, "")
    return given if _REQUEST_ID_SHAPE.fullmatch(given) else f"req_{random.getrandbits(96):024x}"
