"""Domain to Open Delivery v2 wire: what the reads answer of a stored record.

A record that came by this contract is answered as it was sent, customers and leads as their words add up. One
that was born elsewhere is computed from its canonical columns (contracts E).
"""

from collections.abc import Iterable
from typing import Any

import orjson

from contracts.od_v2.customers import ranked
from contracts.od_v2.decode import SOURCE
from contracts.overlay import overlaid
from contracts.times import rfc3339
from domain.clock import from_millis
from domain.records import Fields, Stored

Json = dict[str, Any]

_ADDRESS = (
    ("type", "type"),
    ("street", "street"),
    ("number", "number"),
    ("complement", "complement"),
    ("neighborhood", "neighborhood"),
    ("city", "city"),
    ("state", "state"),
    ("postalCode", "postal_code"),
    ("country", "country"),
    ("reference", "reference"),
    ("formattedAddress", "formatted_address"),
    ("geo", "geo"),
    ("isPrimary", "is_primary"),
)
_CONTACT = (
    ("isPrimary", "is_primary"),
    ("type", "type"),
    ("verified", "verified"),
    ("countryCode", "country_code"),
    ("extension", "extension"),
)
_EXTERNAL = (("source", "source"), ("sourceName", "source_name"), ("key", "key"), ("value", "value"))
_DOCUMENT = (("type", "type"), ("number", "number"), ("country", "country"), ("issuer", "issuer"))
_DEMOGRAPHICS = (
    ("birthDate", "birth_date"),
    ("gender", "gender"),
    ("maritalStatus", "marital_status"),
    ("language", "language"),
    ("nationality", "nationality"),
)


def customer_json(stored: Stored) -> bytes:
    """The wire `Customer` of a stored customer."""
    state = stored.sources.get(SOURCE)
    if state is None:
        customer = _customer(stored.fields, stored.id)
    else:
        customer = _one_primary_each(orjson.loads(state.document))
        if len(stored.sources) > 1:
            before = _customer(state.fields, stored.id)
            customer = overlaid(customer, before, _customer(stored.fields, stored.id))
    customer.pop("id", None)
    return orjson.dumps({"id": stored.id, **customer, **_times(stored)})


def _times(stored: Stored) -> Json:
    born = stored.fields.get("source_created_at") or from_millis(stored.created_at)
    return {"createdAt": rfc3339(born), "updatedAt": rfc3339(from_millis(stored.version.at))}


def _one_primary_each(customer: Json) -> Json:
    """Of several elements that were called primary, one after another, the last one is."""
    contacts = customer.get("contacts", {})
    for holder, name in ((customer, "addresses"), (contacts, "emails"), (contacts, "phones")):
        if name in holder:
            holder[name] = ranked(holder[name])
    return customer


def _customer(fields: Fields, customer_id: str) -> Json:
    emails = [_contact("email", one) for one in fields.get("emails", ())]
    phones = [_contact("phone", one) for one in fields.get("phones", ())]
    contacts = {"phones": phones, "emails": emails, **fields.get("other_contacts", {})}
    demographics = {
        **fields.get("demographics", {}),
        **{name: fields[name] for name in ("birth_date", "gender") if name in fields},
    }
    customer = {
        "identifier": fields.get("identifier") or _identifier(fields, customer_id),
        "name": fields.get("display_name"),
        "document": _named(fields.get("document", {}), _DOCUMENT),
        "contacts": {name: one for name, one in contacts.items() if one},
        "demographics": _named(demographics, _DEMOGRAPHICS),
        "addresses": [_named(one, _ADDRESS) for one in fields.get("addresses", ())],
        "externalIds": [_named(one, _EXTERNAL) for one in fields.get("external_ids", ())],
        "metadata": fields.get("metadata"),
        "merchantId": fields.get("merchant_id"),
    }
    return {name: value for name, value in customer.items() if value}


def _identifier(fields: Fields, customer_id: str) -> Json:
    """Who was born elsewhere is identified by an external id, else by what the sender calls him."""
    for external in fields.get("external_ids", ()):
        return {"type": "external_id", "value": f"{external['source']}:{external['value']}"}
    return {"type": "custom", "value": next(iter(fields.get("logical_ids", ())), customer_id)}


def _contact(name: str, entry: Json) -> Json:
    return {name: entry["value"], **_named(entry, _CONTACT)}


def _named(columns: Json, names: Iterable[tuple[str, str]]) -> Json:
    return {name: columns[column] for name, column in names if column in columns}
