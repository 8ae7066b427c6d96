"""A load of ingestions from several tenants, and what a client knows of them afterwards."""

import asyncio
import json
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import aiohttp

from domain.clock import system_clock
from gateway.auth import mint_token
from tests.support.portico import ALL_SCOPES, SECRETS

_SENDERS = 8
_VERSIONS = 40
_TOLD_AGAIN = 0.05
_ANSWER_WITHIN = 15.0
_PAUSE = 0.25
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

Body = dict[str, Any]


def customer(number: int, version: int) -> Body:
    """Version `version` of a customer; all that it says follows from the two numbers."""
    return {
        "id": f"customer-{number}",
        "externalIds": [f"app:{number}"],
        "name": f"Customer {number}, version {version}",
        "contacts": {"email": f"customer-{number}@example.com"},
        "consent": {"marketing": version % 2 == 0},
        "createdAt": _EPOCH.isoformat(),
        "updatedAt": (_EPOCH + timedelta(seconds=version)).isoformat(),
    }


def lead(number: int) -> Body:
    """A lead, the same however often it is told."""
    return {"id": f"lead-{number}", "source": "campaign", "status": "new"}


def malformed_lead(number: int) -> Body:
    """A lead that breaks the contract."""
    return {"id": f"malformed-{number}", "source": "campaign"}


def event(number: int) -> Body:
    """A fact, the same however often it is told."""
    return {
        "eventType": "customer.updated",
        "entityType": "customer",
        "occurredAt": (_EPOCH + timedelta(seconds=number)).isoformat(),
        "payload": {"customerId": f"customer-{number}", "number": number},
    }


@dataclass(frozen=True)
class Batch:
    """One request to ingest."""

    tenant: str
    plural: str
    records: tuple[Body, ...]
    key: str
    """Its `Idempotency-Key`."""

    @property
    def path(self) -> str:
        """Where it is posted to."""
        return f"/v1/customer/{self.plural if self.plural == 'events' else f'{self.plural}:ingest'}"

    @property
    def body(self) -> bytes:
        """What is posted."""
        name, value = (
            (self.plural.removesuffix("s"), self.records[0])
            if len(self.records) == 1
            else (self.plural, list(self.records))
        )
        return json.dumps({name: value}).encode()

    @property
    def malformed(self) -> dict[int, Body]:
        """The records that break the contract, by their place."""
        return {place: one for place, one in enumerate(self.records) if is_malformed(one)}


def is_malformed(record: Body) -> bool:
    """Whether it was made by `malformed_lead`."""
    return str(record.get("id")).startswith("malformed-")


@dataclass
class Ledger:
    """What the clients know: attempts, what was accepted, and what nobody ever answered."""

    accepted: dict[str, Batch] = field(default_factory=dict)
    """By ingestion id."""
    unknown: list[Batch] = field(default_factory=list)
    """The connection ended, or 503 was answered, and the client did not try again."""
    attempts: Counter[str] = field(default_factory=Counter)
    """Records in every attempt, by the attempt's result."""
    recovered: int = 0
    """Records that were accepted after a failed attempt."""
    surprises: list[str] = field(default_factory=list)
    """Answers that no client expects."""

    @property
    def acknowledged(self) -> int:
        """Records in accepted ingestions."""
        return sum(len(batch.records) for batch in self.accepted.values())


