"""What a lead can be recognized by, whatever contract it comes by (contracts B.5, E.1)."""

import re
from collections.abc import Iterable

from domain.identity import IdentityKey, KeyKind

_OWN_ID = re.compile("lead_[0-7][0-9A-HJKMNP-TV-Z]{25}")


def lead_identities(lead_id: str | None, external: Iterable[str] = ()) -> tuple[IdentityKey, ...]:
    """The identity keys of the lead that its sender calls `lead_id`, and that has these external ids.

    An id of ours is one that the sender read and sends back.
    """
    kind = KeyKind.CUSTOMER if lead_id and _OWN_ID.fullmatch(lead_id) else KeyKind.LEAD_ID
    own = [IdentityKey(kind, lead_id)] if lead_id else []
    return (*own, *dict.fromkeys(IdentityKey(KeyKind.LEAD, one) for one in external))
