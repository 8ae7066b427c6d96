"""What an operator's story begins with, and how it must end, whichever way in he takes."""

from collections import Counter
from typing import Any

from storage.driver import open_database
from tests.support.odp_v1_bodies import example
from tests.support.stacks import Stack

FAULTY = 30


def batch() -> list[dict[str, Any]]:
    """A thousand customers, the first thirty faulty: ten in each of three ways.

    The first way lacks a name, the second has one external id instead of a list, the third no time.
    """
    faults: list[dict[str, Any]] = [
        fault
        for n in range(0, FAULTY, 3)
        for fault in ({"name": ...}, {"externalIds": f"app:{n + 1}"}, {"updatedAt": "yesterday"})
    ]
    return [_customer(n, **(faults[n] if n < FAULTY else {})) for n in range(1_000)]


def _customer(number: int, **changes: Any) -> dict[str, Any]:
    own = {"id": f"c-{number}", "externalIds": [f"app:{number}"], "contacts": {}}
    return example("customers", **{**own, **changes})


async def the_end_is_exact(stack: Stack, sent: list[dict[str, Any]], edited: int, job: str) -> None:
    """Each record, each letter, and the whole audit, in the store of one tenant's story.

    Ana patched the second way, edited the record at `edited`, naming it "Mended", and replayed all
    thirty by `job`, which she paused and resumed once. Eleven are stored; nineteen failed again.
    """
    async with open_database(stack.mongodb_url, stack.database) as database:
        stored = await database.collection("customers").find({})
        audit = await database.collection("audit").find({})
        letters = await database.collection("dead_letters").find({})

    names = {one["sources"]["odp_v1"]["key"]: one["fields"]["display_name"] for one in stored}
    good = {one["id"]: one["name"] for n, one in enumerate(sent) if n >= FAULTY or n % 3 == 1}
    assert {**good, sent[edited]["id"]: "Mended"} == names
    assert {("resolved", 1): 11, ("open", 2): 19} == Counter(
        (letter["state"], letter["attempts"]) for letter in letters
    )
    assert {"ana"} == {entry["actor"] for entry in audit}
    of_jobs = Counter(entry["action"] for entry in audit if not entry["letter_id"])
    assert {f"{act} replay job": 1 for act in ("start", "pause", "resume")} == of_jobs
    told = Counter((entry["letter_id"], entry["action"]) for entry in audit if entry["letter_id"])
    for letter in letters:
        change = ["edit"] if letter["index"] == edited else ["patch"] if letter["index"] % 3 == 1 else []
        acts = [entry["action"] for entry in letter["history"]]
        assert [*change, "replay"] == acts
        assert all(told[letter["_id"], act] >= 1 for act in [*acts, "replayed"])
        assert job == letter["job"]
