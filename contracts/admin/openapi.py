"""The OpenAPI 3.1 document of the admin port's REST."""

from collections.abc import Sequence
from typing import Any

from contracts.admin import models
from contracts.openapi_parts import HEADERS, headers, json_content, operation, reference, schemas_of

Json = dict[str, Any]

_TAG = "dead letters"
_READ, _REPAIR = "operator.read", "operator.repair"
_TEXT: Json = {"type": "string", "minLength": 1, "maxLength": 512}
_TIME: Json = {"type": "string", "format": "date-time"}
_STATES = ["open", "replaying", "resolved", "discarded", "all"]
_MODELS: dict[str, Any] = {
    model.__name__: model
    for model in (
        models.Discard,
        models.DryRun,
        models.Groups,
        models.Letters,
        models.WholeLetter,
        models.Results,
        models.Problem,
    )
}
_ERRORS = {
    "400": "Something in the request is wrong; `fields` names it.",
    "401": "Missing or invalid credentials.",
    "403": "The token lacks the role that `requiredScope` names.",
    "404": "There is no such dead letter, or it is another tenant's.",
    "405": "The path does not have this method.",
    "409": "The letter is not in a state in which this can be done.",
    "412": "Somebody else was faster; `letter` is his version, masked.",
    "413": "The body is over 8 MiB.",
    "415": "The body is not JSON in UTF-8.",
    "422": "The contract does not take the payload; `fields` has its faults.",
    "428": "`If-Match` is missing.",
    "500": "Unexpected failure.",
    "503": "The store is away; try again.",
}
_OWN_HEADERS = {
    "401": ("WWW-Authenticate",),
    "403": ("WWW-Authenticate",),
    "405": ("Allow",),
    "503": ("Retry-After",),
}
_GET = ("400", "401", "403", "405", "500", "503")
_POST = (*_GET, "413", "415")


def openapi(*, version: str) -> Json:
    """The document; `version` of Portico."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Portico: operators",
            "version": version,
            "description": "What operators do with what could not be stored. On the admin port.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "tags": [{"name": _TAG}],
        "paths": _paths(),
        "components": {
            "schemas": schemas_of(_MODELS),
            "headers": {**HEADERS, "ETag": {"description": "The revision.", "schema": {"type": "string"}}},
            "responses": {code: _error(code) for code in _ERRORS},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A JWT with a role among its scopes: `operator.read`, or "
                    "`operator.repair` or `operator.replay`, which imply it. With `org` it is bound to "
                    "that tenant.",
                }
            },
        },
    }


def _paths() -> Json:
    id_ = _parameter("path", "id", "The dead letter's id.", _TEXT)
    reveal = _parameter(
        "query",
        "reveal",
        "Show personal data; needs `operator.repair`, and is audited.",
        {"type": "boolean", "default": False},
    )
    revision = {
        **_parameter("header", "If-Match", "The revision that was edited, as `ETag` had it.", _TEXT),
        "required": True,
    }
    letters = "/admin/v1/dead-letters"
    return {
        "/admin/v1/dead-letter-groups": {
            "get": {
                **operation("listDeadLetterGroups", "List causes with their counts.", _TAG, _READ),
                "parameters": _filters(),
                "responses": _responses("Groups", _GET),
            }
        },
        letters: {
            "get": {
                **operation("listDeadLetters", "List dead letters, oldest first.", _TAG, _READ),
                "parameters": [*_filters(), *_paging()],
                "responses": _responses("Letters", _GET, "Link"),
            }
        },
        f"{letters}/{{id}}": {
            "get": {
                **operation("getDeadLetter", "Read one dead letter.", _TAG, _READ),
                "parameters": [id_, reveal],
                "responses": _responses("WholeLetter", (*_GET, "404"), "ETag"),
            }
        },
        f"{letters}/{{id}}/payload": {
            "put": {
                **operation("editDeadLetter", "Put another payload in place, for a replay.", _TAG, _REPAIR),
                "parameters": [id_, revision],
                "requestBody": {"required": True, "content": json_content({})},
                "responses": _responses("WholeLetter", (*_POST, "404", "409", "412", "422", "428"), "ETag"),
            }
        },
        f"{letters}:dry-run": {
            "post": {
                **operation("dryRunDeadLetters", "Say what a replay would do now.", _TAG, _READ),
                "requestBody": {"required": True, "content": json_content(reference("DryRun"))},
                "responses": _responses("Results", _POST),
            }
        },
        f"{letters}:discard": {
            "post": {
                **operation("discardDeadLetters", "Give letters up. Nothing is deleted.", _TAG, _REPAIR),
                "requestBody": {"required": True, "content": json_content(reference("Discard"))},
                "responses": _responses("Results", _POST),
            }
        },
    }


def _parameter(place: str, name: str, description: str, schema: Json) -> Json:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": schema,
    }


def _filters() -> list[Json]:
    names = ("tenant", "operation", "code", "fingerprint", "ingestion")
    states = {"type": "array", "items": {"enum": _STATES}, "default": ["open"]}
    return [
        _parameter("query", "state", "In one of these states.", states),
        *(_parameter("query", name, f"Of this {name}.", _TEXT) for name in names),
        _parameter("query", "since", "First seen then or later.", _TIME),
        _parameter("query", "until", "First seen then or earlier.", _TIME),
    ]


def _paging() -> list[Json]:
    size = {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    return [
        _parameter("query", "cursor", "Where the list goes on, from `Link`.", _TEXT),
        _parameter("query", "pageSize", "Letters a page.", size),
    ]


def _responses(model: str, errors: Sequence[str], *names: str) -> Json:
    return {
        "200": {
            "description": "Done.",
            "headers": headers(*names, "X-Request-Id"),
            "content": json_content(reference(model)),
        },
        **{code: {"$ref": f"#/components/responses/{code}"} for code in sorted(errors)},
    }


def _error(code: str) -> Json:
    return {
        "description": _ERRORS[code],
        "headers": headers(*_OWN_HEADERS.get(code, ()), "X-Request-Id"),
        "content": {"application/problem+json": {"schema": reference("Problem")}},
    }
