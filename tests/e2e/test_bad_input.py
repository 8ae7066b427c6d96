"""Bodies that are not what the contract asks for, and those that look so but are."""

import gzip
import json
import zlib
from typing import Any

import pytest
from backports import zstd

from contracts.odp_v1.examples import EXAMPLES
from tests.support.odp_v1_bodies import example, one, several
from tests.support.portico import Client
from tests.support.wire import ask, ingest

MIB = 1024 * 1024
NAIVE = "2026-03-24T12:00:00"


def lead(member: str) -> bytes:
    """A lead with one member more, written as `member`."""
    return (
        b'{"lead":{"id":"lead-7","source":"s","status":"new",'
        + member.encode("utf-8", "surrogatepass")
        + b"}}"
    )


MALFORMED: dict[str, tuple[str, bytes, list[str]]] = {
    "no body": ("leads", b"", [""]),
    "not JSON": ("leads", b"lead=7", [""]),
    "cut short": ("leads", b'{"lead":{"id":"7"', [""]),
    "two documents": ("leads", one("leads") + b"{}", [""]),
    "byte order mark": ("leads", b"\xef\xbb\xbf" + one("leads"), [""]),
    "not UTF-8": ("leads", lead('"x":"\xe9"').replace(b"\xc3\xa9", b"\xe9"), ["/lead"]),
    "an array": ("leads", b"[]", [""]),
    "a text": ("leads", b'"lead"', [""]),
    "another's record": ("leads", one("reviews"), ["/lead"]),
    "both one and several": ("leads", b'{"lead":{},"leads":[]}', [""]),
    "several that are one": ("leads", b'{"leads":{}}', ["/leads"]),
    "record is null": ("leads", b'{"lead":null}', ["/lead"]),
    "record is a list": ("leads", b'{"lead":[]}', ["/lead"]),
    "required fields missing": ("leads", b'{"lead":{"id":"7"}}', ["/lead/source", "/lead/status"]),
    "wrong types": ("leads", one("leads", id=7, source=None), ["/lead/id", "/lead/source"]),
    "empty id": ("orders", one("orders", orderId=""), ["/order/orderId"]),
    "long id": ("leads", one("leads", id="x" * 513), ["/lead/id"]),
    "naive timestamp": ("customers", one("customers", updatedAt=NAIVE), ["/customer/updatedAt"]),
    "number as timestamp": ("customers", one("customers", createdAt=1), ["/customer/createdAt"]),
    "date that is none": ("customers", one("customers", birthDate="2026-02-30"), ["/customer/birthDate"]),
    "naive marker": (
        "orders",
        one("orders", timestamps={"createdAt": NAIVE}),
        ["/order/timestamps/createdAt"],
    ),
    "unknown entity": ("events", one("events", entityType="cat"), ["/event/entityType"]),
    "truth as a score": ("reviews", one("reviews", score=True), ["/review/score"]),
    "NaN": ("reviews", b'{"review":{"id":"r","referenceType":"order","score":NaN}}', ["/review/score"]),
    "Infinity": ("leads", lead('"x":[1,-Infinity]'), ["/lead/x/1"]),
    "1e999": ("leads", lead('"x":1e999'), ["/lead/x"]),
    "2^63": ("leads", lead('"x":9223372036854775808'), ["/lead/x"]),
    "5,000 digits": ("leads", lead('"x":' + "9" * 5000), ["/lead/x"]),
    "lone surrogate": ("leads", lead('"x":"\\ud800"'), ["/lead/x"]),
    "encoded surrogate": ("leads", lead('"x":"\ud800"'), ["/lead"]),
    "NUL in a key": ("leads", lead('"a\\u0000b":1'), ["/lead/a\0b"]),
    "slash and tilde in the pointer": ("leads", lead('"a/b~c":{"d":NaN}'), ["/lead/a~1b~0c/d"]),
    "the second of three": (
        "leads",
        several("leads", example("leads"), {}, example("leads")),
        [
            "/leads/1/id",
            "/leads/1/source",
            "/leads/1/status",
        ],
    ),
    "every bad one": ("leads", several("leads", 1, example("leads"), "x"), ["/leads/0", "/leads/2"]),
}


