"""What the OpenAPI documents of all surfaces share: headers, parameters, schemes, errors, the frame."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from contracts.types import MAX_ID

Json = dict[str, Any]

REF = "#/components/schemas/{model}"
"""Where a model's schema is."""

_TEXT: Json = {"type": "string"}
_ID: Json = {"type": "string", "minLength": 1, "maxLength": MAX_ID}
_INGESTION: Json = {"type": "string", "pattern": "^ing_[0-7][0-9A-HJKMNP-TV-Z]{33}$"}
_DATE_TIME: Json = {"type": "string", "format": "date-time"}


def _parameter(place: str, name: str, description: str, schema: Json) -> Json:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": schema,
    }


SCHEMES: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A JWT whose `scope` claim holds the operation's scope, `od.crm` or `od.all`.",
    }
}

PARAMETERS: Json = {
    "id": _parameter("path", "id", "The ingestion id.", _INGESTION),
    "updatedAfter": _parameter("query", "updatedAfter", "Only records updated later than this.", _DATE_TIME),
    "customerId": _parameter("query", "customerId", "Only orders of this customer.", _ID),
    "cursor": _parameter("query", "cursor", "Where the list goes on, from `Link`.", _TEXT),
    "page": _parameter(
        "query",
        "page",
        "Page number, within the first 10,000 rows; beyond them filter, or follow `Link`. "
        "Without `page` and `pageSize` a list holds its first 500 records.",
        {"type": "integer", "minimum": 1, "maximum": 1_000_000_000},
    ),
    "pageSize": _parameter(
        "query",
        "pageSize",
        "Records a page.",
        {"type": "integer", "minimum": 1, "maximum": 500, "default": 50},
    ),
    "Prefer": _parameter(
        "header",
        "Prefer",
        "RFC 7240. `wait=N` answers after the outcome, or after N seconds (at most 30); "
        "`handling=lenient` takes the good records of a batch.",
        _TEXT | {"examples": ["wait=5", "handling=lenient"]},
    ),
    "Idempotency-Key": _parameter(
        "header",
        "Idempotency-Key",
        "A repeat under the same key gives the same answer and is applied once.",
        {"type": "string", "pattern": "^[!-~]{1,255}$"},
    ),
    "Portico-After": _parameter(
        "header",
        "Portico-After",
        "An ingestion id: the read waits until it is applied, 10 seconds or as `Prefer: wait` says.",
        _INGESTION,
    ),
    "X-Request-Id": _parameter("header", "X-Request-Id", "Echoed in the answer.", _TEXT),
}

HEADERS: Json = {
    "Portico-Ingestion": {"description": "The ingestion id.", "schema": _INGESTION},
    "Location": {"description": "Where the receipt is.", "schema": _TEXT},
    "Preference-Applied": {"description": "The preferences that were honoured.", "schema": _TEXT},
    "X-Request-Id": {"description": "The request's id, in our logs too.", "schema": _TEXT},
    "X-Total-Count": {
        "description": "How many records the list has, counted up to 100,000.",
        "schema": {"type": "integer"},
    },
    "X-Page": {
        "description": "The page's number, where it was not asked for by a cursor.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "X-Page-Size": {
        "description": "How many records a page has at most.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Link": {"description": 'The next page, `rel="next"` (RFC 8288).', "schema": _TEXT},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {"description": "The scheme and what was wrong (RFC 6750).", "schema": _TEXT},
    "Allow": {"description": "The methods that the path has.", "schema": _TEXT},
}

LIST_HEADERS = ("X-Total-Count", "X-Page", "X-Page-Size", "Link")
"""Those of a page of a list."""


def parameters(*names: str) -> list[Json]:
    """References to the parameters called `names`."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def headers(*names: str) -> Json:
    """References to the headers called `names`."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


ERRORS: Mapping[str, str] = {
    "400": "Malformed payload or parameters; `details.fields` names every fault.",
    "401": "Missing or invalid credentials.",
    "403": "Missing required scope.",
    "404": "Endpoint or resource not found.",
    "405": "The path does not have this method.",
    "409": "Duplicate or version conflict.",
    "413": "The body is over 8 MiB, or holds over 1,000 records.",
    "429": "Over the tenant's rate.",
    "500": "Unexpected server failure.",
    "503": "The work cannot be taken now; try again with the same `Idempotency-Key`.",
}
"""Statuses of errors, and what each means."""

POST_ERRORS = tuple(ERRORS)
GET_ERRORS = ("400", "401", "403", "404", "405", "429", "500", "503")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a document says of a surface as a whole."""

    title: str
    version: str
    """Of Portico."""
    description: str
    server_url: str
    tags: tuple[str, ...]
    error: str
    """The model of the body of errors."""


def document(frame: Frame, paths: Json, schemas: Json, own_parameters: Json) -> Json:
    """An OpenAPI 3.1 document; `own_parameters` are those that only this surface has."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": frame.title,
            "version": frame.version,
            "description": frame.description,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": frame.server_url}],
        "tags": [{"name": name} for name in frame.tags],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "parameters": PARAMETERS | own_parameters,
            "headers": HEADERS,
            "responses": {code: _error(code, frame.error) for code in ERRORS},
            "securitySchemes": SCHEMES,
        },
    }


def schemas_of(models: Mapping[str, Any]) -> Json:
    """The schemas of `models`, by name, and of all that they are made of."""
    mode: JsonSchemaMode = "validation"
    inputs = [(name, mode, TypeAdapter(model)) for name, model in models.items()]
    references, found = TypeAdapter.json_schemas(inputs, ref_template=REF)
    schemas: Json = found["$defs"]
    for (name, _), schema in references.items():
        if "$ref" not in schema:
            schemas[name] = schema
    return dict(sorted(schemas.items()))


def operation(operation_id: str, summary: str, tag: str, *scopes: str) -> Json:
    """The head of an operation that needs the first of `scopes`."""
    needs = f"Needs the scope `{scopes[0]}`." if scopes else "Needs a valid token of the same tenant."
    return {
        "operationId": operation_id,
        "summary": summary,
        "description": needs,
        "tags": [tag],
        "security": [{"bearer": list(scopes)}],
    }


def errors(codes: Iterable[str]) -> Json:
    """References to the error responses of `codes`."""
    return {code: {"$ref": f"#/components/responses/{code}"} for code in codes}


def json_content(schema: Json) -> Json:
    """JSON of `schema`."""
    return {"application/json": {"schema": schema}}


def reference(name: str) -> Json:
    """A reference to the model called `name`."""
    return {"$ref": REF.format(model=name)}


def _error(code: str, model: str) -> Json:
    own = {
        "401": ("WWW-Authenticate",),
        "403": ("WWW-Authenticate",),
        "405": ("Allow",),
        "429": ("Retry-After",),
        "503": ("Retry-After",),
    }
    return {
        "description": ERRORS[code],
        "headers": headers(*own.get(code, ()), "X-Request-Id"),
        "content": json_content(reference(model)),
    }
