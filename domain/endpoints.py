"""Webhook endpoints: where a tenant wants its facts told."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from domain.facts import Fact


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One receiver of one tenant's facts."""

    id: str
    """A UUID, by which the receiver knows who sends (`X-App-Id`)."""
    tenant: str
    url: str
    secret: str
    """What deliveries are signed with: kept as it is, and shown once."""
    events: tuple[str, ...]
    """Patterns of the facts it wants, such as `order.*` or `loyaltyEvent`; empty: all."""
    merchant_id: str
    """What `X-App-MerchantId` says."""
    created_at: int
    """Milliseconds since the Unix epoch."""
    disabled: bool = False

    def __repr__(self) -> str:
        """Without the secret, and without the URL, which may hold one."""
        return f"Endpoint(id={self.id!r}, tenant={self.tenant!r})"

    def wants(self, fact: Fact) -> bool:
        """Whether `fact` is to be told here."""
        if self.disabled or self.tenant != fact.tenant:
            return False
        return not self.events or any(
            pattern == fact.webhook or fnmatchcase(fact.type, pattern) for pattern in self.events
        )
