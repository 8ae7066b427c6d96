"""`Prefer`, `Idempotency-Key` and `Portico-After` as clients use and misuse them."""

from dataclasses import replace

import pytest

from tests.support.odp_v1_bodies import example, one, several
from tests.support.portico import Client
from tests.support.tokens import minted
from tests.support.wire import ask, ingest

OLDER = "2026-03-24T11:00:00Z"
NEWER = "2026-03-24T13:00:00Z"


@pytest.mark.parametrize(
    ("prefer", "applied", "waited"),
    [
        ("wait=20", "wait=20", True),
        ("wait=999", "wait=30", True),
        ('WAIT = "20"', "wait=20", True),
        ("respond-async, wait=20; x=1, handling=lenient", "wait=20, handling=lenient", True),
        ("wait=20, wait=0", "wait=20", True),
        ("wait=0", "wait=0", False),
        ("wait=-1", None, False),
        ("wait=1e9", None, False),
        ("wait", None, False),
        ("handling=strict", None, False),
        ('=,;="', None, False),
        ("", None, False),
        (", " + " " * 7000 + ";", None, False),
    ],
)
async def test_preferences_are_honoured_or_ignored(
    caller: Client, prefer: str, applied: str | None, waited: bool
) -> None:
    """RFC 7240: what is unknown or cannot be understood is ignored; what was applied is told."""
    reply = await ingest(caller, "leads", one("leads"), Prefer=prefer)
    assert (202, applied, waited) == (
        reply.status,
        reply.headers.get("Preference-Applied"),
        "receipt" in reply.json,
    )
    assert reply.json["correlationId"] == reply.headers["Portico-Ingestion"]
    assert ("verdicts" in reply.json) == ("lenient" in (applied or ""))


async def test_lenient_takes_the_good_and_buries_the_bad(caller: Client) -> None:
    """A verdict per record, and a receipt in which the bad ones are dead."""
    body = several("leads", example("leads", id="good"), example("leads", id=7), "nothing")
    reply = await ingest(caller, "leads", body, Prefer="handling=lenient, wait=20")
    assert (202, 3) == (reply.status, reply.json["records"])
    assert ["ACCEPTED", "MALFORMED", "MALFORMED"] == [one["status"] for one in reply.json["verdicts"]]
    assert ["/leads/1/id"] == [fault["pointer"] for fault in reply.json["verdicts"][1]["faults"]]
    counts = reply.json["receipt"]["counts"]
    assert (1, 2, 3) == (counts["created"], counts["dead"], sum(counts.values()))


async def test_lenient_does_not_take_what_holds_no_records(caller: Client) -> None:
    """Where the body cannot be cut into records there is nothing to take."""
    reply = await ingest(caller, "leads", b'{"leads":7}', Prefer="handling=lenient")
    reply.refused(400, "INVALID_PAYLOAD")
    assert ["/leads"] == reply.pointers


async def test_a_repeat_under_one_key_is_the_same_ingestion(caller: Client) -> None:
    """The same id and outcome, applied once; another body is 409, whether one waits or not."""
    first = await ingest(caller, "leads", one("leads"), Idempotency_Key="k-1", Prefer="wait=20")
    again = await ingest(caller, "leads", one("leads"), Idempotency_Key="k-1", Prefer="wait=20")
    assert (202, first.json) == (again.status, again.json)
    assert 1 == again.json["receipt"]["counts"]["created"]

    for prefer in (None, "wait=20"):
        other = await ingest(caller, "leads", one("leads", id="8"), Idempotency_Key="k-1", Prefer=prefer)
        other.refused(409, "IDEMPOTENCY_CONFLICT")


async def test_a_key_is_one_tenants_and_one_operations(caller: Client) -> None:
    """The same key elsewhere is another ingestion."""
    stranger = replace(caller, token=minted("a-stranger"))
    replies = [
        await ingest(caller, "leads", one("leads"), Idempotency_Key="k-2"),
        await ingest(stranger, "leads", one("leads"), Idempotency_Key="k-2"),
        await ingest(caller, "orders", one("orders"), Idempotency_Key="k-2"),
    ]
    assert [202] * 3 == [reply.status for reply in replies]
    assert 3 == len({reply.headers["Portico-Ingestion"] for reply in replies})


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256, "a\tb"])
async def test_a_key_that_is_none_is_refused(caller: Client, key: str) -> None:
    """400 that names the header."""
    details = (await ingest(caller, "leads", one("leads"), Idempotency_Key=key)).refused(
        400, "INVALID_PARAMETER"
    )
    assert "Idempotency-Key" == details["fields"][0]["parameter"]


async def test_reads_see_what_they_name(caller: Client) -> None:
    """`Portico-After` makes a read wait for the ingestion; no other id is taken."""
    accepted = await ingest(caller, "customers", one("customers"))
    mine = accepted.headers["Portico-Ingestion"]
    read = await ask(caller, "GET", "/v1/customer/customers", None, {"Portico-After": mine})
    assert (200, 1) == (read.status, len(read.json["customers"]))

    stranger = replace(caller, token=minted("a-stranger"))
    for reader, named in (
        (stranger, mine),
        (caller, "ing_x"),
        (caller, ""),
        (caller, "é"),
        (caller, mine + "0"),
    ):
        reply = await ask(reader, "GET", "/v1/customer/customers", None, {"Portico-After": named})
        details = reply.refused(400, "INVALID_PARAMETER")
        assert "Portico-After" == details["fields"][0]["parameter"]


async def test_stale_is_a_conflict_for_who_waits(caller: Client) -> None:
    """409 VERSION_CONFLICT with the receipt; who does not wait gets 202, and finds it there (ruling R2)."""
    await ingest(caller, "customers", one("customers", updatedAt=NEWER), Prefer="wait=20")
    stale = one("customers", updatedAt=OLDER, name="Older")

    waited = await ingest(caller, "customers", stale, Prefer="wait=20")
    receipt = waited.refused(409, "VERSION_CONFLICT")["receipt"]
    assert (1, "stale") == (receipt["counts"]["stale"], receipt["results"][0]["outcome"])
    assert receipt["correlationId"] == waited.headers["Portico-Ingestion"]

    told = await ingest(caller, "customers", stale)
    assert 202 == told.status
    path = f"/v1/ingestions/{told.json['correlationId']}"
    later = await ask(caller, "GET", path, None, {"Prefer": "wait=20"})
    assert ("done", 1) == (later.json["status"], later.json["counts"]["stale"])


async def test_an_external_id_that_is_anothers_is_a_conflict_for_who_waits(caller: Client) -> None:
    """409 DUPLICATE_EXTERNAL_ID; who does not wait gets 202."""
    first = one("customers", id="c-1", externalIds=["app:1"], contacts={})
    second = one("customers", id="c-2", externalIds=["app:1"], contacts={})
    assert 202 == (await ingest(caller, "customers", first, Prefer="wait=20")).status
    waited = await ingest(caller, "customers", second, Prefer="wait=20")
    receipt = waited.refused(409, "DUPLICATE_EXTERNAL_ID")["receipt"]
    assert ["DUPLICATE_EXTERNAL_ID"] == [result["code"] for result in receipt["results"]]
    assert 202 == (await ingest(caller, "customers", second)).status
