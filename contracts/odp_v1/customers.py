"""An ODP v1 customer in canonical terms (contracts E.1 to E.3)."""

from collections.abc import Iterator
from typing import Any

from contracts.phones import phone_number
from contracts.times import instant
from domain.identity import (
    IdentityKey,
    KeyKind,
    normalize_document,
    normalize_email,
    split_external_id,
)
from domain.records import Fields

_CHANNELS = ("email", "phone")


def customer_fields(customer: dict[str, Any], raw: dict[str, Any], region: str) -> Fields:
    """The canonical columns of a valid customer, `raw` being it as it was sent.

    `region` gives the country of phone numbers written without one.
    """
    contacts, consent = raw["contacts"], raw["consent"]
    fields: Fields = {
        "status": "active",
        "display_name": customer["name"],
        "logical_ids": [customer["id"]],
        "external_ids": [
            {"source": source, "value": value}
            for source, value in map(split_external_id, filter(None, customer["externalIds"]))
        ],
        "emails": [_email(text) for text in _texts(contacts, "email")],
        "phones": [_phone(text, region) for text in _texts(contacts, "phone")],
        "other_contacts": {key: value for key, value in contacts.items() if key not in _CHANNELS},
        "consents": _consents(consent, customer["consent"]),
        "source_created_at": instant(customer["createdAt"]),
        "source_updated_at": instant(customer["updatedAt"]),
    }
    if number := raw.get("document"):
        fields["document"] = {"number": number}
    if birth_date := raw.get("birthDate"):
        fields["birth_date"] = birth_date
    if gender := raw.get("gender"):
        fields["gender"] = gender
    return fields


def identities(fields: Fields) -> tuple[IdentityKey, ...]:
    """The identity keys in a customer's `fields`, strongest first, each once."""
    return tuple(dict.fromkeys(key for key in _keys(fields) if key.value))


def _keys(fields: Fields) -> Iterator[IdentityKey]:
    for logical_id in fields["logical_ids"]:
        yield IdentityKey(KeyKind.LOGICAL, logical_id)
    for external in fields["external_ids"]:
        yield IdentityKey(KeyKind.EXTERNAL, f"{external['source']}:{external['value']}")
    if document := fields.get("document"):
        yield IdentityKey(KeyKind.DOCUMENT, normalize_document(document["number"]))
    for email in fields["emails"]:
        yield IdentityKey(KeyKind.EMAIL, email.get("normalized", ""))
    for phone in fields["phones"]:
        yield IdentityKey(KeyKind.PHONE, phone.get("normalized", ""))
    for external in fields["external_ids"]:
        yield IdentityKey(KeyKind.NAME, external["value"])


def _texts(contacts: dict[str, Any], channel: str) -> list[str]:
    value = contacts.get(channel, [])
    texts = [value] if isinstance(value, str) else value
    return [text for text in texts if text.strip()]


def _email(text: str) -> dict[str, str]:
    normalized = normalize_email(text)
    return {"value": text, "normalized": normalized} if normalized else {"value": text}


def _phone(text: str, region: str) -> dict[str, str]:
    normalized = phone_number(text, region)
    return {"value": text, "normalized": normalized} if normalized else {"value": text}


def _consents(consent: dict[str, Any], valid: dict[str, Any]) -> list[dict[str, Any]]:
    shared: dict[str, Any] = {}
    legal_basis = consent.get("legalBasis")
    if isinstance(legal_basis, str) and legal_basis:
        shared["legal_basis"] = legal_basis
    if "updatedAt" in valid:
        shared["updated_at"] = instant(valid["updatedAt"])
    return [
        {"purpose": purpose, "channel": "any", "status": "opt_in" if given else "opt_out", **shared}
        for purpose, given in consent.items()
        if isinstance(given, bool)
    ]
