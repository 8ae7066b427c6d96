"""Domain to ODP v1 wire: what the binding's reads answer of a stored record.

A record that came by this contract is answered as it was sent, a customer with what another contract said
later. One that was born elsewhere has the binding's required fields computed from its canonical columns
(contracts E.6, row 13).
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from contracts.odp_v1.decode import SOURCE
from contracts.overlay import overlaid
from contracts.times import created_at, rfc3339
from domain.clock import from_millis
from domain.identity import split_external_id
from domain.records import Fields, Stored

_DEFAULT_SOURCE = "default"
"""The source of an external id that was written without one (contracts E.2)."""


def customer_json(stored: Stored) -> bytes:
    """The wire `Customer` of a stored customer; where other contracts said more, with the newest word."""
    state = stored.sources.get(SOURCE)
    if state is None or len(stored.sources) == 1:
        return _verbatim(stored) or orjson.dumps(_customer(stored, stored.fields))
    before, after = (_customer(stored, fields) for fields in (state.fields, stored.fields))
    own_id = {"id": before["id"]}  # whatever other contracts call this customer
    return orjson.dumps(overlaid(orjson.loads(state.document), before, after | own_id))


def order_json(stored: Stored) -> bytes:
    """The wire `CustomerOrderView` of a stored order."""
    return _verbatim(stored) or orjson.dumps(_order(stored))


def list_body(plural: str, documents: Iterable[bytes]) -> bytes:
    """The body `{plural: [documents]}`."""
    return b'{"%s":[%s]}' % (plural.encode(), b",".join(documents))


def _verbatim(stored: Stored) -> bytes:
    state = stored.sources.get(SOURCE)
    return state.document.encode() if state else b""


def _customer(stored: Stored, fields: Fields) -> dict[str, Any]:
    logical_id = next(iter(fields.get("logical_ids", [])), stored.id)
    demographics = fields.get("demographics", {})
    optional = {
        "document": fields.get("document", {}).get("number"),
        "birthDate": fields.get("birth_date") or demographics.get("birth_date"),
        "gender": fields.get("gender") or demographics.get("gender"),
    }
    name = fields.get("display_name")
    if name is None:
        name = fields.get("identifier", {}).get("value") or logical_id
    updated = fields.get("source_updated_at") or from_millis(stored.updated_at)
    return {
        "id": logical_id,
        "externalIds": [*dict.fromkeys(_external_ids(fields))] or [f"crm:{stored.id}"],
        "name": name,
        "contacts": dict(_contacts(fields)),
        "consent": _consent(fields.get("consents", [])),
        **{key: value for key, value in optional.items() if value},
        "createdAt": rfc3339(
            created_at(fields.get("source_created_at"), from_millis(stored.created_at), updated)
        ),
        "updatedAt": rfc3339(updated),
    }


def _external_ids(fields: Fields) -> Iterator[str]:
    identifier = fields.get("identifier", {})
    if identifier.get("type") == "external_id":
        source, value = split_external_id(identifier["value"])
        yield _external_id({"source": source, "value": value})
    yield from map(_external_id, fields.get("external_ids", []))


def _external_id(pair: dict[str, str]) -> str:
    source, value = pair.get("source", _DEFAULT_SOURCE), pair["value"]
    return value if source == _DEFAULT_SOURCE and ":" not in value else f"{source}:{value}"


def _contacts(fields: Fields) -> Iterator[tuple[str, Any]]:
    for channel, column in (("email", "emails"), ("phone", "phones")):
        values = [entry["value"] for entry in fields.get(column, [])]
        if values:
            yield channel, values[0] if len(values) == 1 else values
    yield from fields.get("other_contacts", {}).items()


def _consent(consents: list[dict[str, Any]]) -> dict[str, Any]:
    """One boolean a purpose; where channels differ, an opt-out counts (contracts E.4)."""
    flags: dict[str, Any] = {"marketing": False}
    seen: set[str] = set()
    for consent in consents:
        purpose, given = consent["purpose"], consent["status"] == "opt_in"
        flags[purpose] = given and (flags[purpose] if purpose in seen else True)
        seen.add(purpose)
    if times := [consent["updated_at"] for consent in consents if consent.get("updated_at")]:
        flags["updatedAt"] = rfc3339(max(times))
    return flags


_MARKERS = (
    ("createdAt", "placed_at"),
    ("confirmedAt", "confirmed_at"),
    ("completedAt", "completed_at"),
    ("canceledAt", "canceled_at"),
)


def _order(stored: Stored) -> dict[str, Any]:
    fields = stored.fields
    times = {marker: rfc3339(fields[column]) for marker, column in _MARKERS if fields.get(column)}
    return {
        "orderId": fields.get("order_id") or stored.id,
        "customerId": _customer_id(fields.get("customer_ref", "")),
        "salesChannel": fields.get("sales_channel") or "",
        "timestamps": times or {"createdAt": rfc3339(from_millis(stored.created_at))},
    }


def _customer_id(reference: str) -> str:
    """What an encoded identity key names, whichever its kind."""
    return reference.partition(":")[2]
