"""One set of canonical columns out of what several contracts brought (contracts E.2, E.4).

Pure, and the same whatever came first. With one contract, its columns are the record's.
"""

import json
from collections.abc import Callable, Mapping
from itertools import takewhile
from typing import Any

from domain.records import Entity, Fields, SourceState

_ORDER_OF_CONTRACTS = {"odp_v1": 0, "od_v2": 1}
"""An order view never overwrites the canonical order (seed 000): the later here wins."""

_UNITED: Mapping[str, Callable[[Any], str]] = {
    "logical_ids": str,
    "external_ids": lambda one: f"{one.get('source')}\x1f{one['value']}",
    "emails": lambda one: str(one.get("normalized") or one["value"]),
    "phones": lambda one: str(one.get("normalized") or one["value"]),
    "addresses": lambda one: json.dumps(one, sort_keys=True, default=str),
    "consents": lambda one: f"{one['purpose']}\x1f{one['channel']}",
}
"""Collections that unite, by what makes two of their elements the same."""

_SHALLOW = frozenset({"demographics", "metadata", "other_contacts"})
"""Objects of which each member has its own newest word."""


def unite(entity: Entity, sources: Mapping[str, SourceState]) -> Fields:
    """The columns of a record that came by `sources`, each column's newest word on it."""
    states = [sources[name] for name in sorted(sources)]
    if len(states) == 1:
        return states[0].fields
    ranks = {name: _rank(entity, name) for name in sources}
    columns = dict.fromkeys(column for state in states for column in (*state.fields, *state.times))
    fields: Fields = {}
    for column in columns:
        said = [
            (ranks[name], state.time_of(column), state.fields.get(column))
            for name, state in sorted(sources.items())
            if column in state.fields or column in state.times
        ]
        said.sort(key=lambda one: one[:2], reverse=True)
        fields[column] = _united(column, [value for _, _, value in said])
    return {column: value for column, value in fields.items() if value is not None and column[0] != "/"}


def _rank(entity: Entity, source: str) -> int:
    return _ORDER_OF_CONTRACTS.get(source, 0) if entity is Entity.ORDER else 0


def _united(column: str, newest_first: list[Any]) -> Any:
    said = list(takewhile(lambda value: value is not None, newest_first))  # cleared, it hides what is older
    identity = _UNITED.get(column)
    if column in _SHALLOW and said:
        return {name: value for one in reversed(said) for name, value in one.items()}
    if identity is None or not said:
        return newest_first[0]
    elements: dict[str, Any] = {}
    for collection in said:
        for element in collection:
            elements.setdefault(identity(element), element)
    return list(elements.values())
