"""LookupCustomer."""

from typing import Any

import grpc
import pytest

from gateway.grpc.pb.portico.v1 import customers_pb2, customers_pb2_grpc
from tests.support.grpc_surfaces import failure
from tests.support.grpc_world import OTHER, TENANT, World, caller, customer

LOOKUPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("logical:customer-123", {"logical_id": "customer-123"}),
    ("external:app:1:2", {"external_id": customers_pb2.ExternalId(source="app", value="1:2")}),
    ("external:default:9", {"external_id": customers_pb2.ExternalId(value="9")}),
    ("external:app:1", {"identifier": customers_pb2.Identifier(type="external_id", value="app:1")}),
    ("document:12345678909", {"document": "123.456.789-09"}),
    ("email:maria@example.com", {"email": " MARIA@example.com "}),
    (
        "email:maria@example.com",
        {"identifier": customers_pb2.Identifier(type="email", value="Maria@Example.com")},
    ),
    ("phone:+5511999990000", {"phone": "(11) 99999-0000"}),
    ("identifier:loyalty:77", {"identifier": customers_pb2.Identifier(type="loyalty", value="77")}),
    (
        "identifier:email:maria@example.com",
        {"identifier": customers_pb2.Identifier(type="email", value="Maria@Example.com")},
    ),
)


async def lookup(world: World, **key: Any) -> customers_pb2.Customer:
    """The customer that `key` names."""
    stub = customers_pb2_grpc.CustomersStub(world.channel)
    return await stub.LookupCustomer(customers_pb2.LookupCustomerRequest(**key), metadata=caller())


@pytest.mark.parametrize(
    ("encoded", "key"), LOOKUPS, ids=lambda value: value if isinstance(value, str) else ""
)
async def test_a_customer_is_found_by_every_kind_of_key(
    world: World, encoded: str, key: dict[str, Any]
) -> None:
    """Keys are normalized as they are on the way in."""
    someone = customer()
    await world.keep(someone)
    await world.store.identities.claim(TENANT, {encoded: someone.id})
    assert someone.id == (await lookup(world, **key)).uid


async def test_an_identifier_finds_its_owner_although_many_share_the_contact(world: World) -> None:
    """The pair is the customer's own; the e-mail in it is looked up only where nobody has the pair."""
    owner = customer()
    await world.keep(owner)
    pair, contact = "identifier:email:maria@example.com", "email:maria@example.com"
    await world.store.identities.claim(TENANT, {pair: owner.id, contact: "cust_1"})
    await world.store.identities.mark_shared(TENANT, [contact])
    identifier = customers_pb2.Identifier(type="email", value="maria@example.com")
    assert owner.id == (await lookup(world, identifier=identifier)).uid


async def test_a_key_that_several_share_names_nobody(world: World) -> None:
    """FAILED_PRECONDITION, so that a caller can tell it from unknown."""
    await world.store.identities.claim(TENANT, {"phone:+5511999990000": "cust_1"})
    await world.store.identities.mark_shared(TENANT, ["phone:+5511999990000"])
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await lookup(world, phone="+5511999990000")
    assert (grpc.StatusCode.FAILED_PRECONDITION, "several customers share this key") == failure(raised)


async def test_an_unknown_key_is_not_found_as_is_a_foreign_one(world: World) -> None:
    """Keys are looked up in the caller's tenant alone."""
    theirs = customer(tenant=OTHER)
    await world.keep(theirs)
    await world.store.identities.claim(OTHER, {"logical:customer-123": theirs.id})
    answers = []
    for logical_id in ("customer-123", "nobody"):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await lookup(world, logical_id=logical_id)
        answers.append(failure(raised))
    assert answers[0] == answers[1] == (grpc.StatusCode.NOT_FOUND, "customer not found")


@pytest.mark.parametrize(
    "key",
    [
        {},
        {"logical_id": ""},
        {"phone": "abc"},
        {"document": "..."},
        {"email": " "},
        {"external_id": customers_pb2.ExternalId(source="app")},
        {"identifier": customers_pb2.Identifier(value="x")},
    ],
)
async def test_an_empty_or_impossible_key_is_an_invalid_argument(world: World, key: dict[str, Any]) -> None:
    """Nothing is looked up by nothing."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await lookup(world, **key)
    assert grpc.StatusCode.INVALID_ARGUMENT == raised.value.code()
