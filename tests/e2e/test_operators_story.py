"""An operator's day at the terminal: a faulty batch is understood, mended, and replayed through kills."""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from storage.driver import open_database
from tests.e2e.test_dead_letters import customer
from tests.support.operators import Operator, posted
from tests.support.portico import Client
from tests.support.rabbitmq import RabbitNode
from tests.support.stacks import Stack, production_stack
from tests.support.tokens import minted

FAULTY = 30


@pytest.fixture
async def own(tmp_path: Path, rabbitmq_session: RabbitNode, mongodb_url: str) -> AsyncIterator[Stack]:
    """A gateway and an ingestor that may be killed."""
    name = f"portico_story_{uuid.uuid4().hex[:8]}"
    async with production_stack(
        tmp_path, amqp_url=rabbitmq_session.url, queue=name, mongodb_url=mongodb_url, database=name
    ) as stack:
        yield stack


def batch() -> list[dict[str, Any]]:
    """A thousand customers, the first thirty faulty: ten in each of three ways."""
    faults: list[dict[str, Any]] = [
        fault
        for n in range(0, FAULTY, 3)
        for fault in ({"name": ...}, {"externalIds": f"app:{n + 1}"}, {"updatedAt": "yesterday"})
    ]
    return [customer(n, **(faults[n] if n < FAULTY else {})) for n in range(1_000)]


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
    await the_end_is_exact(own, operator, sent, nameless, mended, job)


async def the_end_is_exact(
    own: Stack,
    operator: Operator,
    sent: list[dict[str, Any]],
    nameless: dict[str, Any],
    mended: set[str],
    job: str,
) -> None:
    """Each record, each letter, and the whole audit."""
    left = await operator.sees("list", "--state", "all", "--limit", "100")
    assert {("resolved", 1): 11, ("open", 2): 19} == Counter((one["state"], one["attempts"]) for one in left)
    async with open_database(own.mongodb_url, own.database) as database:
        stored = await database.collection("customers").find({})
        audit = await database.collection("audit").find({})
        letters = await database.collection("dead_letters").find({})

    names = {one["sources"]["odp_v1"]["key"]: one["fields"]["display_name"] for one in stored}
    good = {one["id"]: one["name"] for n, one in enumerate(sent) if n >= FAULTY or n % 3 == 1}
    assert {**good, sent[nameless["index"]]["id"]: "Mended"} == names
    assert {"ana"} == {entry["actor"] for entry in audit}
    of_jobs = Counter(entry["action"] for entry in audit if not entry["letter_id"])
    assert {f"{act} replay job": 1 for act in ("start", "pause", "resume")} == of_jobs
    told = Counter((entry["letter_id"], entry["action"]) for entry in audit if entry["letter_id"])
    for letter in letters:
        acts = [entry["action"] for entry in letter["history"]]
        change = (
            [] if letter["_id"] not in mended else ["edit" if letter["_id"] == nameless["id"] else "patch"]
        )
        assert [*change, "replay"] == acts
        assert all(told[letter["_id"], act] >= 1 for act in [*acts, "replayed"])
        assert job == letter["job"]
