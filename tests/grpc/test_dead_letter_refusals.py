"""DeadLetters: who may do what, and how a request that cannot be is refused."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest

from domain.dead_letters.entities import State
from gateway.grpc.pb.portico.v1 import dead_letters_pb2 as pb
from gateway.grpc.pb.portico.v1.customers_pb2 import ListCustomersRequest
from gateway.grpc.pb.portico.v1.customers_pb2_grpc import CustomersStub
from gateway.grpc.scopes import ROLES
from storage.store import open_store
from tests.support.grpc_dead_letters import (
    ANA,
    BOUND,
    INVALID,
    NOT_FOUND,
    OF_ACME,
    READ,
    REPAIR,
    REPLAY,
    a_letter,
    audited,
    call,
    fields,
    put,
    refused,
    streamed,
)
from tests.support.grpc_surfaces import failure
from tests.support.grpc_world import OTHER, TENANT, World, caller, open_world
from tests.support.proxy import Proxy


async def test_an_operator_of_a_tenant_knows_no_other(world: World) -> None:
    """Letters and jobs of others are as unknown as any that there are not, and none is selected."""
    await put(world, a_letter(1), a_letter(2, tenant=OTHER))
    theirs = await call(world, "ReplayDeadLetters", selection=pb.LetterSelection(tenant=OTHER))
    for method, name in (
        *((verb, "deadLetters/{}") for verb in ("GetDeadLetter", "RevealDeadLetter")),
        *((f"{verb}ReplayJob", "replayJobs/{}") for verb in ("Get", "Pause", "Resume", "Cancel", "Watch")),
        ("ListReplayResults", "replayJobs/{}"),
    ):
        foreign = theirs.name if "Job" in name else "deadLetters/dl_2"
        answers = [
            (error.code(), error.details())
            for error in [
                await refused(world, method, BOUND, name=one) for one in (foreign, name.format("none"))
            ]
        ]
        assert answers[0] == answers[1]
        assert NOT_FOUND == answers[0][0]
    edit = await refused(world, "EditDeadLetter", BOUND, name="deadLetters/dl_2", revision=1, payload=b"{}")
    assert NOT_FOUND == edit.code()
    listed = (await call(world, "ListDeadLetters", BOUND)).dead_letters
    groups = (await call(world, "ListDeadLetterGroups", BOUND)).groups
    assert (["dl_1"], [TENANT]) == ([one.uid for one in listed], [one.tenant for one in groups])
    assert [] == list((await call(world, "ListReplayJobs", BOUND)).replay_jobs)
    every = pb.LetterSelection(names=["deadLetters/dl_1", "deadLetters/dl_2"])
    done = await streamed(world, "DiscardDeadLetters", BOUND, selection=every, reason="ours")
    assert ["deadLetters/dl_1"] == [one.name for one in done]
    assert State.OPEN is (await world.store.kept_letters.get_many(["dl_2"]))["dl_2"].state
    mine = await call(world, "ReplayDeadLetters", BOUND, selection=pb.LetterSelection(tenant=OTHER))
    assert (0, pb.ReplayJob.DONE) == (mine.letters, mine.state)


async def test_a_page_token_is_of_one_list_and_operator(world: World) -> None:
    """Of another selection, tenant or list it is an invalid argument."""
    await put(world, a_letter(1), a_letter(2))
    for number in range(2):
        await call(world, "ReplayDeadLetters", selection=pb.LetterSelection(code=f"C{number}"))
    letters = (await call(world, "ListDeadLetters", page_size=1)).next_page_token
    jobs = (await call(world, "ListReplayJobs", page_size=1)).next_page_token
    assert letters
    assert jobs
    job = (await call(world, "ListReplayJobs")).replay_jobs[0].name
    for method, metadata, request in (
        ("ListDeadLetters", BOUND, {"page_token": letters}),
        ("ListDeadLetters", ANA, {"page_token": letters, "selection": OF_ACME}),
        ("ListDeadLetters", ANA, {"page_token": jobs}),
        ("ListReplayJobs", BOUND, {"page_token": jobs}),
        ("ListReplayResults", ANA, {"page_token": jobs, "name": job}),
        ("ListReplayResults", ANA, {"page_token": "x", "name": job}),
    ):
        assert INVALID == (await refused(world, method, metadata, **request)).code()


BAD: Sequence[tuple[str, Mapping[str, Any], str]] = (
    ("ListDeadLetters", {"selection": {"states": [9]}}, "selection.states"),
    ("ListDeadLetters", {"selection": {"states": [0]}}, "selection.states"),
    ("ListDeadLetters", {"selection": pb.LetterSelection(names=["dl_1"])}, "selection.names"),
    ("ListDeadLetters", {"selection": pb.LetterSelection(names=["x"] * 1_001)}, "selection.names"),
    ("ListDeadLetters", {"selection": pb.LetterSelection(tenant="x" * 513)}, "selection.tenant"),
    (
        "DryRunDeadLetters",
        {"selection": {"first_seen_from": {"seconds": 1 << 62}}},
        "selection.first_seen_from",
    ),
    ("ListDeadLetters", {"page_size": -1}, "page_size"),
    ("ListDeadLetterGroups", {"selection": pb.LetterSelection(names=["deadLetters/1"])}, "selection.names"),
    ("GetDeadLetter", {"name": ""}, "name"),
    ("RevealDeadLetter", {"name": "replayJobs/x"}, "name"),
    ("GetReplayJob", {"name": "deadLetters/x"}, "name"),
    ("WatchReplayJob", {"name": "replayJobs/%ff"}, "name"),
    ("DiscardDeadLetters", {"reason": "all of it"}, "selection"),
    ("PatchDeadLetters", {"selection": {"states": ["OPEN"]}}, "selection"),
    ("PatchDeadLetters", {"selection": {"code": "X"}}, "change"),
    ("PatchDeadLetters", {"selection": {"code": "X"}, "change": {"json_patch": "{}"}}, "change"),
    ("PatchDeadLetters", {"selection": {"code": "X"}, "change": {"transform": {"name": "x"}}}, "change"),
    ("PreviewDeadLetterPatch", {"change": {"transform": {"name": "drop-member"}}}, "change"),
    (
        "PreviewDeadLetterPatch",
        {"change": {"transform": {"name": "trim-strings"}}, "samples": 101},
        "samples",
    ),
    ("ReplayDeadLetters", {}, "selection"),
    ("ReplayDeadLetters", {"selection": {"code": "X"}, "options": {"rate": 0}}, "options"),
    ("ReplayDeadLetters", {"selection": {"code": "X"}, "options": {"rate": float("nan")}}, "options"),
    ("ReplayDeadLetters", {"selection": {"code": "X"}, "options": {"breaker": 1.1}}, "options"),
    ("ReplayDeadLetters", {"selection": {"code": "X"}, "options": {"ramp": {"seconds": 1}}}, "options"),
    ("ReplayDeadLetters", {"selection": {"code": "X"}, "options": {"start_at": {"seconds": 1}}}, "options"),
)


async def test_what_is_wrong_with_a_request_is_said_by_its_field(world: World) -> None:
    """INVALID_ARGUMENT with BadRequest, and nothing is done."""
    await put(world, a_letter(1))
    for method, request, field in BAD:
        error = await refused(world, method, **request)
        assert [field] == fields(error), (method, request)
    assert [] == await audited(world)


async def test_each_method_needs_its_role(world: World) -> None:
    """No other scope gives one, however much it grants; without a token nobody is anybody."""
    assert {f"/portico.v1.DeadLetters/{name}" for name in pb_methods()} == set(ROLES)
    everything_else = caller(TENANT, ("customer.read", "customer.write", "orders.crm.read", "operator"))
    for full, role in ROLES.items():
        method = full.rpartition("/")[2]
        lacking = [(caller(None, (one,)), role) for one in (READ, REPAIR, REPLAY) if role not in (one, READ)]
        for metadata, needed in ((everything_else, READ), *lacking):
            error = await refused(world, method, metadata)
            assert (grpc.StatusCode.PERMISSION_DENIED, f"the scope {needed} is required") == (
                error.code(),
                error.details(),
            )
    assert grpc.StatusCode.UNAUTHENTICATED == (await refused(world, "GetDeadLetter", ())).code()


def pb_methods() -> list[str]:
    """The methods of the service."""
    return [method.name for method in pb.DESCRIPTOR.services_by_name["DeadLetters"].methods]


async def test_internal_services_do_not_take_operators_of_all_tenants(world: World) -> None:
    """A token without a tenant opens nothing but DeadLetters."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await CustomersStub(world.channel).ListCustomers(
            ListCustomersRequest(), metadata=caller(None, (REPAIR, REPLAY, "customer.read"))
        )
    assert grpc.StatusCode.UNAUTHENTICATED == failure(raised)[0]


async def test_while_the_store_is_away_it_says_so(mongodb_url: str, database_name: str) -> None:
    """UNAVAILABLE, in place of the store's own words."""
    port = urlsplit(mongodb_url).port
    assert port is not None
    async with Proxy(port) as proxy:
        url = mongodb_url.replace(f":{port}", f":{proxy.port}")
        store_opened = open_store(url, name=database_name, selection_timeout=0.5)
        async with store_opened as store, open_world(store) as world:
            await put(world, a_letter(1))
            await proxy.refuse()
            error = await refused(world, "DryRunDeadLetters")
            assert (grpc.StatusCode.UNAVAILABLE, "temporarily unavailable; try again later") == (
                error.code(),
                error.details(),
            )