class Plan:
    """An endless series of batches: creates, updates in any order, repeats, malformed records."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._load = uuid.uuid4().hex[:8]
        self.tenants = [f"load-{self._load}-{letter}" for letter in "abc"]
        self._known = Counter({(tenant, plural): 0 for tenant in self.tenants for plural in _MIX})

    def __iter__(self) -> Iterator[Batch]:
        number = 0
        last: dict[tuple[str, str], tuple[Body, ...]] = {}
        while True:
            number += 1
            tenant, plural = self._random.choice(self.tenants), self._random.choice(_MIX)
            records = last.get((tenant, plural), ())
            if not records or self._random.random() > _TOLD_AGAIN:
                size = 1 if self._random.random() < 0.5 else self._random.randint(2, 30)
                records = tuple(self._record(tenant, plural) for _ in range(size))
                if not any(map(is_malformed, records)):
                    last[tenant, plural] = records
            yield Batch(tenant, plural, records, f"{self._load}-{number}")

    def _record(self, tenant: str, plural: str) -> Body:
        chance, known = self._random.random(), self._known[tenant, plural]
        number = known
        if known and chance < 0.5:
            number = self._random.randrange(known)
        else:
            self._known[tenant, plural] += 1
        if plural == "customers":
            return customer(number, self._random.randint(1, _VERSIONS))
        if plural == "events":
            return event(number)
        return malformed_lead(number) if chance > 0.95 else lead(number)


_MIX = ("customers", "customers", "leads", "events")


class Load:
    """Sends a plan's batches until it is left; each is tried again under its key until it is accepted.

    One client in eight is impatient: it tries once, and what became of that is unknown to it.
    """

    def __init__(self, url: str, seed: int, *, rate: float = 20.0) -> None:
        """`rate`: batches a second at most, of 8 records on average."""
        print(f"load of seed {seed}")
        self.plan = Plan(seed)
        self.ledger = Ledger()
        self._url = url
        self._batches = iter(self.plan)
        self._pause = _SENDERS / rate
        self._tokens = {tenant: token_of(tenant) for tenant in self.plan.tenants}
        self._stopping = asyncio.Event()
        self._senders: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_WITHIN))
        self._senders = [asyncio.create_task(self._send(impatient=number == 0)) for number in range(_SENDERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        try:
            await asyncio.gather(*self._senders)
        finally:
            for sender in self._senders:
                sender.cancel()
            await self._session.close()

    async def acknowledges(self, records: int) -> None:
        """Return when `records` more are acknowledged."""
        goal = self.ledger.acknowledged + records
        async with asyncio.timeout(60):
            while self.ledger.acknowledged < goal:
                for sender in self._senders:
                    if sender.done():
                        sender.result()
                await asyncio.sleep(0.02)

    async def _send(self, *, impatient: bool) -> None:
        while not self._stopping.is_set():
            batch = next(self._batches)
            failed = False
            while not await self._attempt(batch, failed=failed):
                failed = True
                if impatient or self._stopping.is_set():
                    self.ledger.unknown.append(batch)
                    break
                await asyncio.sleep(_PAUSE)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause):
                    await self._stopping.wait()

    async def _attempt(self, batch: Batch, *, failed: bool) -> bool:
        """Whether there is nothing more to try."""
        ledger, records = self.ledger, len(batch.records)
        headers = {
            "Authorization": f"Bearer {self._tokens[batch.tenant]}",
            "Content-Type": "application/json",
            "Idempotency-Key": batch.key,
            "Prefer": "handling=lenient",
        }
        try:
            async with self._session.post(self._url + batch.path, data=batch.body, headers=headers) as answer:
                status, text = answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            ledger.attempts["no answer"] += records
            return False
        ledger.attempts[str(status)] += records
        if status == 202:
            ledger.accepted[json.loads(text)["correlationId"]] = batch
            ledger.recovered += records if failed else 0
            return True
        if status == 503 and answer.headers.get("Retry-After") and json.loads(text)["error"]["retryable"]:
            return False
        ledger.surprises.append(f"{status} to {batch.path}: {text}")
        return True


def token_of(tenant: str) -> str:
    """A token for `tenant`, with every scope."""
    return mint_token(
        SECRETS["PORTICO_JWT_KEY"].encode(),
        issuer="portico",
        audience="portico",
        tenant=tenant,
        scopes=[ALL_SCOPES],
        subject="load",
        ttl=3600,
        now=system_clock(),
    )
