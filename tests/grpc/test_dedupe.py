"""DedupeCandidates."""

from typing import Any

import grpc
import pytest

from domain.receipts import DedupeCandidate
from domain.records import Stored
from gateway.grpc.mapping_dedupe import masked
from gateway.grpc.pb.portico.v1 import dedupe_pb2 as pb
from gateway.grpc.pb.portico.v1.dedupe_pb2_grpc import DedupeCandidatesStub
from tests.support.grpc_surfaces import failure
from tests.support.grpc_world import OTHER, T0, TENANT, World, caller, customer


def candidate(one: Stored, other: Stored, number: int = 0, **changes: Any) -> DedupeCandidate:
    """A pair that an e-mail address points to."""
    facts = {"tenant": one.tenant, "key": "email:maria@example.com", "seen_at": T0 + number, **changes}
    return DedupeCandidate(customer_id=one.id, other_id=other.id, **facts)


async def page(world: World, tenant: str = TENANT, **request: Any) -> pb.ListDedupeCandidatesResponse:
    """One page."""
    stub = DedupeCandidatesStub(world.channel)
    return await stub.ListDedupeCandidates(pb.ListDedupeCandidatesRequest(**request), metadata=caller(tenant))


async def get(world: World, name: str, tenant: str = TENANT) -> pb.DedupeCandidate:
    """One candidate."""
    stub = DedupeCandidatesStub(world.channel)
    return await stub.GetDedupeCandidate(pb.GetDedupeCandidateRequest(name=name), metadata=caller(tenant))


async def test_a_candidate_shows_both_customers_and_hides_the_key(world: World) -> None:
    """Names and what tells them apart; of the key its kind and a hint. A customer that is gone: his name."""
    one, gone = customer("one", display_name="Maria"), customer("gone")
    await world.keep(one)
    await world.store.dedupe.put_many([candidate(one, gone)])
    [listed] = (await page(world)).dedupe_candidates
    assert listed == await get(world, listed.name)
    assert (f"customers/{one.id}", "Maria", "active", T0, T0, ["odp_v1"]) == (
        listed.customer.name,
        listed.customer.display_name,
        listed.customer.status,
        listed.customer.create_time.ToMilliseconds(),
        listed.customer.update_time.ToMilliseconds(),
        list(listed.customer.sources),
    )
    assert pb.CustomerSummary(name=f"customers/{gone.id}") == listed.other_customer
    assert ("email", "m***@example.com", T0) == (
        listed.key_kind,
        listed.masked_key,
        listed.seen_time.ToMilliseconds(),
    )
    assert f"dedupeCandidates/{listed.uid}" == listed.name


async def test_pages_cover_the_candidates_once_in_the_order_seen(world: World) -> None:
    """First seen first, and those of another tenant never."""
    one, theirs = customer("one"), customer("theirs", tenant=OTHER)
    others = [customer(f"k{number}") for number in range(5)]
    candidates = [candidate(one, other, number // 2) for number, other in enumerate(others)]
    await world.store.dedupe.put_many([*candidates, candidate(theirs, theirs)])
    expected = [each.id for each in sorted(candidates, key=lambda each: (each.seen_at, each.id))]
    pages, token = [], ""
    while True:
        answer = await page(world, page_size=2, page_token=token)
        pages.append([each.uid for each in answer.dedupe_candidates])
        token = answer.next_page_token
        if not token:
            break
    assert [expected[:2], expected[2:4], expected[4:]] == pages


async def test_candidates_of_one_customer_have_him_on_either_side(world: World) -> None:
    """Whichever of the two the record was applied to."""
    one, two, three = customer("1"), customer("2"), customer("3")
    mine = [candidate(one, two), candidate(three, one, 1)]
    await world.store.dedupe.put_many([*mine, candidate(two, three, 2)])
    answer = await page(world, customer=f"customers/{one.id}")
    assert [each.id for each in mine] == [each.uid for each in answer.dedupe_candidates]


async def test_a_token_stands_for_its_own_list_alone(world: World) -> None:
    """With another filter or tenant it is an invalid argument."""
    one = customer("one")
    await world.store.dedupe.put_many([candidate(one, customer(f"k{number}")) for number in range(2)])
    token = (await page(world, page_size=1)).next_page_token
    for tenant, request in (
        (TENANT, {"customer": f"customers/{one.id}"}),
        (OTHER, {}),
        (TENANT, {"page_size": -1}),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await page(world, tenant, page_token=token, **request)
        assert grpc.StatusCode.INVALID_ARGUMENT == raised.value.code()


async def test_an_unknown_candidate_is_not_found_as_is_a_foreign_one(world: World) -> None:
    """To the byte the same (invariant 8)."""
    theirs = candidate(customer("a", tenant=OTHER), customer("b", tenant=OTHER))
    await world.store.dedupe.put_many([theirs])
    answers = []
    for uid in (theirs.id, "0" * 64):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await get(world, f"dedupeCandidates/{uid}")
        answers.append(failure(raised))
    assert answers[0] == answers[1] == (grpc.StatusCode.NOT_FOUND, "dedupe candidate not found")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("maria@example.com", "m***@example.com"),
        ("+5511999990000", "+***00"),
        ("12345678909", "1***09"),
        ("1234567", "***"),
        ("", "***"),
        ("@x", "***"),
    ],
)
def test_a_masked_key_is_a_hint(value: str, shown: str) -> None:
    """First and last characters of what is long, nothing of what is short, and no length."""
    assert shown == masked(value)
