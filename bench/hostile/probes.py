"""A stranger's questions for things that others have and things that nobody has, in turns."""

import string
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import grpc

from bench.hostile.figures import kolmogorov_smirnov, mann_whitney, percentile
from gateway.grpc.pb.portico.v1 import customers_pb2, customers_pb2_grpc
from tests.support.odp_v1_bodies import example
from tests.support.tokens import minted

_Ask = Callable[[str], Awaitable[Any]]
"""What is answered to a question for a name: everything of it that does not differ from call to call."""
_OWNED = 100
_ENDING = 6
"""Characters of a name that are others in the name of nobody's."""


@dataclass
class Told:
    """What one kind of question told apart."""

    kind: str
    pairs: int = 0
    differing: int = 0
    """Pairs whose answers differ in more than their request id and time."""
    theirs: list[float] = field(default_factory=list)
    nobodys: list[float] = field(default_factory=list)
    """Milliseconds each."""

    def figures(self) -> dict[str, Any]:
        """For the report."""
        return {
            "kind": self.kind,
            "pairs": self.pairs,
            "differing answers": self.differing,
            "median of another tenant's, ms": percentile(self.theirs, 0.5),
            "median of nobody's, ms": percentile(self.nobodys, 0.5),
            "p of Mann and Whitney": round(mann_whitney(self.theirs, self.nobodys), 4),
            "p of Kolmogorov and Smirnov": round(kolmogorov_smirnov(self.theirs, self.nobodys), 4),
        }


async def probe(kind: str, ask: _Ask, theirs: list[str], pairs: int) -> Told:
    """Ask for one of `theirs` and for one of nobody's, in random order, again and again."""
    random, told = Random(pairs), Told(kind)  # noqa: S311 - the same order every time
    for name in theirs:
        await ask(name)  # what is made at the first call is made
    for number in range(pairs):
        name = theirs[number % len(theirs)]
        ending = "".join(random.choices(string.digits, k=_ENDING))
        asked = [(told.theirs, name), (told.nobodys, name[:-_ENDING] + ending)]
        random.shuffle(asked)
        answers = []
        for times, one in asked:
            begun = time.perf_counter()
            answers.append(await ask(one))
            times.append((time.perf_counter() - begun) * 1000)
        told.pairs += 1
        told.differing += answers[0] != answers[1]
    return told


async def probes(url: str, target: str, pairs: int) -> list[dict[str, Any]]:
    """Ask in every way that reads one thing by its name, over REST and gRPC."""
    names = [f"{who}-{uuid.uuid4().hex[:8]}" for who in ("owner", "stranger")]
    async with aiohttp.ClientSession() as session, grpc.aio.insecure_channel(target) as channel:
        # The stranger has as much of its own: a tenant without anything would be another question.
        owned, _ = [await _filled(session, url, name) for name in names]
        stranger = Stranger(session, channel, url, f"Bearer {minted(names[1])}")
        kinds: list[tuple[str, _Ask, list[str]]] = [
            ("REST, a customer by its id", stranger.customer, owned.ids),
            ("REST, a customer by an external id", stranger.customer, owned.external),
            ("REST, an ingestion", stranger.ingestion, owned.ingestions),
            ("gRPC, a customer by its id", stranger.call, owned.ids),
        ]
        return [(await probe(kind, ask, theirs, pairs)).figures() for kind, ask, theirs in kinds]


@dataclass(frozen=True)
class Owned:
    """What a tenant has."""

    ids: list[str]
    external: list[str]
    ingestions: list[str]


async def _filled(session: aiohttp.ClientSession, url: str, tenant: str) -> Owned:
    headers = {"Authorization": f"Bearer {minted(tenant)}", "Prefer": "wait=30"}
    ingestions, keys = [], [f"{tenant}-{number:03}" for number in range(_OWNED)]
    for key in keys:
        customer = {
            **example("customers", id=key, externalIds=[f"app:{key}"]),
            "contacts": {"email": f"{key}@example.com"},
        }
        path = f"{url}/v1/customer/customers:ingest"
        async with session.post(path, json={"customer": customer}, headers=headers) as response:
            response.raise_for_status()
            ingestions.append(response.headers["Portico-Ingestion"])
    async with session.get(f"{url}/v2/customers?pageSize={_OWNED}", headers=headers) as response:
        ids = [one["id"] for one in await response.json()]
    return Owned(ids, [f"app:{key}" for key in keys], ingestions)


@dataclass(frozen=True)
class Stranger:
    """Asks with its own good token."""

    session: aiohttp.ClientSession
    channel: grpc.aio.Channel
    url: str
    bearer: str

    async def customer(self, name: str) -> Any:
        """Over REST."""
        return await self._get(f"/v2/customers/{name}")

    async def ingestion(self, name: str) -> Any:
        """Over REST."""
        return await self._get(f"/v1/ingestions/{name}")

    async def call(self, name: str) -> Any:
        """For a customer over gRPC."""
        stub = customers_pb2_grpc.CustomersStub(self.channel)
        request = customers_pb2.GetCustomerRequest(name=f"customers/{name}")
        try:
            return await stub.GetCustomer(request, metadata=[("authorization", self.bearer)])
        except grpc.aio.AioRpcError as error:
            return error.code(), error.details()

    async def _get(self, path: str) -> Any:
        async with self.session.get(self.url + path, headers={"Authorization": self.bearer}) as response:
            body = await response.json()
            if "error" in body:
                del body["error"]["timestamp"]
            told = [one for one in response.headers.items() if one[0].lower() not in ("x-request-id", "date")]
            return response.status, body, told
