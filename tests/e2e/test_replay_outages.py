"""A replay while the broker is away: it needs none (ADR 17), whatever becomes of the process that runs it."""

import asyncio
from pathlib import Path

from domain.dead_letters.entities import Selection
from domain.records import Outcome
from domain.replay.entities import ReplayJob, ReplayOptions
from domain.replay.use_case import ReplayJobs
from storage.store import open_store
from tests.domain.test_dead_letters import a_letter
from tests.support.portico import PorticoProcess
from tests.support.proxy import Proxy
from tests.support.rabbitmq import RabbitNode
from tests.support.replays import jobs_of

LETTERS = 40


async def at(jobs: ReplayJobs, id: str, letters: int) -> ReplayJob:
    """The job once it has done so many letters."""
    async with asyncio.timeout(60):
        while (job := await jobs.get(id)).progress.letters < letters:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return job


async def test_a_replay_needs_no_broker(
    tmp_path: Path, rabbitmq: RabbitNode, mongodb_url: str, database_name: str
) -> None:
    """It goes on while RabbitMQ refuses everybody, also in an ingestor that is killed and started then."""
    async with Proxy(rabbitmq.port) as broker, open_store(mongodb_url, name=database_name) as store:
        settings = {
            "PORTICO_AMQP_URL": f"amqp://guest:guest@127.0.0.1:{broker.port}/",
            "PORTICO_QUEUE_NAME": database_name,
            "PORTICO_MONGODB_URL": mongodb_url,
            "PORTICO_MONGODB_DATABASE": database_name,
        }
        ingestor = PorticoProcess("ingestor", tmp_path, settings)
        try:
            await ingestor.start()
            await broker.refuse()
            await store.dead_letters.put_many([a_letter(n) for n in range(LETTERS)])
            jobs = jobs_of(store)
            job = await jobs.start(Selection(), ReplayOptions(rate=20))
            await at(jobs, job.id, 5)
            await ingestor.kill()
            await ingestor.start(ready=False)
            done = await at(jobs, job.id, LETTERS)
            # What the killed one had stored and not yet said so is unchanged when it is tried again.
            assert LETTERS == sum(done.progress.outcomes.values())
            assert {Outcome.CREATED, Outcome.UNCHANGED} >= done.progress.outcomes.keys()
            broker.admit()
            await ingestor.wait_ready()
        finally:
            await ingestor.close()
