"""An operator's day at the terminal: a faulty batch is understood, mended, and replayed through kills."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from storage.driver import open_database
from tests.support.operators import Operator, posted
from tests.support.operators_story import FAULTY, batch, the_end_is_exact
from tests.support.portico import Client
from tests.support.rabbitmq import RabbitNode
from tests.support.stacks import Stack, production_stack
from tests.support.tokens import minted


@pytest.fixture
async def own(tmp_path: Path, rabbitmq_session: RabbitNode, mongodb_url: str) -> AsyncIterator[Stack]:
    """A gateway and an ingestor that may be killed."""
    name = f"portico_story_{uuid.uuid4().hex[:8]}"
    async with production_stack(
        tmp_path, amqp_url=rabbitmq_session.url, queue=name, mongodb_url=mongodb_url, database=name
    ) as stack:
        yield stack


async def until(own: Stack, job: str, letters: int) -> None:
    """Return when the job has tried so many letters."""
    async with asyncio.timeout(60), open_database(own.mongodb_url, own.database) as database:
        while True:
            [seen] = await database.collection("replay_jobs").find({"_id": job})
            if seen["progress"]["letters"] >= letters:
                return
            await asyncio.sleep(0.05)


async def test_a_faulty_batch_is_understood_mended_and_replayed(own: Stack, tmp_path: Path) -> None:
    """What could be mended is stored, once, and the rest says why; whoever did what is in the audit."""
    operator, tenant = Operator.beside(own, tmp_path), "acme"
    sent = batch()
    async with aiohttp.ClientSession() as session:
        client = Client(session, own.gateway.url, minted(tenant))
        assert {"created": 970, "dead": FAULTY} == await posted(client, *sent)

    groups = {group["code"]: group for group in await operator.sees("groups", "--tenant", tenant)}
    assert {"REQUIRED": 10, "INVALID_TYPE": 10, "INVALID_TIMESTAMP": 10} == {
        code: group["count"] for code, group in groups.items()
    }
    tried = await operator.sees("dry-run", "--tenant", tenant, status=1)
    assert [{"still fails": 1}] * FAULTY == [one["outcomes"] for one in tried]

    wrong_type = ("--fingerprint", groups["INVALID_TYPE"]["fingerprint"])
    wrap = (*wrong_type, "--transform", "wrap-in-array", "--arg", "pointer=/externalIds")
    [sample, *_] = await operator.sees("patch", *wrap, "--preview")
    assert {"would create": 1} == sample["outcomes"]
    patched = await operator.does("patch", *wrap)
    assert [""] * 10 == [one["refused"] for one in patched]
    [nameless, *_] = await operator.sees("list", "--fingerprint", groups["REQUIRED"]["fingerprint"])
    (tmp_path / "record.json").write_text(json.dumps({**sent[nameless["index"]], "name": "Mended"}))
    edit = ("edit", nameless["id"], "--file", "record.json", "--revision", "1", "--actor", "ana")
    assert 0 == (await operator.types(*edit))[0]

    job = (await operator.does("replay", "--tenant", tenant, "--rate", "2", "--detach"))["id"]
    await until(own, job, 3)
    assert "paused" == (await operator.does("pause", job))["state"]
    await own.ingestor.kill()
    held = (await operator.sees("job", job))["letters"]
    await own.ingestor.start()
    assert held <= (await operator.sees("job", job))["letters"] <= held + 1  # what it had in hand
    await operator.does("resume", job)
    await until(own, job, held + 4)
    await own.ingestor.kill()
    await own.ingestor.start()
    await until(own, job, FAULTY)
    done = await operator.sees("job", job)

    mended = {nameless["id"], *(one["id"] for one in patched)}
    assert ("done", FAULTY, FAULTY - 11, 0) == tuple(
        done[name] for name in ("state", "total", "failed", "refused")
    )
    assert mended == {line["id"] for line in done["lines"] if line["state"] == "resolved"}
    await the_end_is_exact(own, sent, nameless["index"], job)
