"""Named transforms, for what senders most often get wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jsonpatch import JsonPointer, JsonPointerException

from contracts.exact_json import read_json
from domain.dead_letters.changes import CannotChangeError
from domain.dead_letters.errors import RepairError

Arguments = Mapping[str, str]
_Make = Callable[[Any], Any]

_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
_CLOCK = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S")


@dataclass(frozen=True, slots=True)
class Transform:
    """A kind of change."""

    make: Callable[[Arguments], _Make]
    """The change that arguments make of it. Raises RepairError for bad ones."""
    says: str
    """What it does."""
    needs: tuple[str, ...] = ()
    """Arguments that it must have."""
    takes: tuple[str, ...] = ()
    """Arguments that it may have."""


def _trim_strings(_: Arguments) -> _Make:
    return _trimmed


def _trimmed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _trimmed(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_trimmed(one) for one in value]
    return value.strip() if isinstance(value, str) else value


def _drop_member(arguments: Arguments) -> _Make:
    place = _Place(arguments["pointer"])

    def change(value: Any) -> Any:
        del place.holder(value)[place.name]
        return value

    return change


def _rename_member(arguments: Arguments) -> _Make:
    place, to = _Place(arguments["pointer"]), arguments["to"]

    def change(value: Any) -> Any:
        holder = place.holder(value)
        if to in holder:
            raise CannotChangeError(f"there is a member {to} already")
        renamed = {to if name == place.name else name: one for name, one in holder.items()}
        holder.clear()
        holder.update(renamed)
        return value

    return change


def _set_default(arguments: Arguments) -> _Make:
    place = _Place(arguments["pointer"])
    try:
        read_json(arguments["value"].encode())
    except ValueError as error:
        raise RepairError(f"value is not JSON (a text needs its quotes): {error}") from error

    def change(value: Any) -> Any:
        holder = place.holder(value, there=False)
        if holder.get(place.name) is None:
            holder[place.name] = read_json(arguments["value"].encode())
        return value

    return change


def _wrap_in_array(arguments: Arguments) -> _Make:
    place = _Place(arguments["pointer"])

    def change(value: Any) -> Any:
        holder = place.holder(value)
        if not isinstance(holder[place.name], list):
            holder[place.name] = [holder[place.name]]
        return value

    return change


def _parse_date(arguments: Arguments) -> _Make:
    place = _Place(arguments["pointer"])
    try:
        zone = ZoneInfo(arguments.get("zone", "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise RepairError("zone is no time zone, such as America/Sao_Paulo") from error

    def change(value: Any) -> Any:
        holder = place.holder(value)
        holder[place.name] = _day_first(holder[place.name], zone)
        return value

    return change


def _day_first(text: Any, zone: ZoneInfo) -> str:
    for day in _DAY_FIRST:
        for clock in _CLOCK:
            try:
                moment = datetime.strptime(str(text).strip(), day + clock)
            except ValueError:
                continue
            return moment.replace(tzinfo=zone).isoformat().replace("+00:00", "Z")
    raise CannotChangeError("it has no day-first date, such as 25/03/2026 or 25/03/2026 14:30")


class _Place:
    """A member of an object, by its JSON Pointer (RFC 6901)."""

    def __init__(self, pointer: str) -> None:
        try:
            parts = JsonPointer(pointer).parts
        except JsonPointerException as error:
            raise RepairError(f"{pointer} is no JSON Pointer: {error}") from error
        if not parts:
            raise RepairError("the pointer must be that of a member, such as /name")
        self._pointer = pointer
        self._above = JsonPointer.from_parts(parts[:-1])
        self.name = parts[-1]

    def holder(self, value: Any, *, there: bool = True) -> dict[str, Any]:
        """The object of the member, which with `there` has it. Raises CannotChangeError without."""
        try:
            found = self._above.resolve(value)
        except (JsonPointerException, TypeError) as error:
            raise CannotChangeError(f"there is nothing at {self._above.path or '/'}") from error
        if not isinstance(found, dict):
            raise CannotChangeError(f"there is no object at {self._above.path or '/'}")
        if there and self.name not in found:
            raise CannotChangeError(f"there is nothing at {self._pointer}")
        return found


TRANSFORMS = {
    "trim-strings": Transform(_trim_strings, "takes the blanks off both ends of every text"),
    "drop-member": Transform(_drop_member, "takes a member away", ("pointer",)),
    "rename-member": Transform(_rename_member, "gives a member another name", ("pointer", "to")),
    "set-default": Transform(
        _set_default, "gives a member that is missing or null a value", ("pointer", "value")
    ),
    "wrap-in-array": Transform(_wrap_in_array, "puts one value into an array", ("pointer",)),
    "parse-date": Transform(
        _parse_date, "makes RFC 3339 of a day-first date, in a zone or UTC", ("pointer",), ("zone",)
    ),
}
"""By name."""
