"""Bearer tokens to principals: what is let in, and everything that must not be."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth import (
    AuthenticationError,
    Authenticator,
    InsufficientScopeError,
    Principal,
    mint_token,
    require_scope,
)
from gateway.keys import FixedKey
from gateway.scopes import CRM_SCOPES, grants

ISSUER, AUDIENCE = "https://issuer.example", "portico"
SECRET = b"0123456789abcdef0123456789abcdef"
NOW = 1_800_000_000_000
RSA_KEY = rsa.generate_private_key(65537, 2048)
RSA_PEM = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
EC_PEM = EC_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims, with `changes`; a change to None leaves the claim out."""
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "loader",
        "org": "acme",
        "scope": "customer.write lead.write",
        "exp": NOW // 1000 + 60,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def hs256(**changes: Any) -> str:
    """A bearer header with a token signed by the shared secret."""
    return "Bearer " + jwt.encode(claims(**changes), SECRET, algorithm="HS256")


def forged(header: dict[str, Any], payload: dict[str, Any], key: bytes) -> str:
    """A bearer header made by hand, for what PyJWT refuses to sign."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, payload)]
    signature = hmac.digest(key, b".".join(parts), hashlib.sha256) if key else b""
    return "Bearer " + b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def authenticator(clock: Callable[[], int] = lambda: NOW, **options: Any) -> Authenticator:
    """One that takes HS256 by the shared secret."""
    return Authenticator(FixedKey("HS256", SECRET), issuer=ISSUER, audience=AUDIENCE, clock=clock, **options)


async def test_a_good_token_names_its_principal() -> None:
    """Subject, tenant and scopes come from `sub`, `org` and `scope`."""
    principal = await authenticator().authenticate(hs256())
    assert Principal("loader", "acme", frozenset({"customer.write", "lead.write"})) == principal


@pytest.mark.parametrize("header", ["bearer {}", "BEARER  {}", " Bearer {} "])
async def test_the_scheme_is_written_in_any_case(header: str) -> None:
    """RFC 9110: authentication schemes are case-insensitive."""
    token = hs256().removeprefix("Bearer ")
    assert "acme" == (await authenticator().authenticate(header.format(token))).tenant


async def test_scopes_may_be_a_list() -> None:
    """Contracts A.5: `scope` is a text or an array."""
    principal = await authenticator().authenticate(hs256(scope=["review.write"]))
    assert frozenset({"review.write"}) == principal.scopes


async def test_a_minted_token_is_accepted_until_it_expires() -> None:
    """The embedded default's own tokens pass its own authenticator, for their time to live."""
    token = mint_token(
        SECRET,
        issuer=ISSUER,
        audience=AUDIENCE,
        tenant="acme",
        scopes=["od.crm"],
        subject="cli",
        ttl=60,
        now=NOW,
    )
    principal = await authenticator().authenticate(f"Bearer {token}")
    assert Principal("cli", "acme", frozenset({"od.crm"})) == principal
    with pytest.raises(AuthenticationError):
        await authenticator(lambda: NOW + 66_000).authenticate(f"Bearer {token}")


def test_no_token_is_minted_for_what_no_tenant_can_be() -> None:
    """A tenant that authentication would refuse is refused when the token is made."""
    with pytest.raises(ValueError, match="org"):
        mint_token(
            SECRET, issuer=ISSUER, audience=AUDIENCE, tenant="a b", scopes=[], subject="s", ttl=1, now=NOW
        )


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic dTpw", "token"])
async def test_without_a_bearer_token_none_was_given(header: str | None) -> None:
    """A challenge then names no error (RFC 6750 §3.1)."""
    with pytest.raises(AuthenticationError) as caught:
        await authenticator().authenticate(header)
    assert not caught.value.token_given


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": None},
        {"aud": []},
        {"exp": None},
        {"exp": NOW // 1000 - 6},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**400},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"nbf": NOW // 1000 + 6},
        {"nbf": "now"},
        {"iat": NOW // 1000 + 6},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a\nb"},
        {"sub": "x" * 201},
        {"org": None},
        {"org": ""},
        {"org": 1},
        {"org": ".hidden"},
        {"org": "a/b"},
        {"org": "acme\n"},
        {"org": "a" * 65},
        {"scope": 5},
        {"scope": ["a", 1]},
    ],
    ids=lambda changes: next(f"{name}={str(value)[:12]!r}" for name, value in changes.items()),
)
async def test_claims_that_do_not_hold_are_refused(changes: dict[str, Any]) -> None:
    """Every claim that is required is checked, and no value of one is an error of ours."""
    with pytest.raises(AuthenticationError) as caught:
        await authenticator().authenticate(forged({"alg": "HS256"}, claims(**changes), SECRET))
    assert caught.value.token_given


