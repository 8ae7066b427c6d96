"""The claims of a verified token (contracts A.5, RFC 7519 §4): who it names, and for how long."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.errors import AuthenticationError

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SUBJECT = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,200}")


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller, as a verified token names it."""

    subject: str
    tenant: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever a verified token names, of one tenant or of none."""

    subject: str
    tenant: str | None
    """None where the token has no `org` claim."""
    scopes: frozenset[str]

    def principal(self) -> Principal:
        """The caller as one of a tenant. Raises AuthenticationError."""
        if self.tenant is None:
            raise AuthenticationError("the token's org claim is not a tenant")
        return Principal(self.subject, self.tenant, self.scopes)


def principal_of(claims: Mapping[str, Any]) -> Principal:
    """The principal that verified `claims` name. Raises AuthenticationError."""
    return caller_of(claims).principal()


def caller_of(claims: Mapping[str, Any], scope_claim: str = "scope") -> Caller:
    """The caller that verified `claims` name, with the scopes of one of them. Raises AuthenticationError."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not _SUBJECT.fullmatch(subject):
        raise AuthenticationError("the token's sub claim is not a text of 1 to 200 characters")
    if "org" not in claims:
        return Caller(subject, None, _scopes(claims.get(scope_claim, "")))
    tenant = claims["org"]
    if not isinstance(tenant, str) or not _TENANT.fullmatch(tenant):
        raise AuthenticationError("the token's org claim is not a tenant")
    return Caller(subject, tenant, _scopes(claims.get(scope_claim, "")))


def _scopes(claim: object) -> frozenset[str]:
    if isinstance(claim, str):
        return frozenset(claim.split())
    if isinstance(claim, list) and all(isinstance(scope, str) for scope in claim):
        return frozenset(claim)
    raise AuthenticationError("the token's scopes are neither a text nor a list of texts")


def check_times(claims: Mapping[str, Any], now: float, leeway: float) -> int:
    """When the token ends, the leeway included, in ms since the epoch; `now`, `leeway` in seconds.

    Raises AuthenticationError where it has ended, or has not begun.
    """
    expires = _seconds(claims, "exp")
    if expires is None or now >= expires + leeway:
        raise AuthenticationError("the token has expired")
    for claim in ("nbf", "iat"):
        begins = _seconds(claims, claim)
        if begins is not None and now < begins - leeway:
            raise AuthenticationError("the token is not valid yet")
    return int((expires + leeway) * 1000)


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AuthenticationError(f"the token's {name} claim is not a number")
    # Bounded, for a claim may be NaN, infinite or an integer that no float holds.
    if not (isinstance(value, int) or math.isfinite(value)) or abs(value) > 1e12:
        raise AuthenticationError(f"the token's {name} claim is out of range")
    return float(value)
