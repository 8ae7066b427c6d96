"""How records name a customer, and how callers look one up: encoded identity keys."""

from domain.identity import (
    IdentityKey,
    KeyKind,
    normalize_document,
    normalize_email,
    normalize_phone,
    split_external_id,
)
from domain.records import Stored
from gateway.grpc.pb.portico.v1.customers_pb2 import LookupCustomerRequest
from gateway.grpc.refusal import invalid


def customer_refs(customer: Stored) -> frozenset[str]:
    """Every reference by which records may name `customer`.

    E-mail and phone are left out: people share them, and a list by customer must hold nobody
    else's records.
    """
    fields = customer.fields
    keys = [IdentityKey(KeyKind.CUSTOMER, customer.id)]
    keys += [IdentityKey(KeyKind.LOGICAL, value) for value in fields.get("logical_ids", ())]
    keys += [external_key(one["source"], one["value"]) for one in fields.get("external_ids", ())]
    if identifier := fields.get("identifier"):
        keys.append(IdentityKey(KeyKind.IDENTIFIER, f"{identifier['type']}:{identifier['value']}"))
    if document := fields.get("document"):
        keys.append(IdentityKey(KeyKind.DOCUMENT, normalize_document(document["number"])))
    return frozenset(key.encode() for key in keys)


def external_key(source: str, value: str) -> IdentityKey:
    """The key of an external id."""
    return IdentityKey(KeyKind.EXTERNAL, f"{source}:{value}")


def lookup_key(request: LookupCustomerRequest, region: str) -> IdentityKey:
    """The key that a lookup names. `region` is the country of phone numbers written without one.

    Raises RefusedError (INVALID_ARGUMENT).
    """
    which = request.WhichOneof("key")
    if which is None:
        raise invalid("name a key to look up")
    if which == "external_id":
        found = external_key(request.external_id.source or "default", request.external_id.value)
        value = request.external_id.value
    elif which == "identifier":
        found = _typed_key(request.identifier.type, request.identifier.value, region)
        value = request.identifier.value and request.identifier.type
    else:
        value = getattr(request, which)
        found = _typed_key(which, value, region)
    if not value:
        raise invalid(f"{which} must not be empty")
    return found


def _typed_key(kind: str, value: str, region: str) -> IdentityKey:
    """E.3: an identifier of type e-mail, phone or document is the same key as the contact or document."""
    if kind == "logical_id":
        return IdentityKey(KeyKind.LOGICAL, value)
    if kind == "email":
        return IdentityKey(KeyKind.EMAIL, normalize_email(value))
    if kind == "document":
        return IdentityKey(KeyKind.DOCUMENT, normalize_document(value))
    if kind == "external_id":
        return external_key(*split_external_id(value))
    if kind == "phone":
        number = normalize_phone(value, region)
        if number is None:
            raise invalid("phone must be a phone number")
        return IdentityKey(KeyKind.PHONE, number)
    return IdentityKey(KeyKind.IDENTIFIER, f"{kind}:{value}")
