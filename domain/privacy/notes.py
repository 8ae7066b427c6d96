"""What the audit says of finding and erasing people: who and when, and of whom only a digest."""

import secrets

from domain.dead_letters.entities import AuditEntry
from domain.ingestion_id import base32
from domain.privacy.person import Person
from domain.privacy.tombstones import Tombstones


def audit_entry(person: Person, tombstones: Tombstones, actor: str, action: str, now: int) -> AuditEntry:
    """An entry about `person`; `tombstones` are his tenant's, whose salt the digest is made with."""
    name = person.customer_id or "\x1f".join(sorted(person.keys))
    return AuditEntry(
        id=f"aud_{base32(secrets.randbits(128), 128)}",
        at=now,
        actor=actor,
        action=action,
        letter_id="",
        tenant=person.tenant,
        selection={"customer": tombstones.digest(name).hex()},
        before="",
        after="",
        detail="",
    )
