"""Stored customers as messages."""

from domain.clock import to_millis
from domain.records import Fields, Stored
from gateway.grpc.mapping import set_millis, write_head
from gateway.grpc.names import CUSTOMERS
from gateway.grpc.pb.portico.v1.customers_pb2 import Consent, Customer, Document, Email, ExternalId, Phone


def write_customer(stored: Stored, into: Customer) -> None:
    """Fill a customer."""
    write_head(stored, CUSTOMERS, into)
    fields = stored.fields
    text = fields.get
    into.status = text("status", "")
    into.display_name = text("display_name", "")
    into.birth_date = text("birth_date", "")
    into.gender = text("gender", "")
    _write_identities(fields, into)
    for consent in fields.get("consents", ()):
        _write_consent(consent, into.consents.add())
    if moment := fields.get("source_created_at"):
        set_millis(into.source_create_time, to_millis(moment))
    if moment := fields.get("source_updated_at"):
        set_millis(into.source_update_time, to_millis(moment))


def _write_identities(fields: Fields, into: Customer) -> None:
    if logical_ids := fields.get("logical_ids"):
        into.logical_ids.extend(logical_ids)
    for external_id in fields.get("external_ids", ()):
        _write_external_id(external_id, into.external_ids.add())
    if document := fields.get("document"):
        _write_document(document, into.document)
    for email in fields.get("emails", ()):
        _write_contact(email, into.emails.add())
    for phone in fields.get("phones", ()):
        _write_contact(phone, into.phones.add())


def _write_external_id(external_id: Fields, into: ExternalId) -> None:
    into.source = external_id["source"]
    into.value = external_id["value"]
    into.source_name = external_id.get("source_name", "")
    into.key = external_id.get("key", "")


def _write_document(document: Fields, into: Document) -> None:
    into.number = document["number"]
    into.type = document.get("type", "")
    into.country = document.get("country", "")


def _write_contact(contact: Fields, into: Email | Phone) -> None:
    into.value = contact["value"]
    into.normalized = contact.get("normalized", "")
    into.primary = contact.get("is_primary", False)
    into.verified = contact.get("verified", False)


def _write_consent(consent: Fields, into: Consent) -> None:
    into.purpose = consent["purpose"]
    into.channel = consent["channel"]
    into.status = consent["status"]
    into.source = consent.get("source", "")
    into.legal_basis = consent.get("legal_basis", "")
    if moment := consent.get("granted_at"):
        set_millis(into.grant_time, to_millis(moment))
    if moment := consent.get("revoked_at"):
        set_millis(into.revoke_time, to_millis(moment))
