"""What members of a customer's parts are called on the wire, and as columns."""

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]
Names = Iterable[tuple[str, str]]
"""Pairs of a member's name and its column's."""

DOCUMENT: Names = (("type", "type"), ("number", "number"), ("country", "country"), ("issuer", "issuer"))
EMAIL: Names = (("isPrimary", "is_primary"), ("type", "type"), ("verified", "verified"))
PHONE: Names = (*EMAIL, ("countryCode", "country_code"), ("extension", "extension"))
DEMOGRAPHICS: Names = (
    ("birthDate", "birth_date"),
    ("gender", "gender"),
    ("maritalStatus", "marital_status"),
    ("language", "language"),
    ("nationality", "nationality"),
)
ADDRESS: Names = (
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
EXTERNAL_ID: Names = (
    ("source", "source"),
    ("sourceName", "source_name"),
    ("key", "key"),
    ("value", "value"),
)


def as_columns(members: Json, names: Names) -> Json:
    """The members among `names` that are there, as columns."""
    return {column: members[name] for name, column in names if members.get(name) is not None}


def as_members(columns: Json, names: Names) -> Json:
    """The columns among `names` that are there, as members."""
    return {name: columns[column] for name, column in names if column in columns}
