"""Bodies of Open Delivery v2 that are not what it asks for: flat errors that name the place."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from contracts.od_v2.examples import EXAMPLES
from tests.support.od_v2_bodies import SINGLE, body, example
from tests.support.od_v2_wire import PATHS, SUCCESS, post
from tests.support.portico import Client
from tests.support.stacks import embedded_stack
from tests.support.tokens import minted
from tests.support.wire import ask

MIB = 1024 * 1024
NAIVE = "2026-06-01T12:00:00"


def customer(**changes: Any) -> bytes:
    """A body of the example customer with `changes`."""
    return body("customers", example("customers", **changes))


def rated(style: str, value: Any) -> bytes:
    """A review with that rating."""
    return body("reviews", example("reviews", overallRating={"ratingStyle": style, "value": value}))


def _emails(*primary: bool | None) -> dict[str, Any]:
    return {"emails": [{"email": f"{n}@x.com", "isPrimary": one} for n, one in enumerate(primary)]}


MALFORMED: dict[str, tuple[str, bytes, list[str]]] = {
    "no body": ("customers", b"", [""]),
    "not JSON": ("leads", b"lead=7", [""]),
    "cut short": ("orders", b'[{"id":"7"', [""]),
    "two documents": ("reviews", body("reviews", example("reviews")) + b"{}", [""]),
    "object instead of array": ("customers", json.dumps(example("customers")).encode(), [""]),
    "ODP's wrapping": ("leads", b'{"leads":[]}', [""]),
    "array instead of object": ("reviews", json.dumps([example("reviews")]).encode(), [""]),
    "array of events": ("events", b"[]", [""]),
    "null": ("orders", b"null", [""]),
    "record is null": ("customers", b"[null]", ["/0"]),
    "record is a list": ("orders", b"[[]]", ["/0"]),
    "no identifier": ("customers", customer(identifier=...), ["/0/identifier"]),
    "null identifier": ("customers", customer(identifier=None), ["/0/identifier"]),
    "half an identifier": ("customers", customer(identifier={"type": "phone"}), ["/0/identifier/value"]),
    "empty identifier": (
        "customers",
        customer(identifier={"type": "phone", "value": ""}),
        ["/0/identifier/value"],
    ),
    "bad identifier type": (
        "customers",
        customer(identifier={"type": "cpf", "value": "1"}),
        ["/0/identifier/type"],
    ),
    "number as identifier": (
        "customers",
        customer(identifier={"type": "phone", "value": 5511}),
        ["/0/identifier/value"],
    ),
    "two primary": ("customers", customer(contacts=_emails(True, False, True)), ["/0/contacts/emails"]),
    "two primary addresses": (
        "customers",
        customer(addresses=[{"city": "A", "isPrimary": True}, {"city": "B", "isPrimary": True}]),
        ["/0/addresses"],
    ),
    "e-mail without an address": (
        "customers",
        customer(contacts={"emails": [{"isPrimary": True}]}),
        ["/0/contacts/emails/0/email"],
    ),
    "phone without a number": (
        "customers",
        customer(contacts={"phones": [{}]}),
        ["/0/contacts/phones/0/phone"],
    ),
    "text as flag": (
        "customers",
        customer(contacts={"emails": [{"email": "a@x.com", "isPrimary": "yes"}]}),
        ["/0/contacts/emails/0/isPrimary"],
    ),
    "bad birth date": (
        "customers",
        customer(demographics={"birthDate": "2026-02-30"}),
        ["/0/demographics/birthDate"],
    ),
    "beyond the pole": (
        "customers",
        customer(addresses=[{"geo": {"latitude": 90.5, "longitude": 0}}]),
        ["/0/addresses/0/geo/latitude"],
    ),
    "metadata is a text": ("customers", customer(metadata="vip"), ["/0/metadata"]),
    "external id without a value": (
        "leads",
        body("leads", example("leads", externalIds=[{"source": "CRM"}])),
        ["/0/externalIds/0/value"],
    ),
    "a lead that is nobody": ("leads", b'[{"source":"fair"}]', ["/0"]),
    "contact is a number": ("leads", body("leads", example("leads", contact=7)), ["/0/contact"]),
    "order without id": ("orders", b'[{"status":"CONFIRMED"}]', ["/0/id"]),
    "order of unknown type": ("orders", b'[{"id":"o","type":"DRONE"}]', ["/0/type"]),
    "order of unknown timing": ("orders", b'[{"id":"o","orderTiming":"LATER"}]', ["/0/orderTiming"]),
    "order of naive date": (
        "orders",
        b'[{"id":"o","createdAt":"2026-06-01T12:00:00"}]',
        ["/0/createdAt"],
    ),
    "truth as an amount": (
        "orders",
        b'[{"id":"o","total":{"orderAmount":{"value":true,"currency":"BRL"}}}]',
        ["/0/total/orderAmount/value"],
    ),
    "review without rating": (
        "reviews",
        body("reviews", example("reviews", overallRating=...)),
        ["/overallRating"],
    ),
    "unknown review type": ("reviews", body("reviews", example("reviews", reviewType="X")), ["/reviewType"]),
    "naive review date": (
        "reviews",
        body("reviews", example("reviews", reviewDate=NAIVE)),
        ["/reviewDate"],
    ),
    "unknown style": ("reviews", rated("HEARTS", 1), ["/overallRating/ratingStyle"]),
    "truth as a rating": ("reviews", rated("STAR", True), ["/overallRating/value"]),
    "text as a rating": ("reviews", rated("STAR", "5"), ["/overallRating/value"]),
    "six stars": ("reviews", rated("STAR", 6), ["/overallRating/value"]),
    "minus a star": ("reviews", rated("STAR", -0.5), ["/overallRating/value"]),
    "eleven of NPS": ("reviews", rated("NPS", 11), ["/overallRating/value"]),
    "half an NPS": ("reviews", rated("NPS", 9.5), ["/overallRating/value"]),
    "two thumbs": ("reviews", rated("THUMBS_UP_DOWN", 2), ["/overallRating/value"]),
    "NaN": ("reviews", rated("OTHER", float("nan")), ["/overallRating/value"]),
    "event without type": ("events", body("events", example("events", eventType=...)), ["/eventType"]),
    "naive event": ("events", body("events", example("events", occurredAt=NAIVE)), ["/occurredAt"]),
    "event about a list": ("events", body("events", example("events", data=[])), ["/data"]),
    "number as customer": ("events", body("events", example("events", customerId=7)), ["/customerId"]),
    "beyond 64 bits": ("orders", b'[{"id":"o","x":{"y":9223372036854775808}}]', ["/0/x/y"]),
    "lone surrogate": ("customers", customer(metadata={"x": "\ud800"}), ["/0/metadata/x"]),
    "NUL in a key": ("events", body("events", example("events", data={"a\0": 1})), ["/data/a\0"]),
    "every bad one": (
        "customers",
        body("customers", example("customers"), {}, example("customers"), "x"),
        ["/1/identifier", "/3"],
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
async def test_every_fault_is_named(client: Client, case: str) -> None:
    """400 whose message has the first fault's pointer, and whose details have all; nothing is accepted."""
    plural, sent, pointers = MALFORMED[case]
    reply = await post(client, plural, sent)
    fields = reply.refused_flat(400, "INVALID_PAYLOAD")["fields"]
    assert pointers == reply.flat_pointers
    assert {"pointer", "code", "message"} == {name for field in fields for name in field}
    assert (pointers[0] or "the body") in reply.flat_error["message"]
    assert "Portico-Ingestion" not in reply.headers
    assert b"[]" == (await ask(client, "GET", PATHS[plural])).body


