"""Whatever is sent: never a 5xx, and what is accepted is accounted for to the last record (invariant 1)."""

import asyncio

from hypothesis import HealthCheck, given, settings

from tests.support.hostile_requests import Hostile, hostile
from tests.support.portico import Client
from tests.support.wire import ask

_PATHS = {"events": "/v1/customer/events"}


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(sent=hostile())
async def test_any_request_is_answered_and_any_acceptance_kept(caller: Client, sent: Hostile) -> None:
    """An answer below 500 in the surface's own shape; a receipt whose outcomes sum up to the records."""
    path = _PATHS.get(sent.plural, f"/v1/customer/{sent.plural}:ingest") + sent.query
    reply = await ask(caller, "POST", path, sent.body, dict(sent.headers))
    if reply.status != 202:
        assert reply.status in (400, 409, 413), reply
        assert reply.error["code"]
        return
    ingestion = reply.json["correlationId"]
    receipt = await ask(caller, "GET", f"/v1/ingestions/{ingestion}", None, {"Prefer": "wait=20"})
    assert (200, "done") == (receipt.status, receipt.json["status"])
    assert reply.json["records"] == receipt.json["records"] == sum(receipt.json["counts"].values())


async def test_many_at_once_are_all_kept(caller: Client) -> None:
    """Fifty bodies that share ids, at once: each has its receipt."""
    path = "/v1/customer/leads:ingest"
    bodies = [
        f'{{"leads":[{{"id":"{n % 7}","source":"s","status":"{n}"}},{{"id":{n}}}]}}'.encode()
        for n in range(50)
    ]
    prefer: dict[str, str | None] = {"Prefer": "handling=lenient, wait=30"}
    replies = await asyncio.gather(*(ask(caller, "POST", path, body, prefer) for body in bodies))
    assert {202, 409} >= {reply.status for reply in replies}
    for reply in replies:
        accepted = reply.json if reply.status == 202 else reply.error["details"]
        counts = accepted["receipt"]["counts"]
        assert (2, 1) == (sum(counts.values()), counts["dead"])
