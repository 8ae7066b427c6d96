from collections.abc import Mapping
from typing import Any

import pytest

from storage.driver import Database
from storage.server import Server

_PYTHON = {"version": "8.2.11", "secantusVersion": "0.7.0b3"}
_RUST = {"version": "8.2.11", "secantusVersion": "0.5.3", "buildEnvironment": {"cc": "rustc"}}
_MONGODB = {"version": "8.2.11", "buildEnvironment": {"cc": "gcc"}}


@pytest.mark.parametrize(
    ("info", "secantus", "ids"), [(_PYTHON, True, 50), (_RUST, True, 1000), (_MONGODB, False, 1000)]
)
async def test_each_server_is_asked_for_as_many_ids_as_it_takes_well(
    info: Mapping[str, Any], secantus: bool, ids: int
) -> None:
    """One that compares each document with every id gets few of them."""

    async def build_info() -> Mapping[str, Any]:
        return info

    server = Server(build_info)
    assert await server.is_secantus() is secantus
    assert await server.ids_a_call() == ids


async def test_all_of_many_ids_are_found(database: Database) -> None:
    """However many calls that takes, and each once."""
    collection = database.collection("things")
    ids = [f"d{number}" for number in range(1_100)]
    await collection.insert_missing([{"_id": id} for id in ids])
    found = await collection.find_ids([*ids, "missing"])
    assert sorted(one["_id"] for one in found) == sorted(ids)
