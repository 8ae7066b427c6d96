"""The deliveries of one endpoint: its lanes side by side, each in order, slower while it fails."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from domain.clock import Clock
from domain.deliveries import Delivery
from domain.endpoints import Endpoint
from domain.errors import TransientError
from domain.ports import DeadLetterStore
from domain.tracing import trace_id_of
from ingestor.webhooks.dead_letters import letter_of_delivery
from ingestor.webhooks.metrics import WebhookMetrics
from ingestor.webhooks.send import Attempt, Sender
from storage.deliveries import DeliveryRepository

_log = structlog.get_logger(__name__)

_IDLE, _AWAY = 0.5, 1.0
"""Seconds until it looks again though nobody woke it, and while the store is away."""
_DUE_A_READ = (64, 1024)
_IN_A_ROW = 50
"""Deliveries of one lane before others have their turn."""
_FAILURES = 5
"""Attempts that fail in a row before the endpoint as a whole is tried less often."""
_LONGEST_REST = 60.0
"""Seconds, at most, that it is left alone then."""
_GIVEN_UP_AT_ONCE = 100
_TIMES_KEPT = 100


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a delivery is tried again, and when no more."""

    attempts: int = 20
    """At most."""
    age: float = 72 * 3600.0
    """Seconds after which a delivery that fails is given up."""
    first_pause: float = 1.0
    """Seconds after the first failure; doubled at each further one."""
    longest_pause: float = 3600.0
    """Seconds, at most."""
    concurrency: int = 4
    """Lanes of one endpoint that are delivered to at a time."""

    def pause(self, failures: int) -> int:
        """Milliseconds to wait after so many failures, with jitter."""
        return _jittered(self.first_pause, failures, self.longest_pause)

    def rest(self, failures: int) -> int:
        """Milliseconds to leave an endpoint alone after so many failures in a row, with jitter."""
        return _jittered(self.first_pause, failures - _FAILURES + 1, min(_LONGEST_REST, self.longest_pause))


def _jittered(first: float, failures: int, longest: float) -> int:
    whole = min(first * 2.0 ** min(failures - 1, 40), longest)
    return int(random.uniform(whole / 2, whole) * 1000)  # noqa: S311 - not a secret


def _names(delivery: Delivery) -> dict[str, str]:
    """What log lines about one delivery say of it."""
    names = {"tenant": delivery.tenant, "fact": delivery.fact_id}
    return {**names, "trace_id": trace_id_of(delivery.trace)} if delivery.trace else names


@dataclass(frozen=True, slots=True)
class Desk:
    """What all workers share."""

    deliveries: DeliveryRepository
    dead_letters: DeadLetterStore
    sender: Sender
    metrics: WebhookMetrics
    clock: Clock
    policy: RetryPolicy


