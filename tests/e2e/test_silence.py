"""No personal data and no token leaves by the log or the metrics (issue 2)."""

import gzip
import json
from urllib.parse import urlsplit

import aiohttp

from contracts.odp_v1.examples import EXAMPLES
from gateway.rest.server import Address
from tests.support.gateway_http import connected
from tests.support.odp_v1_bodies import example, one
from tests.support.portico import Client
from tests.support.stacks import Stack
from tests.support.tokens import minted
from tests.support.wire import ask, ingest

MARK = "Wilhelmine-Quux"
"""In every name, address, header and id that is sent here."""
BREAK = '\\n{"event":"forged","level":"info"}\\n'


async def _provoke(caller: Client) -> list[int]:
    person = {
        "id": f"id-{MARK}",
        "name": f"{MARK} de Souza{BREAK}",
        "externalIds": [f"app:{MARK}"],
        "contacts": {"email": f"{MARK}@example.com", "phone": f"+55 {MARK}", MARK: BREAK},
        "document": f"{MARK}-00",
    }
    good = json.dumps({"customer": example("customers", **person)}).encode()
    lenient = {"Prefer": "handling=lenient, wait=10"}
    replies = [
        await ingest(caller, "customers", good, Prefer="wait=20"),
        await ingest(caller, "customers", good, **lenient, Idempotency_Key=MARK, traceparent=MARK),
        await ingest(caller, "customers", good[:-2], **lenient),
        await ingest(caller, "customers", good.replace(b"example.com", b"\xff"), **lenient),
        await ingest(caller, "customers", good.replace(b"2026-03-24T12", b"2026-03-24 12"), **lenient),
        await ingest(caller, "customers", b'{"customers":[' + good + b"]}", **lenient),
        await ingest(caller, "customers", gzip.compress(good)[:-4], Content_Encoding="gzip"),
        await ingest(caller, "customers", good, Content_Encoding=MARK, Content_Type=MARK),
        await ingest(caller, "customers", good, Content_Type=f"application/json; charset={MARK}"),
        *[
            await ingest(caller, plural, one(plural, comment=MARK, name=MARK), Prefer=MARK)
            for plural in EXAMPLES
        ],
        await ask(caller, "GET", f"/{MARK}%0A%0D{{}}?x={MARK}"),
        await ask(caller, "GET", f"/v1/ingestions/{MARK}%0A"),
        await ask(caller, "GET", f"/v1/customer/orders?customerId={MARK}%0A%22"),
        await ask(caller, "GET", f"/v1/customer/customers?cursor={MARK}&page={MARK}"),
        await ask(
            caller, "GET", "/v1/customer/customers", None, {"Portico-After": MARK, "X-Request-Id": "é"}
        ),
        await ask(caller, "GET", "/v1/customer/customers", None, {"Authorization": f"Bearer {MARK}.a.b"}),
        await ask(caller, "GET", "/v1/customer/customers", None, {"Authorization": f"Basic {MARK}"}),
        await ask(caller, "GET", "/v1/customer/customers", None, {"Expect": MARK, "Accept": MARK}),
    ]
    assert 5 < len([reply for reply in replies if reply.status == 202])
    address = Address("127.0.0.1", urlsplit(caller.url).port or 0, tls=False)
    for broken in (f"GET /{MARK} HTTP/9\r\n\r\n", f"{MARK}\r\n\r\n", f"GET / HTTP/1.1\r\n{MARK}\r\n\r\n"):
        async with connected(address) as connection:
            await connection.send(broken.encode())
            replies_status = (await connection.answer()).status
            assert 400 == replies_status
    return [reply.status for reply in replies]


async def test_the_log_and_the_metrics_say_nothing_of_persons_and_tokens(
    embedded: Stack, caller: Client, tenant: str
) -> None:
    """Every line is one JSON object; nothing that was sent, good or bad, stands in any."""
    assert not [status for status in await _provoke(caller) if status >= 500]
    forged = minted(tenant, key="another-key-that-is-long-enough-for-hs256")
    await ask(caller, "GET", "/v1/customer/customers", None, {"Authorization": f"Bearer {forged}"})
    log = embedded.gateway.log()
    async with aiohttp.ClientSession() as session, session.get(f"{embedded.gateway.admin}/metrics") as answer:
        metrics = await answer.text()

    for text in (log, metrics):
        for secret in (MARK, "forged", "Souza", "example.com", "Bearer", caller.token, forged):
            assert secret not in text, secret
        assert caller.token.split(".")[2] not in text
    assert tenant not in metrics
    started = log.splitlines()
    entries = [json.loads(line) for line in started if not _announced(line)]
    assert {dict} == {type(entry) for entry in entries}
    assert {"event", "level", "timestamp"} <= set.intersection(*map(set, entries))


def _announced(line: str) -> bool:
    """Whether `line` is of what `portico up` says on standard output when it is up."""
    return line == "Portico is up." or line.startswith(("  REST ", "  gRPC ", "  admin ", "  console "))
