"""Operators and their calls to DeadLetters."""

import json
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest
from google.rpc.status_pb2 import Status

from domain.apply import ApplyRecords
from domain.clock import system_clock
from domain.receipts import DeadLetter
from domain.resolve import MatchPolicy
from gateway.grpc.pb.portico.v1 import dead_letters_pb2 as pb
from gateway.grpc.pb.portico.v1.dead_letters_pb2_grpc import DeadLettersStub
from tests.storage.builders import a_dead_letter
from tests.support.grpc_world import TENANT, World, caller
from tests.support.odp_v1_bodies import example
from tests.support.replays import Held, runner_of

READ, REPAIR, REPLAY = "operator.read", "operator.repair", "operator.replay"
ANA = caller(None, (REPAIR, REPLAY))
"""An operator of all tenants, with every role."""
BOUND = caller(TENANT, (REPAIR, REPLAY))
READER = caller(None, (READ,))
NOT_FOUND, INVALID = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT
OF_ACME = pb.LetterSelection(tenant=TENANT)


def a_letter(number: int, **changes: Any) -> DeadLetter:
    """The dead letter of a good customer."""
    facts = {"body": a_customer(number), "index": number, "first_seen": 1_000 + number, **changes}
    return a_dead_letter(f"dl_{number}", **facts)


def a_customer(number: int, **changes: Any) -> bytes:
    """A customer that shares no key with another."""
    own = {"id": f"c-{number}", "externalIds": [f"app:{number}"], "contacts": {}}
    return json.dumps(example("customers", **{**own, **changes})).encode()


def stub(world: World) -> Any:
    """A client."""
    return DeadLettersStub(world.channel)


async def call(world: World, method: str, metadata: Any = ANA, /, **request: Any) -> Any:
    """The answer to a unary call."""
    message = getattr(pb, f"{method}Request")(**request)
    return await getattr(stub(world), method)(message, metadata=metadata)


async def streamed(world: World, method: str, metadata: Any = ANA, /, **request: Any) -> list[Any]:
    """All answers to a call."""
    message = getattr(pb, f"{method}Request")(**request)
    return [one async for one in getattr(stub(world), method)(message, metadata=metadata)]


async def refused(world: World, method: str, metadata: Any = ANA, /, **request: Any) -> grpc.aio.AioRpcError:
    """The error that a call ends with."""
    many = method in {"PatchDeadLetters", "DryRunDeadLetters", "DiscardDeadLetters", "WatchReplayJob"}
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await (streamed if many else call)(world, method, metadata, **request)
    return raised.value


def details(error: grpc.aio.AioRpcError, kind: Any) -> Any:
    """The detail of a kind that an error carries."""
    [packed] = [value for key, value in error.trailing_metadata() or () if key == "grpc-status-details-bin"]
    status = Status.FromString(packed)
    assert (error.code().value[0], error.details()) == (status.code, status.message)
    found = kind()
    assert any(detail.Unpack(found) for detail in status.details)
    return found


def fields(error: grpc.aio.AioRpcError) -> list[str]:
    """The fields that an error says are wrong."""
    assert INVALID == error.code()
    return [violation.field for violation in details(error, BadRequest).field_violations]


async def put(world: World, *letters: DeadLetter) -> None:
    """Keep dead letters."""
    await world.store.dead_letters.put_many(list(letters))


async def audited(world: World) -> list[tuple[str, str, str]]:
    """Who did what with which letter or job, in order."""
    found = await world.store._database.collection("audit").find({}, sort=[("at", 1)])
    return [(one["actor"], one["action"], one["letter_id"]) for one in found]


async def run_job(world: World, name: str) -> None:
    """Run a job to its end, as an ingestor does."""
    store = world.store
    apply = ApplyRecords(store.records, store.identities, store.dedupe, system_clock, MatchPolicy())
    await runner_of(store, apply).run(name.removeprefix("replayJobs/"), Held())
