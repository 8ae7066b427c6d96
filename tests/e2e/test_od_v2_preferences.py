"""`Prefer`, `Idempotency-Key` and `Portico-After` on Open Delivery v2, whose successes have no body."""

import pytest

from contracts.od_v2.examples import EXAMPLES
from tests.support.od_v2_bodies import body, example
from tests.support.od_v2_wire import SUCCESS, post
from tests.support.odp_v1_bodies import one as odp_v1_body
from tests.support.portico import Client
from tests.support.tokens import minted
from tests.support.wire import ask


async def test_lenient_takes_the_good_and_answers_verdicts(caller: Client) -> None:
    """The one success that has a body; a body without records is refused all the same."""
    sent = body("customers", example("customers"), {"name": "nobody"})
    reply = await post(caller, "customers", sent, Prefer="handling=lenient, wait=20")
    assert 200 == reply.status
    assert {"correlationId", "records", "verdicts"} == reply.json.keys()
    assert ["ACCEPTED", "MALFORMED"] == [one["status"] for one in reply.json["verdicts"]]
    assert ["/1/identifier"] == [fault["pointer"] for fault in reply.json["verdicts"][1]["faults"]]
    counts = (await ask(caller, "GET", reply.headers["Location"])).json["counts"]
    assert (1, 1, 2) == (counts["created"], counts["dead"], sum(counts.values()))

    for plural in ("customers", "reviews"):
        refused = await post(caller, plural, b"7", Prefer="handling=lenient")
        assert [""] == refused.flat_pointers


@pytest.mark.parametrize("plural", EXAMPLES)
async def test_a_repeat_under_one_key_is_the_same_ingestion(caller: Client, plural: str) -> None:
    """The same answer, applied once; another body under the key is 409, whether one waits or not."""
    sent, other = body(plural, example(plural)), body(plural, example(plural, more=1))
    first = await post(caller, plural, sent, Idempotency_Key="k-1", Prefer="wait=20")
    again = await post(caller, plural, sent, Idempotency_Key="k-1", Prefer="wait=20")
    assert first.headers["Portico-Ingestion"] == again.headers["Portico-Ingestion"]
    assert (SUCCESS[plural], SUCCESS[plural]) == (first.status, again.status)
    receipt = await ask(caller, "GET", first.headers["Location"])
    assert 1 == receipt.json["counts"]["created"]

    for prefer in (None, "wait=20"):
        reply = await post(caller, plural, other, Idempotency_Key="k-1", Prefer=prefer)
        reply.refused_flat(409, "IDEMPOTENCY_CONFLICT")
    assert (
        "Idempotency-Key"
        == (await post(caller, plural, sent, Idempotency_Key="a b")).refused_flat(400, "INVALID_PARAMETER")[
            "fields"
        ][0]["parameter"]
    )


async def test_a_key_is_of_one_dialect(caller: Client) -> None:
    """The same key on the other surface is another ingestion."""
    mine = await post(caller, "leads", body("leads", example("leads")), Idempotency_Key="k-2")
    path = "/v1/customer/leads:ingest"
    theirs = await ask(caller, "POST", path, odp_v1_body("leads"), {"Idempotency-Key": "k-2"})
    assert (200, 202) == (mine.status, theirs.status)
    assert mine.headers["Portico-Ingestion"] != theirs.headers["Portico-Ingestion"]


async def test_reads_see_what_they_name(caller: Client, tenant: str) -> None:
    """`Portico-After` makes every read wait; an id that is not the tenant's is refused."""
    accepted = await post(caller, "orders", body("orders", example("orders")))
    mine = accepted.headers["Portico-Ingestion"]
    for path in ("/v2/orders", "/v2/orders/ord-001", "/v2/customers/orders/ord-001"):
        assert 200 == (await ask(caller, "GET", path, None, {"Portico-After": mine})).status

    stranger = Client(caller.session, caller.url, minted(f"{tenant}-other"))
    for reader, named in ((stranger, mine), (caller, "ing_x"), (caller, "")):
        for path in ("/v2/orders", "/v2/customers/x", "/v2/reviews/x"):
            reply = await ask(reader, "GET", path, None, {"Portico-After": named})
            details = reply.refused_flat(400, "INVALID_PARAMETER")
            assert "Portico-After" == details["fields"][0]["parameter"]
