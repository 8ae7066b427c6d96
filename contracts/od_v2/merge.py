"""How words on one customer, or lead, add up (contracts B.4, E.4): part by part, the newest word stands.

A document is taken apart into parts: its members, the members of some of its objects, and the elements of
its collections; those objects and collections are called containers. Each part has the version that last
spoke of it. What is absent stays as it is, null clears, collections unite by value. Folding is a join: in
whatever order the same records are folded, and however often, the same is known in the end (invariant 3).

Parts are called by JSON Pointer, an element by its collection's pointer and what it is told apart by. When
a container was cleared as a whole is kept under `/` plus its pointer, which no part is ever called.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson

from domain.clock import from_millis
from domain.fold import Effect, Folding
from domain.records import Fields, Record, SourceState
from domain.version import Version

Json = dict[str, Any]
ElementKey = Callable[[Any], str]


class _Part(NamedTuple):
    """A part, and where it stands."""

    parent: str
    name: str
    value: Any


_CLEARED = object()
_OBJECT, _ARRAY = object(), object()
"""Stand for containers, which hold their parts and nothing else."""

_Parts = dict[str, _Part]
_Times = dict[str, Version]


@dataclass(frozen=True, slots=True)
class Layout:
    """What a document is taken apart by."""

    objects: frozenset[str]
    """Pointers of the objects whose members are parts."""
    collections: Mapping[str, ElementKey]
    """Pointers of the collections, and what tells the elements of each apart."""
    single: Mapping[str, str]
    """Members that hold one element of a collection, and the collection's pointer."""
    columns: Mapping[str, str]
    """Canonical columns, and the part each is made of."""

    def normalized(self, document: Json) -> Json:
        """`document` as it is when nothing else was said: nothing null, no element twice."""
        return _together(self.apart(document), None)

    def apart(self, document: Json) -> _Parts:
        """The parts of `document`."""
        parts: _Parts = {}
        self._members("", document, parts)
        return parts

    def _members(self, parent: str, members: Json, parts: _Parts) -> None:
        for name, value in members.items():
            if not parent and name in self.single:
                self._elements(self.single[name], None if value is None else [value], parts)
                continue
            pointer = f"{parent}/{_escaped(name)}"
            if pointer in self.collections:
                self._elements(pointer, value, parts)
            elif pointer not in self.objects:
                parts[pointer] = _Part(parent, name, _CLEARED if value is None else value)
            elif value is None:
                parts[f"/{pointer}"] = _Part(parent, name, _CLEARED)
            else:
                parts[pointer] = _Part(parent, name, _OBJECT)
                self._members(pointer, value, parts)

    def _elements(self, pointer: str, elements: list[Any] | None, parts: _Parts) -> None:
        parent, _, name = pointer.rpartition("/")
        if elements is None:
            parts[f"/{pointer}"] = _Part(parent, name, _CLEARED)
            return
        parts[pointer] = _Part(parent, name, _ARRAY)
        key = self.collections[pointer]
        for element in elements:
            parts[f"{pointer}/{_escaped(key(element))}"] = _Part(pointer, "", element)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1") if "~" in name or "/" in name else name


def _together(parts: _Parts, times: _Times | None) -> Json:
    """The document of `parts`: in each container in the order of when they were last said, then as said."""
    pointers: Iterable[str] = parts if times is None else sorted(parts, key=times.__getitem__)
    whole: Json = {}
    nodes: dict[str, Any] = {"": whole}
    for pointer, part in parts.items():
        if part.value is _OBJECT or part.value is _ARRAY:
            nodes[pointer] = {} if part.value is _OBJECT else []
    for pointer in pointers:
        parent, name, value = parts[pointer]
        if value is _CLEARED:
            continue
        node = nodes[parent]
        shown = nodes.get(pointer, value)
        if isinstance(node, list):
            node.append(shown)
        else:
            node[name] = shown
    return whole


