"""Who an operator is: a token that the gateway would verify, with at least one role among its scopes.

A token with an `org` claim binds its operator to that tenant; one without is an operator of all.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.auth import Authenticator
from gateway.errors import InsufficientScopeError

READ = "operator.read"
REPAIR = "operator.repair"
REPLAY = "operator.replay"
OPERATOR_SCOPES = frozenset({READ, REPAIR, REPLAY})
"""The roles. `REPAIR` and `REPLAY` imply `READ`; no other scope implies one of them."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who looks after what could not be stored."""

    subject: str
    """Who the audit names."""
    tenant: str | None
    """The tenant that he is bound to; None for all."""
    roles: frozenset[str]

    def has(self, role: str) -> bool:
        """Whether he has `role`, or one that implies it."""
        return role in self.roles or (role == READ and bool(self.roles))

    def require(self, role: str) -> None:
        """Raises InsufficientScopeError where he has not `role`."""
        if not self.has(role):
            raise InsufficientScopeError(role)


SignIn = Callable[[str], Awaitable[Operator]]
"""The operator of a token. Raises AuthenticationError, InsufficientScopeError, KeysUnavailableError."""


class Operators:
    """Knows operators by their tokens."""

    def __init__(self, authenticator: Authenticator) -> None:
        """`authenticator` as the gateway's."""
        self._authenticator = authenticator

    async def of_header(self, authorization_header: str | None) -> Operator:
        """The operator of an `Authorization` header. Raises as `SignIn`."""
        caller = await self._authenticator.caller(authorization_header)
        roles = caller.scopes & OPERATOR_SCOPES
        if not roles:
            raise InsufficientScopeError(READ)
        return Operator(caller.subject, caller.tenant, roles)

    async def of_token(self, token: str) -> Operator:
        """The operator of a token (SignIn)."""
        return await self.of_header(f"Bearer {token}")
