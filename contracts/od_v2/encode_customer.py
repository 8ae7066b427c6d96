"""A customer's canonical columns as an Open Delivery v2 document (contracts E.2)."""

from collections.abc import Iterable
from typing import Any

from domain.records import Fields

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


def customer_of(fields: Fields, customer_id: str) -> Json:
    """The document of a customer that came by another contract; `customer_id` is Portico's own."""
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