@dataclass(frozen=True, slots=True)
class Merge:
    """A fold (domain.fold.Fold) of documents of one layout."""

    layout: Layout
    columns: Callable[[Json], Fields]
    """The canonical columns of a document without nulls."""

    def __call__(self, previous: SourceState | None, record: Record) -> Folding:
        """What is known once `record` is, too."""
        said = self.layout.apart(orjson.loads(record.document))
        if previous is None:
            state = self._state(record.state(), said, dict.fromkeys(said, record.version))
            return Folding(Effect.CHANGED, state)
        if record.digest == previous.digest and not previous.times:
            return self._confirmed(previous, record, said)
        return self._folded(previous, record, said)

    def _folded(self, previous: SourceState, record: Record, said: _Parts) -> Folding:
        before, times = self._known(previous)
        parts = dict(before)
        for pointer, part in said.items():
            if pointer not in times or times[pointer] < record.version:
                # Put in anew: the parts of one record stay in its order.
                parts.pop(pointer, None)
                parts[pointer], times[pointer] = part, record.version
        _drop_cleared(parts, times)
        newer = record.version > previous.version
        base = replace(previous, version=record.version, digest=record.digest, key=record.key)
        state = self._state(base if newer else previous, parts, times)
        visible = _visible(parts)
        if visible != _visible(before):
            return Folding(Effect.CHANGED, state)
        if state != previous:
            return Folding(Effect.CONFIRMED, state)
        agrees = all(visible.get(pointer) == value for pointer, value in _visible(said).items())
        return Folding(Effect.CONFIRMED if agrees else Effect.IGNORED, previous)

    def _confirmed(self, previous: SourceState, record: Record, said: _Parts) -> Folding:
        """All that is known is from a record with the very content of this one."""
        if record.version <= previous.version:
            return Folding(Effect.CONFIRMED, previous)
        base = replace(previous, version=record.version, key=record.key)
        return Folding(Effect.CONFIRMED, self._state(base, said, dict.fromkeys(said, record.version)))

    def _known(self, state: SourceState) -> tuple[_Parts, _Times]:
        parts = self.layout.apart(orjson.loads(state.document))
        times = {pointer: state.time_of(pointer) for pointer in parts}
        for pointer, time in state.times.items():
            if pointer.startswith("/") and pointer not in parts:
                parent, _, name = pointer.removeprefix("/" if pointer.startswith("//") else "").rpartition(
                    "/"
                )
                parts[pointer], times[pointer] = _Part(parent, name, _CLEARED), time
        return parts, times

    def _state(self, base: SourceState, parts: _Parts, times: _Times) -> SourceState:
        document = _together(parts, times)
        fields = self.columns(document)
        fields["source_updated_at"] = from_millis(base.version.at)
        kept = {
            pointer: time
            for pointer, time in times.items()
            if time != base.version or parts[pointer].value is _CLEARED
        }
        for column, pointer in self.layout.columns.items() if kept else ():
            time = times.get(pointer) if column in fields else _cleared_at(pointer, parts, times)
            if time is not None and (time != base.version or column not in fields):
                kept[column] = time
        return replace(base, document=orjson.dumps(document).decode(), fields=fields, times=kept)


def _drop_cleared(parts: _Parts, times: _Times) -> None:
    """Drop what was said before one of its containers was cleared as a whole."""
    cleared = {pointer[1:]: time for pointer, time in times.items() if pointer.startswith("//")}
    if not cleared:
        return
    for pointer in list(parts):
        if pointer.startswith("//"):
            after = _latest(cleared, parts[pointer].parent)
            gone = after is not None and after >= times[pointer]
        else:
            after = _latest(cleared, pointer)
            gone = after is not None and after > times[pointer]
        if gone:
            del parts[pointer], times[pointer]


def _latest(cleared: _Times, pointer: str) -> Version | None:
    """When `pointer` or something around it was last cleared."""
    found: Version | None = None
    while pointer:
        time = cleared.get(pointer)
        if time is not None and (found is None or time > found):
            found = time
        pointer = pointer.rpartition("/")[0]
    return found


def _cleared_at(pointer: str, parts: _Parts, times: _Times) -> Version | None:
    """When a part that is not there was cleared; None where nobody spoke of it."""
    part = parts.get(pointer)
    if part is not None and part.value is _CLEARED:
        return times[pointer]
    return _latest({one[1:]: time for one, time in times.items() if one.startswith("//")}, pointer)


def _visible(parts: _Parts) -> Json:
    """What a reader may see of parts, except when it was said."""
    return {
        pointer: part.value
        for pointer, part in parts.items()
        if part.value is not _CLEARED and pointer != "/updatedAt"
    }