@pytest.mark.parametrize(
    ("plural", "sent"),
    [
        ("reviews", rated("STAR", 4.5)),
        ("reviews", rated("STAR", 0)),
        ("reviews", rated("NPS", 10)),
        ("reviews", rated("NPS", 9.0)),
        ("reviews", rated("THUMBS_UP_DOWN", 1)),
        ("reviews", rated("OTHER", -1e300)),
        ("customers", customer(contacts=_emails(None, True, False))),
        ("customers", customer(contacts={"phones": [{"number": "11 3333-4444"}], "chat": ["@a"]})),
        ("leads", b'[{"contact":{"type":"email","value":"a@x.com"}}]'),
        ("orders", b'[{"id":"o","status":null,"customer":null,"category":"PETS","items":[]}]'),
        ("events", b'{"eventType":"anything at all","occurredAt":"2026-06-01T12:00:00-03:00"}'),
    ],
)
async def test_what_looks_wrong_and_is_not(client: Client, plural: str, sent: bytes) -> None:
    """Accepted, and applied."""
    reply = await post(client, plural, sent, Prefer="wait=20")
    assert (SUCCESS[plural], b"") == (reply.status, reply.body)
    receipt = await ask(client, "GET", reply.headers["Location"])
    assert ("done", 1) == (receipt.json["status"], receipt.json["counts"]["created"])


