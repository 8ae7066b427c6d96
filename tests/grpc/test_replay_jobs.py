"""DeadLetters: replay jobs over gRPC, on a real store."""

import asyncio
import time

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo

from gateway.grpc.pb.portico.v1 import dead_letters_pb2 as pb
from tests.support.grpc_dead_letters import (
    OF_ACME,
    READER,
    a_customer,
    a_letter,
    audited,
    call,
    details,
    put,
    refused,
    run_job,
    stub,
)
from tests.support.grpc_world import TENANT, World


async def test_a_watched_job_shows_its_way_to_the_end(world: World) -> None:
    """Every letter has its result, in pages; the job ends, and so does the watch."""
    await put(
        world,
        *(a_letter(number) for number in range(7)),
        a_letter(7, body=a_customer(7, name=...)),
        a_letter(8, code="UNDECODABLE_MESSAGE"),
    )
    options = pb.ReplayOptions(rate=8_000, breaker=0.5)
    job = await call(world, "ReplayDeadLetters", selection=OF_ACME, options=options)
    assert (pb.ReplayJob.SCHEDULED, 9, 0, 8_000, 0.5, "caller", TENANT) == (
        job.state,
        job.letters,
        job.letters_done,
        job.options.rate,
        job.options.breaker,
        job.actor,
        job.tenant,
    )
    early = await call(world, "ListReplayResults", READER, name=job.name)
    assert (0, True) == (len(early.results), bool(early.next_page_token))
    watch = stub(world).WatchReplayJob(pb.WatchReplayJobRequest(name=job.name), metadata=READER, timeout=30)
    assert pb.ReplayJob.SCHEDULED == (await watch.read()).state
    running = asyncio.create_task(run_job(world, job.name))
    seen = []
    while (one := await watch.read()) is not grpc.aio.EOF:
        seen.append(one)
    await running
    end = seen[-1]
    assert end == await call(world, "GetReplayJob", READER, name=job.name)
    assert (pb.ReplayJob.DONE, 9, 1, 1, 7, 1, True) == (
        end.state,
        end.letters_done,
        end.letters_failed,
        end.letters_refused,
        end.counts.created,
        end.counts.dead,
        end.HasField("finish_time"),
    )
    pages, token = [], early.next_page_token
    while token:
        page = await call(world, "ListReplayResults", READER, name=job.name, page_size=4, page_token=token)
        pages.append([one.name for one in page.results])
        token = page.next_page_token
    names = [f"deadLetters/dl_{number}" for number in range(9)]
    assert [names[:4], names[4:8], names[8:]] == pages


async def test_a_job_is_held_resumed_and_ended(world: World) -> None:
    """What cannot be done with it as it stands is a precondition that failed, with the state."""
    await put(world, a_letter(1))
    job = await call(world, "ReplayDeadLetters", selection=OF_ACME)
    states = [
        (await call(world, f"{verb}ReplayJob", name=job.name)).state for verb in ("Pause", "Resume", "Cancel")
    ]
    assert [pb.ReplayJob.PAUSED, pb.ReplayJob.SCHEDULED, pb.ReplayJob.CANCELLED] == states
    error = await refused(world, "PauseReplayJob", name=job.name)
    assert (grpc.StatusCode.FAILED_PRECONDITION, {"state": "cancelled"}) == (
        error.code(),
        dict(details(error, ErrorInfo).metadata),
    )
    assert ["start", "pause", "resume", "cancel"] == [
        action.removesuffix(" replay job") for _, action, _ in await audited(world)
    ]
    second = await call(world, "ReplayDeadLetters", selection=OF_ACME)
    first_page = await call(world, "ListReplayJobs", READER, page_size=1)
    last_page = await call(
        world, "ListReplayJobs", READER, page_size=1, page_token=first_page.next_page_token
    )
    assert ([second.name], [job.name], "") == (
        [one.name for one in first_page.replay_jobs],
        [one.name for one in last_page.replay_jobs],
        last_page.next_page_token,
    )


async def test_a_watch_ends_with_its_deadline_or_its_watcher(world: World) -> None:
    """Nobody runs the job: the deadline is over, or the watcher left, and a drain waits for nothing."""
    await put(world, a_letter(1))
    job = await call(world, "ReplayDeadLetters", selection=OF_ACME)
    request = pb.WatchReplayJobRequest(name=job.name)
    watch = stub(world).WatchReplayJob(request, metadata=READER, timeout=1)
    assert job == await watch.read()
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await watch.read()
    assert grpc.StatusCode.DEADLINE_EXCEEDED == raised.value.code()
    left = stub(world).WatchReplayJob(request, metadata=READER)
    await left.read()
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left.read()
    began = time.monotonic()
    await world.server.stop(20)
    assert time.monotonic() - began < 10
