"""Changes to the payloads of dead letters: JSON Patch (RFC 6902) and named transforms."""

import hashlib
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from jsonpatch import JsonPatch, JsonPatchException, JsonPatchTestFailed, JsonPointerException

from contracts.exact_json import read_json, write_json
from contracts.letter_transforms import TRANSFORMS
from domain.dead_letters.changes import CannotChangeError
from domain.dead_letters.errors import RepairError

_MEMBERS = {"add": "value", "replace": "value", "test": "value", "move": "from", "copy": "from"}
"""What an operation needs besides a path."""


@dataclass(frozen=True, slots=True)
class PayloadChange:
    """A change of a payload's JSON (domain.dead_letters.changes.Change). Numbers keep every digit."""

    words: str
    """What it does; nothing of a payload."""
    of: Callable[[Any], Any]
    """The new value, of one that it may change in place. Raises CannotChangeError."""
    asked: Mapping[str, Any]
    """What it was made of, as the admin REST takes it."""

    def __call__(self, payload: bytes, /) -> bytes:
        """`payload` changed, as compact JSON in UTF-8. Raises CannotChangeError."""
        try:
            before = read_json(payload)
            text = write_json(before)
            after = write_json(self.of(before))
        except ValueError as error:
            raise CannotChangeError(f"the payload cannot be changed: {error}") from error
        if after == text:
            raise CannotChangeError("it changes nothing here")
        return after


def json_patch(text: bytes) -> PayloadChange:
    """The change that the JSON Patch `text` describes. Raises RepairError where it is none."""
    try:
        operations = read_json(text)
        JsonPatch(operations)
    except (ValueError, JsonPatchException, JsonPointerException, TypeError, KeyError) as error:
        raise RepairError(f"this is no JSON Patch (RFC 6902): {error}") from error
    if not isinstance(operations, list) or not operations:
        raise RepairError("this is no JSON Patch (RFC 6902): it must be an array of at least one operation")
    # The library sees these only where the operation is applied, and then as a fault of the payload.
    for one in operations:
        missing = _MEMBERS.get(one["op"], "path")
        if missing not in one:
            raise RepairError(f"this is no JSON Patch (RFC 6902): {one['op']} needs {missing}")
    steps = ", ".join(f"{one['op']} {one['path'] or '/'}" for one in operations)
    # Without the values: they may be personal data, and what names the patch is kept for ever.
    words = f"JSON Patch {hashlib.sha256(text).hexdigest()[:12]} ({steps})"

    def change(value: Any) -> Any:
        try:
            # A copy: values of a patch become parts of the payload, which later operations change.
            return JsonPatch(deepcopy(operations)).apply(value, in_place=True)
        except (JsonPatchException, JsonPointerException, TypeError, KeyError, IndexError) as error:
            raise CannotChangeError(f"the patch does not fit it: {_reason(error)}") from error

    return PayloadChange(words, change, {"patch": operations})


def named_transform(name: str, arguments: Mapping[str, str]) -> PayloadChange:
    """The transform `name`. Raises RepairError for one that does not exist, and for bad arguments."""
    found = TRANSFORMS.get(name)
    if found is None:
        raise RepairError(f"there is no transform {name}: there are {', '.join(TRANSFORMS)}")
    missing = [one for one in found.needs if one not in arguments]
    if missing:
        raise RepairError(f"{name} needs the argument {missing[0]}")
    unknown = sorted(set(arguments) - {*found.needs, *found.takes})
    if unknown:
        raise RepairError(f"{name} takes no argument {unknown[0]}")
    pointer = arguments.get("pointer", "")
    asked = {"transform": name, "arguments": dict(arguments)}
    return PayloadChange(f"{name} {pointer}".strip(), found.make(arguments), asked)


def _reason(error: Exception) -> str:
    """The kind of trouble: the libraries' own words quote the payload."""
    if isinstance(error, JsonPatchTestFailed):
        return "a test fails"
    return "an operation is about something that is not there, or is of another type"
