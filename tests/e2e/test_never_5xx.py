"""Whatever is sent: never a 5xx, and what is accepted is accounted for to the last record (invariant 1)."""

import asyncio
import json
import re
from urllib.parse import quote, urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.od_v2.surface import ENDPOINTS
from gateway.rest.od_v2.filters import FILTERS
from tests.support.hostile_requests import OD_V2, ODP_V1, Hostile, hostile
from tests.support.json_texts import json_bytes
from tests.support.od_v2_wire import PATHS, SUCCESS
from tests.support.portico import Client
from tests.support.wire import ask

_PATHS = {"events": "/v1/customer/events"}


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(sent=hostile(ODP_V1))
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


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(sent=hostile(OD_V2))
async def test_any_request_of_open_delivery_is_answered_and_any_acceptance_kept(
    caller: Client, sent: Hostile
) -> None:
    """Likewise where success has no body: the ingestion is told in a header."""
    reply = await ask(caller, "POST", PATHS[sent.plural] + sent.query, sent.body, dict(sent.headers))
    if reply.status != SUCCESS[sent.plural]:
        assert reply.status in (400, 409, 413), reply
        assert reply.flat_error["code"]
        return
    receipt = await ask(caller, "GET", reply.headers["Location"], None, {"Prefer": "wait=20"})
    assert (200, "done") == (receipt.status, receipt.json["status"])
    assert receipt.json["records"] == sum(receipt.json["counts"].values())
    if reply.body:
        assert receipt.json["records"] == reply.json["records"] == len(reply.json["verdicts"])


_ODD = ["", ".", "..", "\0", "$ne", "cust-001", "PDV:", ":", "phone:1", "id:a", "x" * 600]
_NAMES = st.binary(max_size=4) | st.one_of(st.text(max_size=8), st.sampled_from(_ODD)).map(str.encode)
_QUERIES = st.dictionaries(
    st.sampled_from([*{name for names in FILTERS.values() for name in names}, "page", "pageSize", "cursor"]),
    _NAMES | st.sampled_from([b"1", b"2026-06-01T00:00:00Z", b"9999-12-31T23:59:59Z", b"email"]),
    max_size=4,
)
_READS = [path for one in ENDPOINTS if one.method == "GET" for path in one.paths]


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=st.sampled_from(_READS), name=_NAMES, query=_QUERIES)
async def test_any_read_of_open_delivery_is_answered(
    caller: Client, path: str, name: bytes, query: dict[str, bytes]
) -> None:
    """Whatever is asked for, and however it is called."""
    named = re.sub(r"\{\w+\}", lambda _: quote(name, safe=""), path)
    reply = await ask(caller, "GET", f"/v2{named}?{urlencode(query)}")
    if reply.status != 200:
        assert reply.status in (400, 404), reply
        assert reply.flat_error["code"]


_GRANTS = st.dictionaries(
    st.sampled_from(["grant_type", "client_id", "client_secret", "scope", "more"]),
    st.sampled_from(["client_credentials", "password", "", "\0", "é", "a b", "x" * 5000])
    | st.text(max_size=5),
)
_FORM = "application/x-www-form-urlencoded"
_TOKEN_REQUESTS = st.one_of(
    _GRANTS.map(lambda grant: (_FORM, urlencode(grant, errors="replace").encode())),
    _GRANTS.map(lambda grant: ("application/json", json.dumps(grant).encode())),
    st.tuples(st.sampled_from([_FORM, "application/json", "text/plain"]), json_bytes),
)
_CREDENTIALS = st.none() | st.sampled_from(["", "Basic", "Basic !", "Basic Og==", "Basic /w==", "Bearer x"])


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(sent=_TOKEN_REQUESTS, credentials=_CREDENTIALS)
async def test_any_request_for_a_token_is_answered(
    caller: Client, sent: tuple[str, bytes], credentials: str | None
) -> None:
    """And nobody unknown gets one; the answer is never stored."""
    headers: dict[str, str | None] = {"Content-Type": sent[0], "Authorization": credentials}
    reply = await ask(caller, "POST", "/oauth/token", sent[1], headers)
    assert reply.status in (400, 401, 413, 429), reply
    assert {"error"} <= reply.json.keys() or {"code", "message"} <= reply.json.keys()
    assert "no-store" == reply.headers["Cache-Control"]


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
