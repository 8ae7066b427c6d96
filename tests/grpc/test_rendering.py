"""Records as the bytes of their messages: what is kept, when it counts, and how it is put together."""

import hashlib
from dataclasses import replace
from typing import Any

from gateway.grpc.pb.portico.v1.customers_pb2 import Customer, StreamCustomersResponse
from gateway.grpc.rendering import RENDERING, joined, render
from storage.store import open_store
from tests.grpc.test_columns import CUSTOMER
from tests.support.grpc_surfaces import SURFACES, Surface, every_entity
from tests.support.grpc_world import T0, World, caller, customer, open_world, order

KNOWN = ("a767f8e25a0fa9b5", "71c5f9714f425763e88a93940a5cbf8c9522ecb8cf6874321c9d44c8bebd4730")


def test_what_is_rendered_belongs_to_the_revision() -> None:
    """Where this fails, records are rendered in another way than those that are stored: then `_MAPPING` in
    gateway/grpc/rendering.py is to be one more, and the pair here to be made anew."""
    records = [surface.make("a") for surface in SURFACES]
    records += [customer(**CUSTOMER), customer(emails=[]), order(amount="12.50", items_count=3)]
    digest = hashlib.sha256(b"".join(map(render, records))).hexdigest()
    assert KNOWN == (RENDERING.revision.hex(), digest)


def test_answers_are_joined_as_protobuf_would() -> None:
    """Records of every length of a length, and a token."""
    customers = [
        Customer(name="n" * length, revision=1) for length in (0, 1, 100, 127, 128, 20_000, 3_000_000)
    ]
    for token in ("", "t", "t" * 200):
        sent = joined((one.SerializeToString() for one in customers), token)
        expected = StreamCustomersResponse(customers=customers, resume_token=token)
        assert (expected.SerializeToString(), len(customers)) == (sent.content, sent.records)


@every_entity
async def test_answers_are_the_same_whether_kept_or_made(
    world: World, mongodb_url: str, database_name: str, surface: Surface
) -> None:
    """Of records that were stored without a rendering, by one and by both; after a change too."""
    kept, bare = surface.make("kept"), surface.make("bare", at=T0 + 1)
    await world.keep(kept)
    async with (
        open_store(mongodb_url, name=database_name) as store,
        open_world(store) as older,
    ):
        await older.keep(bare)
        changed = replace(bare, revision=2, updated_at=T0 + 2)
        asked = [surface.name("kept"), surface.name("bare")]
        for record in (bare, changed):
            if record is changed:
                await world.replace(changed, 1)
            answers = [await _answers(one, surface, asked) for one in (world, older)]
            assert answers[0] == answers[1]
            assert [[render(kept), render(record)]] * 2 == [answers[0]["batch"], answers[0]["stream"]]


async def _answers(world: World, surface: Surface, names: list[str]) -> dict[str, Any]:
    request = getattr(surface.messages, f"Stream{surface.title}Request")()
    stream = surface.method(world, f"Stream{surface.title}")(request, metadata=caller())
    return {
        "get": [(await surface.get(world, name)).SerializeToString() for name in names],
        "batch": [one.SerializeToString() for one in await surface.batch_get(world, names)],
        "stream": [
            one.SerializeToString() async for batch in stream for one in getattr(batch, surface.plural)
        ],
    }
