"""Selections as the admin REST takes them."""

from typing import Any

from domain.clock import from_millis
from domain.dead_letters.entities import Selection


def body_of(selection: Selection) -> dict[str, Any]:
    """`selection` in a body."""
    said: dict[str, Any] = {
        "states": [state.value for state in selection.states],
        "tenant": selection.tenant,
        "operation": selection.operation,
        "code": selection.code,
        "fingerprint": selection.fingerprint,
        "ingestion": selection.ingestion_id,
        "ids": list(selection.ids),
        "since": _time(selection.since),
        "until": _time(selection.until),
        "customer": selection.customer,
        "text": selection.text,
    }
    return {name: value for name, value in said.items() if value}


def query_of(selection: Selection) -> dict[str, str | list[str]]:
    """`selection` in a query."""
    query = body_of(selection)
    query["state"] = query.pop("states")
    if "ids" in query:
        query["id"] = query.pop("ids")
    return query


def _time(millis: int | None) -> str | None:
    return None if millis is None else from_millis(millis).isoformat()
