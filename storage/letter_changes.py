"""Changes of kept dead letters, as updates that many letters may share."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from domain.dead_letters.entities import KeptLetter
from storage.bulk import UpdateAll
from storage.dead_letters import parts_of, reason_document
from storage.driver import Document
from storage.flat import fields_of


@dataclass(slots=True)
class Shared:
    """The letters of one revision that one and the same update makes what they are to be."""

    revision: int
    update: Document
    ids: list[str] = field(default_factory=list)


def shared_updates(changes: Sequence[tuple[KeptLetter, KeptLetter]]) -> list[Shared]:
    """The updates that make the second of each pair of the first, each for all letters that it fits."""
    shared: dict[str, Shared] = {}
    for before, after in changes:
        update = _update(before, after)
        name = json.dumps([before.revision, update])
        shared.setdefault(name, Shared(before.revision, update)).ids.append(before.id)
    return list(shared.values())


def operations_of(shared: Sequence[Shared], mark: str, ids_a_call: int) -> list[UpdateAll]:
    """The updates for the store; each letter that is changed gets `mark`."""
    return [
        UpdateAll(
            {"_id": {"$in": one.ids[start : start + ids_a_call]}, "revision": one.revision},
            {**one.update, "$set": {**one.update["$set"], "mark": mark}},
        )
        for one in shared
        for start in range(0, len(one.ids), ids_a_call)
    ]


def edit_parts(kept: KeptLetter) -> list[Document]:
    """The parts of an edit, called by its content: of two editors at once neither gets the other's."""
    if kept.edited is None:
        return []
    name = f"{kept.id}/{hashlib.sha256(kept.edited).hexdigest()}"
    return parts_of(name, kept.edited)


def _update(before: KeptLetter, after: KeptLetter) -> Document:
    was, will_be = _fields(before), _fields(after)
    if before.edited is not after.edited:
        will_be["edit"] = [part["_id"] for part in edit_parts(after)]
    update: Document = {
        "$set": {name: value for name, value in will_be.items() if name not in was or was[name] != value},
    }
    # What comes in again meanwhile raises them, too. Only what changes: no two letters are alike here.
    if raised := {name: value for name, value in _raised(after).items() if value != _raised(before)[name]}:
        update["$max"] = raised
    if added := after.history[len(before.history) :]:
        update["$push"] = {"history": {"$each": [fields_of(entry) for entry in added]}}
    return update


def _fields(kept: KeptLetter) -> Document:
    return {
        **reason_document(kept.letter),
        "fingerprint": kept.fingerprint,
        "state": kept.state.value,
        "revision": kept.revision,
        "edited": kept.edited is not None,
        "size": len(kept.letter.body) + len(kept.edited or b""),
        "stored_in_part": kept.stored_in_part,
        "job": kept.job,
    }


def _raised(kept: KeptLetter) -> Document:
    return {"attempts": kept.letter.attempts, "last_seen": kept.letter.last_seen}