@pytest.mark.parametrize("case", MALFORMED)
async def test_every_fault_is_named(client: Client, case: str) -> None:
    """400 in the ODP error model; `details.fields` has every fault with its JSON Pointer."""
    plural, body, pointers = MALFORMED[case]
    reply = await ingest(client, plural, body)
    fields = reply.refused(400, "INVALID_PAYLOAD")["fields"]
    assert pointers == reply.pointers
    assert {"pointer", "code", "message"} == {name for field in fields for name in field}
    assert not reply.error["retryable"]


@pytest.mark.parametrize("opened", ['{"d":', "["], ids=["objects", "arrays"])
async def test_nesting_has_a_bound(client: Client, opened: str) -> None:
    """64 levels are taken, one more is refused, and a hundred thousand hurt nobody."""
    closed = {'{"d":': "}", "[": "]"}[opened]
    for depth, status in ((62, 202), (63, 400), (100_000, 400)):
        reply = await ingest(client, "leads", lead(f'"x":{opened * depth}1{closed * depth}'))
        assert status == reply.status, depth
        if depth == 63:
            assert ["/lead/x"] == [pointer[:7] for pointer in reply.pointers]


async def test_the_first_hundred_faults_are_named(client: Client) -> None:
    """A thousand bad records do not make an answer of megabytes."""
    reply = await ingest(client, "leads", several("leads", *[{}] * 1000))
    reply.refused(400, "INVALID_PAYLOAD")
    assert 100 == len(reply.pointers)
    assert "/leads/0/id" == reply.pointers[0]


async def test_nothing_of_a_body_is_accepted_with_a_bad_record(client: Client) -> None:
    """Strict is the default (ruling R3)."""
    body = several("customers", example("customers", id="good"), example("customers", updatedAt=NAIVE))
    assert ["/customers/1/updatedAt"] == (await ingest(client, "customers", body)).pointers
    assert {"customers": []} == (await ask(client, "GET", "/v1/customer/customers")).json


PACKED = {
    "gzip": gzip.compress(one("leads")),
    "x-gzip": gzip.compress(one("leads")),
    "zstd": zstd.compress(one("leads")),
    "identity": one("leads"),
}


@pytest.mark.parametrize("coding", PACKED)
async def test_packed_bodies_are_unpacked(client: Client, coding: str) -> None:
    """And stored like any other."""
    reply = await ingest(client, "leads", PACKED[coding], Content_Encoding=coding, Prefer="wait=20")
    assert (202, 1) == (reply.status, reply.json["receipt"]["counts"]["created"])


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("damage", ["plain", "cut", "flipped", "trailing", "empty"])
async def test_damaged_packing_is_refused(client: Client, coding: str, damage: str) -> None:
    """The body as a whole is at fault."""
    packed = bytearray(PACKED[coding])
    match damage:
        case "plain":
            packed = bytearray(one("leads"))
        case "cut":
            packed = packed[:-3]
        case "flipped":
            packed[1] ^= 0xFF
        case "trailing":
            packed += b"more"
        case "empty":
            packed = bytearray()
    reply = await ingest(client, "leads", bytes(packed), Content_Encoding=coding)
    reply.refused(400, "INVALID_PAYLOAD")
    assert [""] == reply.pointers


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "gzip;q=1", "chunked", "nonsense"])
async def test_other_encodings_are_refused(client: Client, coding: str) -> None:
    """415 is in none of this surface's lists: 400, with what is taken."""
    reply = await ingest(client, "leads", one("leads"), Content_Encoding=coding)
    reply.refused(400, "UNSUPPORTED_ENCODING")
    assert "gzip, zstd, identity" == reply.headers["Accept-Encoding"]


@pytest.mark.parametrize(
    "media_type", [None, "", "text/plain", "application/xml", "application/json; charset=latin-1", "json"]
)
async def test_other_media_types_are_refused(client: Client, media_type: str | None) -> None:
    """400 likewise."""
    reply = await ingest(client, "leads", one("leads"), Content_Type=media_type)
    reply.refused(400, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=UTF-8", "APPLICATION/JSON", "application/vnd.odp+json"]
)
async def test_json_by_any_of_its_names_is_taken(client: Client, media_type: str) -> None:
    """With a charset, in capitals, or as a type that ends in +json."""
    assert 202 == (await ingest(client, "leads", one("leads"), Content_Type=media_type)).status


