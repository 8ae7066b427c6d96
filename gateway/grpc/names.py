"""Resource names (AIP-122): `customers/{customer}` and its like.

Customers, events and dedupe candidates are named by the stored id. Leads, orders and reviews are
named by the sender's own id, which may hold any character and is therefore percent-encoded. A lead
may have no such id: it is named by the stored id then.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from domain.identity import IdentityKey, KeyKind
from domain.records import Entity, Stored, derived_id
from gateway.grpc.refusal import RefusedError, invalid

_MAX_NAME = 4_096
_STORED_ID = re.compile(r"[a-z]+_[0-9A-HJKMNP-TV-Z]{26}")
_SEGMENT = re.compile(r"(?:[^/%]++|%[0-9A-Fa-f]{2})+")


@dataclass(frozen=True, slots=True)
class Collection:
    """The records of one entity, as a collection of named resources."""

    entity: Entity
    plural: str
    sender_id: str | None
    """The column that holds the sender's own id; None where the stored id is the name."""

    key_kind: KeyKind | None = None
    """The kind of identity key that the sender's own id is, where a record may be stored under another
    of its keys; one without an id is named by its stored id."""

    def name(self, stored: Stored) -> str:
        """The resource name of a stored record."""
        if self.sender_id is None:
            return f"{self.plural}/{stored.id}"
        given: str = stored.fields.get(self.sender_id, "")
        if self.key_kind is not None and (not given or _STORED_ID.fullmatch(given)):
            return f"{self.plural}/{stored.id}"
        return f"{self.plural}/{quote(given, safe='')}"

    def stored_id(self, tenant: str, name: str) -> str:
        """The stored id that a resource name means. Raises RefusedError (INVALID_ARGUMENT)."""
        segment = segment_of(self.plural, name)
        if self.sender_id is None or (self.key_kind is not None and _STORED_ID.fullmatch(segment)):
            return segment
        return derived_id(self.entity, tenant, segment)

    def identity(self, name: str) -> IdentityKey | None:
        """The identity key that a resource name is; None where it means a stored id.

        Raises RefusedError (INVALID_ARGUMENT).
        """
        segment = segment_of(self.plural, name)
        if self.key_kind is None or _STORED_ID.fullmatch(segment):
            return None
        return IdentityKey(self.key_kind, segment)

    def not_found(self) -> RefusedError:
        """The one answer for a record that is unknown or another tenant's."""
        return RefusedError.not_found(f"{self.entity} not found")


def segment_of(plural: str, name: str) -> str:
    """The id in `name`, decoded. Raises RefusedError (INVALID_ARGUMENT)."""
    prefix, _, segment = name.partition("/")
    if prefix != plural or len(name) > _MAX_NAME or not _SEGMENT.fullmatch(segment):
        raise invalid(f"a name must look like {plural}/{{id}}, the id percent-encoded")
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError as error:
        raise invalid(f"the id of a name in {plural} is not UTF-8") from error


CUSTOMERS = Collection(Entity.CUSTOMER, "customers", None)
LEADS = Collection(Entity.LEAD, "leads", "lead_id", KeyKind.LEAD_ID)
ORDERS = Collection(Entity.ORDER, "orders", "order_id")
REVIEWS = Collection(Entity.REVIEW, "reviews", "review_id")
EVENTS = Collection(Entity.EVENT, "events", None)
