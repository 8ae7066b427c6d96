"""What every call passes: authentication, scopes, request ids, and errors that tell no secrets."""

from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from gateway.grpc.pb.portico.v1 import (
    customers_pb2,
    dedupe_pb2,
    events_pb2,
    ingestions_pb2,
    leads_pb2,
    orders_pb2,
    reviews_pb2,
)
from gateway.grpc.pb.portico.v1.customers_pb2 import (
    GetCustomerRequest,
    ListCustomersRequest,
    StreamCustomersRequest,
)
from gateway.grpc.pb.portico.v1.customers_pb2_grpc import CustomersStub
from storage.store import open_store
from tests.support.grpc_world import SECRET, TENANT, World, caller, customer, open_world

SCOPES = {
    "Customers": "customer.read",
    "Leads": "customer.read",
    "Orders": "orders.crm.read",
    "Reviews": "customer.read",
    "Events": "customer.read",
    "DedupeCandidates": "customer.read",
    "Ingestions": None,
}
FILES = (customers_pb2, leads_pb2, orders_pb2, reviews_pb2, events_pb2, dedupe_pb2, ingestions_pb2)
METHODS = [
    (method, SCOPES[service.name])
    for file in FILES
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
every_method = pytest.mark.parametrize(
    ("method", "scope"), METHODS, ids=lambda value: getattr(value, "name", "")
)


async def outcome(world: World, method: Any, metadata: Any) -> tuple[grpc.StatusCode, str]:
    """How a call with an empty request ends."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    channel: Any = world.channel  # without serializers, a method takes bytes
    try:
        if method.server_streaming:
            async for _ in channel.unary_stream(path)(b"", metadata=metadata, timeout=10):
                pass
        else:
            await channel.unary_unary(path)(b"", metadata=metadata, timeout=10)
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details() or ""
    return grpc.StatusCode.OK, ""


def test_every_method_of_the_issue_is_served() -> None:
    """Four reads of five entities, the lookup, two of dedupe candidates, and two of ingestions."""
    assert 5 * 4 + 1 + 2 + 2 == len(METHODS)


@every_method
async def test_no_method_is_served_without_a_token(world: World, method: Any, scope: str | None) -> None:
    """No, a broken, and another key's token are UNAUTHENTICATED."""
    broken = (("authorization", "Bearer x.y.z"),)
    for metadata in ((), broken):
        code, _ = await outcome(world, method, metadata)
        assert grpc.StatusCode.UNAUTHENTICATED == code


@every_method
async def test_every_method_needs_its_scope(world: World, method: Any, scope: str | None) -> None:
    """Every scope but the right one is PERMISSION_DENIED, naming it; the right one, or od.all, gets in."""
    everything = {"customer.read", "customer.write", "orders.crm.read", "orders.crm.write", "lead.write"}
    if scope is not None:
        refused = await outcome(world, method, caller(TENANT, everything - {scope}))
        assert (grpc.StatusCode.PERMISSION_DENIED, f"the scope {scope} is required") == refused
    for scopes in ([scope] if scope else [], ["od.all"]):
        code, _ = await outcome(world, method, caller(TENANT, scopes))
        assert code in (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT)


async def test_an_unknown_method_is_unimplemented(world: World) -> None:
    """With and without a token."""
    channel: Any = world.channel
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await channel.unary_unary("/portico.v1.Customers/DropCustomers")(b"")
    assert grpc.StatusCode.UNIMPLEMENTED == raised.value.code()


async def test_bytes_that_are_no_request_are_the_callers_fault(world: World) -> None:
    """A request that does not parse never reaches a handler, and tells nothing of ours."""
    channel: Any = world.channel
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await channel.unary_unary("/portico.v1.Customers/GetCustomer")(b"\xff" * 9, metadata=caller())
    assert "Traceback" not in (raised.value.details() or "")


@pytest.mark.parametrize(
    ("given", "echoed"), [("abc-1", True), ("x" * 129, False), ("a b", False), (None, False)]
)
async def test_the_request_id_comes_back(world: World, given: str | None, echoed: bool) -> None:
    """In the trailing metadata of success and failure; one of ours where the caller's is unfit or absent."""
    more = [("x-request-id", given)] if given is not None else []
    stub = CustomersStub(world.channel)
    good = stub.ListCustomers(ListCustomersRequest(), metadata=caller(TENANT, ["od.all"], *more))
    await good
    bad = stub.GetCustomer(GetCustomerRequest(name="?"), metadata=caller(TENANT, ["od.all"], *more))
    with pytest.raises(grpc.aio.AioRpcError):
        await bad
    for call in (good, bad):
        answered = str(dict(await call.trailing_metadata())["x-request-id"])
        assert echoed == (answered == given)
        assert echoed or answered.startswith("req_")


@pytest.mark.parametrize("streaming", [False, True])
async def test_a_bug_of_ours_is_internal_with_an_opaque_id(world: World, streaming: bool) -> None:
    """A stored value that no column can hold: its text reaches neither the caller nor the log."""
    broken = customer()
    broken.fields["display_name"] = ["maria's secret"]
    await world.keep(broken)
    stub = CustomersStub(world.channel)
    with capture_logs() as logs, pytest.raises(grpc.aio.AioRpcError) as raised:
        await (
            stub.StreamCustomers(StreamCustomersRequest(), metadata=caller()).read()
            if streaming
            else stub.GetCustomer(GetCustomerRequest(name=f"customers/{broken.id}"), metadata=caller())
        )
    assert grpc.StatusCode.INTERNAL == raised.value.code()
    [entry] = logs
    assert f"internal error {entry['error_id']}" == raised.value.details()
    assert "secret" not in repr(logs)


async def test_a_store_that_is_away_is_unavailable() -> None:
    """UNAVAILABLE without the driver's words, so that the caller tries again."""
    url = "mongodb://127.0.0.1:1/?directConnection=true"
    async with (
        open_store(url, prepare=False, call_timeout=0.5, selection_timeout=0.2) as away,
        open_world(away) as world,
    ):
        with capture_logs() as logs, pytest.raises(grpc.aio.AioRpcError) as raised:
            await CustomersStub(world.channel).ListCustomers(ListCustomersRequest(), metadata=caller())
    assert (grpc.StatusCode.UNAVAILABLE, "temporarily unavailable; try again later") == (
        raised.value.code(),
        raised.value.details(),
    )
    assert [] == [entry for entry in logs if entry["event"] == "request_failed"]


async def test_a_request_beyond_a_mebibyte_is_refused(world: World) -> None:
    """RESOURCE_EXHAUSTED before it is read into memory whole."""
    request = GetCustomerRequest(name="customers/" + "x" * (1 << 20))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await CustomersStub(world.channel).GetCustomer(request, metadata=caller())
    assert grpc.StatusCode.RESOURCE_EXHAUSTED == raised.value.code()


async def test_no_answer_holds_the_token_or_the_key(world: World) -> None:
    """What is refused is refused without an echo of the credentials."""
    token = dict(caller())["authorization"]
    metadata = (("authorization", token + "x"),)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await CustomersStub(world.channel).ListCustomers(ListCustomersRequest(), metadata=metadata)
    told = repr((raised.value.details(), raised.value.trailing_metadata(), raised.value.debug_error_string()))
    assert (False, False) == (token.split()[1][:40] in told, SECRET.decode() in told)
