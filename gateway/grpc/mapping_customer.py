"""Stored customers as messages."""

from domain.records import Fields, Stored
from gateway.grpc.mapping import set_moment, write_head, write_json, write_texts
from gateway.grpc.names import CUSTOMERS
from gateway.grpc.pb.portico.v1.customers_pb2 import (
    Address,
    Consent,
    Customer,
    Email,
    ExternalId,
    Phone,
)

_TEXTS = ("status", "display_name", "birth_date", "gender", "merchant_id")
_DEMOGRAPHICS = ("birth_date", "gender", "marital_status", "language", "nationality")
_ADDRESS = (
    "type",
    "street",
    "number",
    "complement",
    "neighborhood",
    "city",
    "state",
    "postal_code",
    "country",
    "reference",
    "formatted_address",
)


def write_customer(stored: Stored, into: Customer) -> None:
    """Fill a customer."""
    write_head(stored, CUSTOMERS, into)
    fields = stored.fields
    write_texts(fields, _TEXTS, into)
    _write_identities(fields, into)
    _write_contacts(fields, into)
    if demographics := fields.get("demographics"):
        write_texts(demographics, _DEMOGRAPHICS, into.demographics)
    write_json(fields, "metadata", into)
    write_json(fields, "other_contacts", into)
    for consent in fields.get("consents", ()):
        _write_consent(consent, into.consents.add())
    if moment := fields.get("source_created_at"):
        set_moment(into.source_create_time, moment)
    if moment := fields.get("source_updated_at"):
        set_moment(into.source_update_time, moment)


def _write_identities(fields: Fields, into: Customer) -> None:
    if logical_ids := fields.get("logical_ids"):
        into.logical_ids.extend(logical_ids)
    for external_id in fields.get("external_ids", ()):
        write_external_id(external_id, into.external_ids.add())
    if identifier := fields.get("identifier"):
        into.identifier.type = identifier["type"]
        into.identifier.value = identifier["value"]
    if document := fields.get("document"):
        write_texts(document, ("number", "type", "country", "issuer"), into.document)


def _write_contacts(fields: Fields, into: Customer) -> None:
    for email in fields.get("emails", ()):
        _write_contact(email, into.emails.add())
    for phone in fields.get("phones", ()):
        message = into.phones.add()
        _write_contact(phone, message)
        write_texts(phone, ("country_code", "extension"), message)
    for address in fields.get("addresses", ()):
        _write_address(address, into.addresses.add())


def write_external_id(external_id: Fields, into: ExternalId) -> None:
    """Fill an external id."""
    into.source = external_id["source"]
    into.value = external_id["value"]
    write_texts(external_id, ("source_name", "key"), into)


def _write_contact(contact: Fields, into: Email | Phone) -> None:
    into.value = contact["value"]
    write_texts(contact, ("normalized", "type", "verified"), into)
    if contact.get("is_primary"):
        into.primary = True


def _write_address(address: Fields, into: Address) -> None:
    write_texts(address, _ADDRESS, into)
    into.primary = address.get("is_primary", False)
    if geo := address.get("geo"):
        into.geo.latitude = geo["latitude"]
        into.geo.longitude = geo["longitude"]


def _write_consent(consent: Fields, into: Consent) -> None:
    into.purpose = consent["purpose"]
    into.channel = consent["channel"]
    into.status = consent["status"]
    write_texts(consent, ("source", "legal_basis"), into)
    if moment := consent.get("granted_at"):
        set_moment(into.grant_time, moment)
    if moment := consent.get("revoked_at"):
        set_moment(into.revoke_time, moment)
