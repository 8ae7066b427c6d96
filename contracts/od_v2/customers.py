"""An Open Delivery v2 customer in canonical terms (contracts E.1 to E.3)."""

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache, partial

import orjson

from contracts.od_v2.merge import Json, Layout, Merge
from contracts.od_v2.names import ADDRESS, DEMOGRAPHICS, DOCUMENT, EMAIL, EXTERNAL_ID, PHONE, as_columns
from contracts.phones import phone_number
from contracts.times import instant_of
from domain.identity import (
    IdentityKey,
    KeyKind,
    identifier_keys,
    normalize_document,
    normalize_email,
    split_external_id,
)
from domain.records import Fields

_OWN_ID = re.compile("cust_[0-7][0-9A-HJKMNP-TV-Z]{25}")
_RANK = {kind: rank for rank, kind in enumerate(KeyKind)}
_keys_of_identifier = lru_cache(maxsize=16_384)(identifier_keys)


def customer_merge(region: str) -> Merge:
    """How words on one customer add up; `region` is the country of phone numbers written without one."""
    layout = Layout(
        objects=frozenset({"/contacts", "/demographics", "/metadata"}),
        collections={
            "/contacts/emails": lambda one: _email_key(one["email"]),
            "/contacts/phones": lambda one: _phone_key(one, region),
            "/addresses": _address_key,
            "/externalIds": external_key,
        },
        single={"address": "/addresses"},
        columns={
            "display_name": "/name",
            "identifier": "/identifier",
            "logical_ids": "/id",
            "external_ids": "/externalIds",
            "document": "/document",
            "emails": "/contacts/emails",
            "phones": "/contacts/phones",
            "other_contacts": "/contacts",
            "demographics": "/demographics",
            "birth_date": "/demographics/birthDate",
            "gender": "/demographics/gender",
            "addresses": "/addresses",
            "metadata": "/metadata",
            "merchant_id": "/merchantId",
            "source_created_at": "/createdAt",
        },
    )
    return Merge(layout, partial(customer_columns, region=region))


def customer_columns(customer: Json, region: str) -> Fields:
    """The canonical columns of a customer; what it does not have is absent."""
    contacts = customer.get("contacts", {})
    demographics = as_columns(customer.get("demographics", {}), DEMOGRAPHICS)
    name, merchant_id = customer.get("name"), customer.get("merchantId")
    columns: Fields = {
        "display_name": name,
        "logical_ids": [one for one in [customer.get("id")] if one and not _OWN_ID.fullmatch(one)],
        "external_ids": external_ids(customer),
        "document": _document(customer.get("document", {})),
        "emails": [_email(one) for one in ranked(contacts.get("emails", ()))],
        "phones": [_phone(one, region) for one in ranked(contacts.get("phones", ()))],
        "other_contacts": {key: one for key, one in contacts.items() if key not in ("emails", "phones")},
        "demographics": demographics,
        "birth_date": demographics.get("birth_date"),
        "gender": demographics.get("gender"),
        "addresses": [_address(one) for one in ranked(customer.get("addresses", ()))],
        "metadata": customer.get("metadata"),
        "merchant_id": merchant_id,
        "source_created_at": instant_of(customer.get("createdAt")),
    }
    present = {column: value for column, value in columns.items() if value not in (None, "", [], {})}
    identifier = customer["identifier"]
    return {
        "status": "active",
        "identifier": {"type": identifier["type"], "value": identifier["value"]},
        **present,
    }


def customer_identities(customer: Json, columns: Fields, region: str) -> tuple[IdentityKey, ...]:
    """The identity keys of a customer, strongest first, each once."""
    found = dict.fromkeys(key for key in _keys(customer, columns, region) if key.value)
    return tuple(sorted(found, key=lambda key: _RANK[key.kind]))


def _keys(customer: Json, columns: Fields, region: str) -> Iterator[IdentityKey]:
    own_id = customer.get("id")
    if own_id and _OWN_ID.fullmatch(own_id):
        yield IdentityKey(KeyKind.CUSTOMER, own_id)
    for logical_id in columns.get("logical_ids", ()):
        yield IdentityKey(KeyKind.LOGICAL, logical_id)
    identifier = columns["identifier"]
    yield from _keys_of_identifier(identifier["type"], identifier["value"], region)
    if identifier["type"] == "external_id":
        yield IdentityKey(KeyKind.NAME, split_external_id(identifier["value"])[1])
    for external in columns.get("external_ids", ()):
        yield IdentityKey(KeyKind.EXTERNAL, f"{external['source']}:{external['value']}")
        yield IdentityKey(KeyKind.NAME, external["value"])
    if document := columns.get("document"):
        yield IdentityKey(KeyKind.DOCUMENT, normalize_document(document["number"]))
    for email in columns.get("emails", ()):
        yield IdentityKey(KeyKind.EMAIL, email.get("normalized", ""))
    for phone in columns.get("phones", ()):
        yield IdentityKey(KeyKind.PHONE, phone.get("normalized", ""))


def ranked(elements: list[Json]) -> list[Json]:
    """`elements` with at most one primary: of several, the one that was said last (contracts B.4)."""
    if len(elements) < 2 or sum(1 for one in elements if one.get("isPrimary")) < 2:
        return elements
    last = max(place for place, one in enumerate(elements) if one.get("isPrimary"))
    return [
        one | {"isPrimary": False} if one.get("isPrimary") and place != last else one
        for place, one in enumerate(elements)
    ]


def external_ids(document: Json) -> list[Json]:
    """The external ids of a customer or lead as a column."""
    return [as_columns(one, EXTERNAL_ID) for one in document.get("externalIds", ())]


def external_key(external_id: Json) -> str:
    """What tells external ids apart: source and value (contracts E.3)."""
    return f"{external_id['source']}:{external_id['value']}"


def _phone_key(phone: Json, region: str) -> str:
    written = phone.get("phone") or phone["number"]
    return phone_number(written, region) or written.strip()


def _email_key(written: str) -> str:
    return normalize_email(written) or written.strip().lower()


def _address_key(address: Json) -> str:
    content = {name: value for name, value in address.items() if name != "isPrimary"}
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _email(email: Json) -> Json:
    value = email["email"]
    normalized = normalize_email(value)
    known = {"value": value, "normalized": normalized} if normalized else {"value": value}
    return {**known, **as_columns(email, EMAIL)}


def _phone(phone: Json, region: str) -> Json:
    value = phone.get("phone") or phone["number"]
    normalized = phone_number(value, region)
    return {"value": value, **({"normalized": normalized} if normalized else {}), **as_columns(phone, PHONE)}


def _document(document: Json) -> Json:
    number = document.get("number") or document.get("value")
    return {**as_columns(document, DOCUMENT), "number": number} if number else {}


def _address(address: Json) -> Json:
    columns = as_columns(address, ADDRESS)
    if address.get("district") is not None:
        columns.setdefault("neighborhood", address["district"])
    if geo := address.get("geo") or address.get("coordinates"):
        columns["geo"] = {"latitude": geo["latitude"], "longitude": geo["longitude"]}
    return columns