@pytest.mark.parametrize("plural", EXAMPLES)
async def test_success_has_no_body(client: Client, plural: str) -> None:
    """`Content-Length: 0` and where the receipt is; an empty array is accepted and does nothing."""
    for sent in (body(plural, example(plural)), *([] if plural in SINGLE else [b"[]"])):
        reply = await post(client, plural, sent)
        assert (SUCCESS[plural], b"", "0") == (reply.status, reply.body, reply.headers["Content-Length"])
        assert f"/v1/ingestions/{reply.headers['Portico-Ingestion']}" == reply.headers["Location"]


async def test_eight_mebibytes_and_a_thousand_records_are_the_bounds(client: Client) -> None:
    """At the bound a body is taken, beyond it is 413, packed or not."""
    small = body("leads", example("leads"))
    assert 200 == (await post(client, "leads", small.ljust(8 * MIB))).status
    too_long = small.ljust(8 * MIB + 1)
    for sent, coding in ((too_long, None), (gzip.compress(too_long, 1), "gzip")):
        reply = await post(client, "leads", sent, Content_Encoding=coding)
        assert {"maxBytes": 8 * MIB} == reply.refused_flat(413, "PAYLOAD_TOO_LARGE")

    leads = [{"id": f"lead-{n}"} for n in range(1001)]
    assert 200 == (await post(client, "leads", body("leads", *leads[:-1]))).status
    for prefer in (None, "handling=lenient"):
        (await post(client, "leads", body("leads", *leads), Prefer=prefer)).refused_flat(
            413, "TOO_MANY_RECORDS"
        )


@pytest.mark.parametrize("media_type", [None, "", "text/plain", "application/json; charset=latin-1"])
@pytest.mark.parametrize("plural", ["customers", "events"])
async def test_other_media_types_are_400(client: Client, plural: str, media_type: str | None) -> None:
    """As is an encoding that nobody knows: 415 is in none of the binding's lists."""
    sent = body(plural, example(plural))
    (await post(client, plural, sent, Content_Type=media_type)).refused_flat(400, "UNSUPPORTED_MEDIA_TYPE")
    (await post(client, plural, sent, Content_Encoding="br")).refused_flat(400, "UNSUPPORTED_ENCODING")


@pytest.fixture(scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Where a Portico is that holds orders to the whole V1 schema."""
    home = tmp_path_factory.mktemp("strict")
    async with embedded_stack(home, PORTICO_STRICT_ORDERS="true") as stack:
        yield stack.gateway.url


async def test_strict_orders_keep_the_whole_schema(strict: str, tenant: str) -> None:
    """The seed's snapshot is 400 then, fault by fault; a whole order is taken and comes back."""
    async with aiohttp.ClientSession() as session:
        client = Client(session, strict, minted(tenant))
        whole, snapshot = EXAMPLES["orders"]["whole"], EXAMPLES["orders"]["snapshot"]
        refused = await post(client, "orders", body("orders", whole, snapshot))
        assert {"/1/id", "/1/type", "/1/total", "/1/customer/name"} <= set(refused.flat_pointers)
        assert not [one for one in refused.flat_pointers if one.startswith("/0")]

        delivered = body("orders", {**whole, "type": "DELIVERY"})
        assert ["/0/customer"] == (await post(client, "orders", delivered)).flat_pointers

        accepted = await post(client, "orders", body("orders", whole), Prefer="wait=20")
        assert 201 == accepted.status
        assert [whole] == (await ask(client, "GET", "/v2/orders")).json
        described = (await ask(client, "GET", "/v2/openapi.json")).json["components"]["schemas"]["Order"]
        assert {"id", "type", "displayId", "total"} <= set(described["required"])