def _bomb(coding: str) -> bytes:
    if coding == "zstd":
        return zstd.compress(b" " * (300 * MIB))
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)
    return b"".join(packer.compress(b" " * MIB) for _ in range(300)) + packer.flush()


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_bombs_are_refused_at_the_bound(client: Client, coding: str) -> None:
    """300 MiB in a few hundred kilobytes are never unpacked."""
    details = (await ingest(client, "leads", _bomb(coding), Content_Encoding=coding)).refused(
        413, "PAYLOAD_TOO_LARGE"
    )
    assert {"maxBytes": 8 * MIB} == details


async def test_eight_mebibytes_and_a_thousand_records_are_the_bounds(client: Client) -> None:
    """At the bound a body is taken, beyond it is 413, whether its length is told or not."""
    body = one("leads")
    assert 202 == (await ingest(client, "leads", body.ljust(8 * MIB))).status
    (await ingest(client, "leads", body.ljust(8 * MIB + 1))).refused(413, "PAYLOAD_TOO_LARGE")
    packed = gzip.compress(body.ljust(8 * MIB + 1), 1)
    (await ingest(client, "leads", packed, Content_Encoding="gzip")).refused(413, "PAYLOAD_TOO_LARGE")

    leads = [example("leads", id=f"lead-{n}") for n in range(1001)]
    assert 1000 == (await ingest(client, "leads", several("leads", *leads[:-1]))).json["records"]
    (await ingest(client, "leads", several("leads", *leads))).refused(413, "TOO_MANY_RECORDS")
    lenient = await ingest(client, "leads", several("leads", *leads), Prefer="handling=lenient")
    lenient.refused(413, "TOO_MANY_RECORDS")


@pytest.mark.parametrize("plural", EXAMPLES)
async def test_an_empty_array_is_accepted_and_does_nothing(client: Client, plural: str) -> None:
    """202 with no records, and a receipt that counts none (ruling R3)."""
    reply = await ingest(client, plural, several(plural), Prefer="wait=20")
    assert (202, 0) == (reply.status, reply.json["records"])
    assert {0} == set(reply.json["receipt"]["counts"].values())


async def test_of_duplicate_keys_the_last_wins(client: Client) -> None:
    """In a record, in what is free inside it, and around it (ruling R5)."""
    record = json.dumps(example("customers", name="Last", consent=...))[:-1].encode()
    body = (
        b'{"customer":{"id":"first"},"customer":'
        + record.replace(b'"name": "Last"', b'"name":"First","name":"Last"')
        + b',"consent":{"marketing":true,"marketing":false}}}'
    )
    reply = await ingest(client, "customers", body, Prefer="wait=20")
    assert (202, 1) == (reply.status, reply.json["receipt"]["counts"]["created"])
    [stored] = (await ask(client, "GET", "/v1/customer/customers")).json["customers"]
    assert ("Last", {"marketing": False}) == (stored["name"], stored["consent"])


async def test_unknown_fields_and_odd_keys_come_back_verbatim(client: Client) -> None:
    """Nothing is refused or renamed for its name, least of all what MongoDB reads as an operator."""
    odd: dict[str, Any] = {
        "$set": {"$where": "1", "a.b": [{"$ne": None}]},
        "a.b": 1,
        "": "empty",
        "__proto__": {"x": None},
        "_id": "mine",
        "~/": 2**63 - 1,
        "é\u2028": -(2**63),
        "nested": {"$gt": "", ".": {"$": 0.1}},
    }
    sent = example("customers", contacts={"email": "a@example.com", **odd}, **odd)
    reply = await ingest(
        client, "customers", json.dumps({"customer": sent, **odd}).encode(), Prefer="wait=20"
    )
    assert (202, 1) == (reply.status, reply.json["receipt"]["counts"]["created"]), reply
    assert {"customers": [sent]} == (await ask(client, "GET", "/v1/customer/customers")).json
