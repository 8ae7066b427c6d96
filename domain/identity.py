"""Identity keys: what a customer can be recognized by (design §5, contracts E.3)."""

import hashlib
import re
from enum import StrEnum
from typing import NamedTuple

import phonenumbers
from email_validator import EmailNotValidError, validate_email

_MAX_VALUE = 200

_PLAIN_EMAIL = re.compile(
    r"(?=[^@]{1,64}@)(?!.*--)[a-z0-9_+=&'/-]+(?:\.[a-z0-9_+=&'/-]+)*@"
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}[a-z]{2,20}"
)
"""Addresses that are their own key: nothing in them needs a library, which takes 15 times as long."""
_LONGEST_PLAIN = 200


class KeyKind(StrEnum):
    """Kinds of identity key of a customer, strongest first; and of a lead."""

    CUSTOMER = "customer"
    """Portico's own customer id, which a sender read and sends back: a hint that nobody claims."""
    LOGICAL = "logical"
    IDENTIFIER = "identifier"
    EXTERNAL = "external"
    DOCUMENT = "document"
    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"
    """An external id's value without its source: finds, and never matches."""
    LEAD_ID = "lead_id"
    """The sender's own id of a lead."""
    LEAD = "lead"
    """An external id of a lead."""


WEAK_KINDS = frozenset({KeyKind.EMAIL, KeyKind.PHONE, KeyKind.NAME})
"""Kinds that people share: they match only where E.3 says so, and may have several owners."""


class IdentityKey(NamedTuple):
    """One normalized key of a customer, unique within its tenant."""

    kind: KeyKind
    value: str

    def encode(self) -> str:
        """`kind:value`; long values are cut to a digest so that an index can always hold them."""
        if len(self.value) <= _MAX_VALUE:
            return f"{self.kind}:{self.value}"
        digest = hashlib.sha256(self.value.encode()).hexdigest()
        return f"{self.kind}:{self.value[:100]}#{digest}"


def normalize_email(value: str) -> str | None:
    """An e-mail address as a key, or None where `value` cannot be one (RFC 5321, RFC 5322, E.3).

    Trimmed and in lower case, its domain as people read it: that is one key, however it was written.
    """
    written = value.strip()
    if (
        len(written) <= _LONGEST_PLAIN
        and written.isascii()
        and _PLAIN_EMAIL.fullmatch(key := written.lower())
    ):
        return key
    try:
        address = validate_email(
            written, check_deliverability=False, globally_deliverable=False, test_environment=True
        )
    except EmailNotValidError:
        return None
    return address.normalized.lower()


def normalize_document(value: str) -> str:
    """A national document as a key: its digits, else its letters and digits in upper case."""
    digits = re.sub(r"\D", "", value)
    return digits or re.sub(r"\W", "", value).upper()


def normalize_phone(value: str, region: str) -> str | None:
    """A phone number in E.164, or None where `value` cannot be one.

    `region` (ISO 3166-1 alpha-2) gives the country of numbers written without one.
    """
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def split_external_id(text: str) -> tuple[str, str]:
    """(source, value) of an external id, split at the first colon; without one `default` (E.2)."""
    source, colon, value = text.partition(":")
    return (source, value) if colon else ("default", text)


IDENTIFIER_TYPES = ("document", "phone", "email", "external_id", "custom")
"""Types of the canonical identifier of Open Delivery v2 (seed 001)."""


def identifier_keys(kind: str, value: str, region: str) -> list[IdentityKey]:
    """The keys of an identifier: the pair itself, then the key that other contracts know it by (E.3).

    `region` is the country of phone numbers written without one.
    """
    match kind:
        case "document":
            known = IdentityKey(KeyKind.DOCUMENT, normalize_document(value))
        case "email":
            known = IdentityKey(KeyKind.EMAIL, normalize_email(value) or "")
        case "phone":
            known = IdentityKey(KeyKind.PHONE, normalize_phone(value, region) or "")
        case "external_id":
            source, name = split_external_id(value)
            known = IdentityKey(KeyKind.EXTERNAL, f"{source}:{name}")
        case _:
            known = IdentityKey(KeyKind.IDENTIFIER, "")
    normalized = known.value if kind in ("document", "email", "phone") else value
    pair = IdentityKey(KeyKind.IDENTIFIER, f"{kind}:{normalized or value}")
    return [key for key in (pair, known) if key.value]
