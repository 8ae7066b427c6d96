"""What bodies that are made to be slow do to everybody else."""

import asyncio
import io
import time

from tests.support.portico import Client

_SLOW = b'{"customer":{"x":[NaN,' + b"0," * 4_000_000 + b"0]}}"
"""Just under 8 MiB, and every value of it must be looked at to name what is wrong."""


async def test_a_body_that_takes_long_to_judge_holds_up_nobody_else(caller: Client) -> None:
    """Others are answered while it is validated: none of them waits for as much as half of that time."""
    started = time.monotonic()
    slow = asyncio.create_task(_post(caller, _SLOW))
    waits: list[float] = []
    while not slow.done():
        asked = time.monotonic()
        assert 200 == (await caller.get("/.well-known/opendelivery"))[0]
        waits.append(time.monotonic() - asked)

    assert 400 == await slow
    assert max(waits) < (time.monotonic() - started) / 2


async def _post(client: Client, body: bytes) -> int:
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": "application/json"}
    url = f"{client.url}/v1/customer/customers:ingest"
    async with client.session.post(url, data=io.BytesIO(body), headers=headers) as response:
        return response.status