async def test_clocks_may_differ_by_the_leeway() -> None:
    """A token a few seconds out of its time still passes."""
    subject = authenticator(leeway=5)
    await subject.authenticate(hs256(exp=NOW // 1000 - 4))
    await subject.authenticate(hs256(nbf=NOW // 1000 + 4, iat=NOW // 1000 + 4))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS384", "RS256", None, 1])
async def test_the_token_does_not_choose_its_algorithm(alg: object) -> None:
    """`alg: none`, unsigned or signed, and every algorithm but the configured one are refused."""
    for key in (b"", SECRET):
        with pytest.raises(AuthenticationError):
            await authenticator().authenticate(forged({"alg": alg, "typ": "JWT"}, claims(), key))


async def test_a_public_key_is_no_shared_secret() -> None:
    """HS256 over the RSA public key's PEM, the old confusion, does not pass an RS256 authenticator."""
    subject = Authenticator(FixedKey("RS256", RSA_PEM), issuer=ISSUER, audience=AUDIENCE, clock=lambda: NOW)
    with pytest.raises(AuthenticationError):
        await subject.authenticate(forged({"alg": "HS256"}, claims(), RSA_PEM))
    with pytest.raises(AuthenticationError):
        await subject.authenticate(forged({"alg": "RS256"}, claims(), RSA_PEM))


@pytest.mark.parametrize(
    ("algorithm", "private", "pem"), [("RS256", RSA_KEY, RSA_PEM), ("ES256", EC_KEY, EC_PEM)]
)
async def test_tokens_signed_by_a_private_key_pass(algorithm: Any, private: Any, pem: bytes) -> None:
    """RS256 and ES256 are verified by the PEM of the public key."""
    subject = Authenticator(FixedKey(algorithm, pem), issuer=ISSUER, audience=AUDIENCE, clock=lambda: NOW)
    token = jwt.encode(claims(), private, algorithm=algorithm)
    assert "acme" == (await subject.authenticate(f"Bearer {token}")).tenant


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("HS256", b"short"), ("HS256", RSA_PEM), ("RS256", EC_PEM), ("ES256", RSA_PEM), ("RS256", b"no PEM")],
)
def test_a_key_that_does_not_fit_its_algorithm_is_refused_at_start(algorithm: Any, key: bytes) -> None:
    """The mistake shows when the gateway starts, not when a token comes."""
    with pytest.raises(ValueError, match=r"."):
        FixedKey(algorithm, key)


async def test_a_verified_token_ends_with_its_time_although_it_is_remembered() -> None:
    """What was verified a moment ago is refused once it has expired."""
    now = NOW
    subject = authenticator(lambda: now)
    header = hs256(exp=NOW // 1000 + 2)
    await subject.authenticate(header)
    now += 6_999
    await subject.authenticate(header)
    now += 1
    with pytest.raises(AuthenticationError):
        await subject.authenticate(header)


@pytest.mark.parametrize("capacity", [0, 1, 2])
async def test_few_remembered_tokens_serve_many_callers(capacity: int) -> None:
    """Forgetting a token only means to verify it again."""
    subject = authenticator(cached_tokens=capacity)
    headers = [hs256(org=f"tenant{number}") for number in range(4)]
    for _ in range(2):
        tenants = [(await subject.authenticate(header)).tenant for header in headers]
        assert ["tenant0", "tenant1", "tenant2", "tenant3"] == tenants


@given(text=st.text(max_size=300))
async def test_no_text_is_an_error_of_ours(text: str) -> None:
    """Any header whatever is refused as no token or a bad one."""
    for header in (text, f"Bearer {text}", f"Bearer a.{text}.c"):
        with pytest.raises(AuthenticationError):
            await authenticator().authenticate(header)


@given(
    header=st.dictionaries(
        st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jwk"]),
        st.one_of(
            st.none(),
            st.integers(),
            st.text(max_size=8),
            st.just("HS256"),
            st.lists(st.text(max_size=3), max_size=2),
        ),
    ),
    payload=st.one_of(
        st.none(),
        st.integers(),
        st.lists(st.integers(), max_size=2),
        st.dictionaries(
            st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "sub", "org", "scope", "jti"]),
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        ),
    ),
)
async def test_no_signed_token_is_an_error_of_ours(header: dict[str, Any], payload: Any) -> None:
    """Well signed or not, a token of any shape either passes or is refused; these lack good claims."""
    with pytest.raises(AuthenticationError):
        await authenticator().authenticate(forged(header, payload, SECRET))


@pytest.mark.parametrize("coarse", ["od.crm", "od.all"])
@pytest.mark.parametrize("fine", sorted(CRM_SCOPES))
def test_coarse_scopes_imply_the_fine_ones(coarse: str, fine: str) -> None:
    """Contracts A.5."""
    assert grants({coarse}, fine)
    assert grants({fine}, fine)
    assert not grants({"something.else"}, fine)


def test_coarse_scopes_imply_nothing_else() -> None:
    """A scope of another surface or of operators has to be granted by name."""
    assert not grants({"od.crm", "od.all"}, "portico.admin")


def test_a_missing_scope_is_named() -> None:
    """The caller is told what to ask for."""
    principal = Principal("s", "t", frozenset({"lead.write"}))
    require_scope(principal, "lead.write")
    with pytest.raises(InsufficientScopeError) as caught:
        require_scope(principal, "review.write")
    assert "review.write" == caught.value.required
