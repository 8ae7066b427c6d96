"""`/oauth/token` (RFC 6749 §4.4, and the JSON form of contracts B.11) and the keys of its tokens.

Each form has its own errors: `{error, error_description}` as RFC 6749 §5.2 has them, and the flat
`{code, message}`.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote_plus

import orjson
from aiohttp import web

from gateway.keyring import OwnKeys
from gateway.oauth import InvalidClientError, InvalidScopeError, IssuedToken, TokenIssuer
from gateway.rest.answers import json_response
from gateway.rest.body import BodyBudget, BodyLimits, is_json, read_body, require_json
from gateway.rest.errors import ApiError, as_api_error
from gateway.rest.metrics import ERROR_CODE
from gateway.rest.refusals import refusal

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
JWKS_PATH = "/.well-known/jwks.json"

_LIMITS = BodyLimits(sent=16 * 1024, unpacked=16 * 1024, timeout=10.0)
_MOST_PARAMETERS = 20
_FORM = "application/x-www-form-urlencoded"
_NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="portico", charset="UTF-8"'}


class _Credentials(NamedTuple):
    client_id: str
    secret: str


class OAuthSurface:
    """Tokens for clients, and the public keys to verify them with."""

    def __init__(self, issuer: TokenIssuer, keys: OwnKeys, budget: BodyBudget) -> None:
        self._issuer = issuer
        self._jwks = keys.jwks()
        self._budget = budget

    def routes(self) -> list[web.RouteDef]:
        """The two routes."""
        return [
            web.post(TOKEN_PATH, self.token, name="oauthToken"),
            web.get(JWKS_PATH, self.jwks, name="jwks"),
        ]

    async def jwks(self, _: web.Request) -> web.Response:
        """The JWK set, public and readable by browsers of any origin (RFC 7517)."""
        response = json_response(self._jwks)
        response.headers["Cache-Control"] = "public, max-age=300"
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    async def token(self, request: web.Request) -> web.Response:
        """A token, or an error in the form of the request. Neither may be stored."""
        try:
            issued = await self._issue(request)
        except Exception as error:
            response = _refused(request, error)
        else:
            response = json_response(
                {
                    "access_token": issued.token,
                    "token_type": "bearer",
                    "expires_in": issued.expires_in,
                    "scope": issued.scope,
                }
            )
        response.headers.update(_NOT_STORED)
        if not request.content.is_eof():
            # The rest of the body may never come: the connection cannot be used again.
            response.force_close()
        return response

    async def _issue(self, request: web.Request) -> IssuedToken:
        body = await read_body(request, _LIMITS, self._budget, require=_require_known)
        parameters = _json(body) if is_json(request) else _form(body)
        grant_type = parameters.get("grant_type")
        if grant_type is None:
            raise _invalid("grant_type is missing")
        credentials = _credentials(request, parameters)
        if grant_type != "client_credentials":
            raise ApiError(400, "UNSUPPORTED_GRANT_TYPE", "the one grant_type here is client_credentials")
        return await self._issuer.issue(*credentials, parameters.get("scope"))


def _require_known(request: web.Request) -> None:
    if request.content_type != _FORM:
        require_json(request)


def _json(body: bytes) -> dict[str, str]:
    try:
        loaded = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _invalid("the body is not JSON") from error
    if not isinstance(loaded, dict):
        raise _invalid("the body is not a JSON object")
    given = {name: value for name, value in loaded.items() if value is not None and value != ""}
    for name in ("grant_type", "client_id", "client_secret", "scope"):
        if not isinstance(given.get(name, ""), str):
            raise _invalid(f"{name} is not a text")
    return given


def _form(body: bytes) -> dict[str, str]:
    """RFC 6749 §3.2: what is empty counts as left out, and nothing may come twice."""
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=False, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError as error:
        raise _invalid("the body is not a form in UTF-8") from error
    if len(dict(pairs)) < len(pairs):
        raise _invalid("a parameter comes more than once")
    return dict(pairs)


def _credentials(request: web.Request, parameters: Mapping[str, str]) -> _Credentials:
    """From the Authorization header or the body, never from both (RFC 6749 §2.3)."""
    client_id, secret = parameters.get("client_id"), parameters.get("client_secret")
    header = request.headers.get("Authorization")
    if header is None:
        if client_id is None or secret is None:
            raise InvalidClientError("the client's credentials are missing")
        return _Credentials(client_id, secret)
    basic = _basic(header)
    if secret is not None or client_id not in (None, basic.client_id):
        raise _invalid("the client's credentials come in two ways")
    return basic


def _basic(header: str) -> _Credentials:
    scheme, _, encoded = header.strip().partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError("another scheme")
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        if not colon:
            raise ValueError("no secret")
        # Both were encoded as in a form before (RFC 6749 §2.3.1).
        return _Credentials(unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict"))
    except (ValueError, binascii.Error) as error:
        raise InvalidClientError("the Authorization header is not that of a client") from error


def _invalid(message: str) -> ApiError:
    return ApiError(400, "INVALID_REQUEST", message)


def _refused(request: web.Request, error: Exception) -> web.Response:
    answer = _answer_to(error)
    request[ERROR_CODE] = answer.code
    if is_json(request):
        response = json_response({"code": answer.code, "message": answer.message}, status=_status(answer))
    else:
        response = oauth_error(answer, "")
    response.headers.update(answer.headers)
    return response


def oauth_error(error: ApiError, _: str) -> web.Response:
    """`error` and `error_description` (RFC 6749 §5.2)."""
    body = {"error": _rfc6749_code(error), "error_description": error.message}
    return json_response(body, status=_status(error))


def _status(error: ApiError) -> int:
    return 400 if error.status in (413, 415) else error.status


def _answer_to(error: Exception) -> ApiError:
    match error:
        case InvalidClientError():
            return ApiError(401, "INVALID_CLIENT", str(error), headers=_CHALLENGE)
        case InvalidScopeError():
            return ApiError(400, "INVALID_SCOPE", str(error))
        case _:
            return refusal(error) or as_api_error(error)


def _rfc6749_code(answer: ApiError) -> str:
    if answer.code in ("INVALID_CLIENT", "INVALID_SCOPE", "UNSUPPORTED_GRANT_TYPE"):
        return answer.code.lower()
    if answer.status in (429, 503):
        return "temporarily_unavailable"
    return "server_error" if answer.status >= 500 else "invalid_request"
