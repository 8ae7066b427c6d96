"""Scopes: what a token may do (contracts A.5)."""

from collections.abc import Set

CRM_SCOPES = frozenset(
    {
        "customer.read",
        "customer.write",
        "orders.crm.read",
        "orders.crm.write",
        "customer.events.write",
        "lead.write",
        "review.write",
        "customer.loyalty.read",
        "customer.loyalty.write",
        "customer.coupon.validate",
    }
)
"""The fine scopes of contracts A.5."""

COARSE_SCOPES = frozenset({"od.crm", "od.all"})
"""Each implies every one of `CRM_SCOPES`."""


def grants(scopes: Set[str], required: str) -> bool:
    """Whether a token with `scopes` may do what needs `required`."""
    return required in scopes or (required in CRM_SCOPES and not COARSE_SCOPES.isdisjoint(scopes))