class Worker:
    """Delivers to one endpoint until it is stopped."""

    def __init__(self, desk: Desk, endpoint: Callable[[], Endpoint], stopping: asyncio.Event) -> None:
        """`endpoint` gives the endpoint as it is known now."""
        self._desk = desk
        self._endpoint = endpoint
        self._stopping = stopping
        self._awake = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._failures = 0
        self._rests_until = 0

    def wake(self) -> None:
        """There is something new."""
        self._awake.set()

    async def run(self) -> None:
        """Deliver until it is stopped; what is being sent then is finished first."""
        try:
            while not self._stopping.is_set():
                self._awake.clear()
                try:
                    await self._start_lanes()
                except TransientError:
                    await self._pause(_AWAY)
                else:
                    await self._pause(self._idle_seconds())
            if self._busy:
                await asyncio.wait(self._busy.values())
        finally:
            for task in self._busy.values():
                task.cancel()

    def _idle_seconds(self) -> float:
        rest = (self._rests_until - self._desk.clock()) / 1000
        return min(rest, _IDLE) if rest > 0 else _IDLE

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            pass

    async def _start_lanes(self) -> None:
        now, policy = self._desk.clock(), self._desk.policy
        if now < self._rests_until:
            return
        failing = self._failures >= _FAILURES
        if failing:
            await self._give_up_old(now)
        free = (1 if failing else policy.concurrency) - len(self._busy)
        if free <= 0:
            return
        for lane in (await self._due_lanes(now))[:free]:
            task = asyncio.create_task(self._deliver_lane(lane))
            self._busy[lane] = task
            task.add_done_callback(lambda done, lane=lane: self._ended(lane, done))  # type: ignore[misc]

    async def _due_lanes(self, now: int) -> list[str]:
        """Lanes with something due that are not in work; looks further where those in work have much."""
        for limit in _DUE_A_READ:
            lanes = await self._desk.deliveries.due_lanes(self._endpoint().id, now, limit)
            if idle := [lane for lane in lanes if lane not in self._busy]:
                return idle
            if not self._busy:
                break
        return []

    def _ended(self, lane: str, task: "asyncio.Task[None]") -> None:
        del self._busy[lane]
        self._awake.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("webhook_lane_failed", endpoint=self._endpoint().id, exc_info=error)

    async def _deliver_lane(self, lane: str) -> None:
        deliveries = self._desk.deliveries
        try:
            for _ in range(_IN_A_ROW):
                delivery = await deliveries.first(self._endpoint().id, lane)
                if delivery is None or self._stopping.is_set():
                    return
                if delivery.due_at > self._desk.clock():
                    # It waits after a failure: what came behind it since must wait with it.
                    await deliveries.postpone(delivery, due_at=delivery.due_at)
                    return
                with structlog.contextvars.bound_contextvars(**_names(delivery)):
                    if not await self._deliver(delivery):
                        return
            if delivery := await deliveries.first(self._endpoint().id, lane):
                # Behind those that wait for their turn.
                due_at = max(delivery.due_at, self._desk.clock())
                await deliveries.postpone(delivery, due_at=due_at)
        except TransientError:
            _log.warning("webhook_store_away", endpoint=self._endpoint().id)
            await asyncio.sleep(_AWAY)

    async def _deliver(self, delivery: Delivery) -> bool:
        """Try it once; whether it is done with."""
        metrics = self._desk.metrics
        if delivery.attempts:
            metrics.retried.inc()
        with metrics.attempt_seconds.time():
            attempt = await self._desk.sender.send(self._endpoint(), delivery)
        metrics.attempts.labels("delivered" if attempt.delivered else "failed").inc()
        if attempt.delivered:
            self._failures = 0
            await self._desk.deliveries.remove([delivery.id])
            metrics.seconds.observe(max(0, self._desk.clock() - delivery.made_at) / 1000)
            _log.debug("webhook_delivered", endpoint=delivery.endpoint_id)
            return True
        return await self._failed(delivery, attempt)

    async def _failed(self, delivery: Delivery, attempt: Attempt) -> bool:
        policy, now = self._desk.policy, self._desk.clock()
        attempts = delivery.attempts + 1
        times = (*delivery.attempted_at, now)[-_TIMES_KEPT:]
        delivery = replace(delivery, attempts=attempts, attempted_at=times)
        self._failures += 1
        if self._failures >= _FAILURES:
            self._rests_until = now + policy.rest(self._failures)
        _log.info(
            "webhook_failed",
            endpoint=delivery.endpoint_id,
            attempts=attempts,
            reason=attempt.reason,
        )
        if attempts >= policy.attempts or now - delivery.kept_at > policy.age * 1000:
            await self._give_up([delivery], attempt.reason)
            return True
        await self._desk.deliveries.postpone(delivery, due_at=now + policy.pause(attempts))
        return False

    async def _give_up_old(self, now: int) -> None:
        """Of an endpoint that fails, what is too old is given up without waiting for its turn."""
        too_old = now - int(self._desk.policy.age * 1000)
        old = await self._desk.deliveries.older(self._endpoint().id, too_old, _GIVEN_UP_AT_ONCE)
        free = [delivery for delivery in old if delivery.lane not in self._busy]
        if free:
            await self._give_up(free, "its endpoint fails, and it is too old")

    async def _give_up(self, deliveries: list[Delivery], reason: str) -> None:
        now, endpoint = self._desk.clock(), self._endpoint()
        letters = [letter_of_delivery(one, endpoint, reason, now) for one in deliveries]
        await self._desk.dead_letters.put_many(letters)
        await self._desk.deliveries.remove([one.id for one in deliveries])
        self._desk.metrics.dead.inc(len(deliveries))
        _log.warning(
            "webhook_given_up",
            tenant=endpoint.tenant,
            endpoint=endpoint.id,
            deliveries=len(deliveries),
            reason=reason,
        )
