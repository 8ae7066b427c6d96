"""The OpenAPI 3.1 document of the ODP v1 binding, generated from its models."""

from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from contracts.odp_v1 import answers, models
from contracts.odp_v1.examples import EXAMPLES
from contracts.odp_v1.openapi_parts import HEADERS, PARAMETERS, SCHEMES, headers, parameters
from contracts.odp_v1.surface import ENDPOINTS, Endpoint

Json = dict[str, Any]

_BODIES: dict[str, Any] = {
    "customers": models.CustomersBody,
    "orders": models.OrdersBody,
    "events": models.EventsBody,
    "leads": models.LeadsBody,
    "reviews": models.ReviewsBody,
}
_SCHEMA = {"customers": "Customer", "orders": "CustomerOrderView"}
_SINGULAR = {plural: plural.removesuffix("s") for plural in _BODIES}
_ANSWERS: tuple[Any, ...] = (answers.AcceptedResponse, answers.Receipt, answers.ErrorResponse)
_REF = "#/components/schemas/{model}"

_DESCRIPTION = (
    "Customers, leads, orders, reviews and events in; customers and orders out. Unknown fields are kept. "
    "Numbers must be finite, integers within signed 64 bits, nesting within 64 levels, strings without lone "
    "surrogates and keys without NUL; of repeated keys the last counts."
)
_ERRORS = {
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
_POST_ERRORS = tuple(_ERRORS)
_GET_ERRORS = ("400", "401", "403", "404", "405", "429", "500", "503")
_RECEIPT_ERRORS = ("400", "401", "404", "405", "429", "500", "503")


def openapi(server_url: str, *, version: str) -> Json:
    """The document, for the surface served at `server_url` by Portico `version`."""
    paths: dict[str, Json] = {}
    for endpoint in ENDPOINTS:
        operation = _read(endpoint) if endpoint.ingests is None else _ingestion(endpoint)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    paths["/v1/ingestions/{id}"] = {"get": _receipt()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Portico: ODP v1 customer endpoints",
            "version": version,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": server_url}],
        "tags": [{"name": "customer"}, {"name": "ingestions"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "responses": {code: _error(code) for code in _ERRORS},
            "securitySchemes": SCHEMES,
        },
    }


def _schemas() -> dict[str, Any]:
    mode: JsonSchemaMode = "validation"
    inputs = [(model.__name__, mode, TypeAdapter(model)) for model in (*_BODIES.values(), *_ANSWERS)]
    references, document = TypeAdapter.json_schemas(inputs, ref_template=_REF)
    schemas: dict[str, Any] = document["$defs"]
    for (name, _), schema in references.items():
        if "$ref" not in schema:
            schemas[name] = schema
    for plural, model in _BODIES.items():
        alternatives = (_SINGULAR[plural], plural)
        schemas[model.__name__]["oneOf"] = [{"required": [name]} for name in alternatives]
    return dict(sorted(schemas.items()))


def _ingestion(endpoint: Endpoint) -> Json:
    plural = endpoint.plural
    content: Json = {"schema": _reference(_BODIES[plural].__name__)}
    content["examples"] = {name: {"value": value} for name, value in EXAMPLES[plural].items()}
    accepted = {
        "description": "Accepted for asynchronous processing: every record is safe on a durable queue.",
        "headers": headers("Portico-Ingestion", "Location", "Preference-Applied", "X-Request-Id"),
        "content": _json(_reference("AcceptedResponse")),
    }
    return {
        **_operation(endpoint.operation_id, endpoint.summary, "customer", endpoint.scope),
        "parameters": parameters("Prefer", "Idempotency-Key", "X-Request-Id"),
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"202": accepted, **_errors(_POST_ERRORS)},
    }


def _read(endpoint: Endpoint) -> Json:
    plural = endpoint.plural
    filters = ("updatedAfter", "cursor", "page", "pageSize")
    own = ("customerId", *filters) if plural == "orders" else filters
    schema = {
        "type": "object",
        "required": [plural],
        "properties": {plural: {"type": "array", "items": _reference(_SCHEMA[plural])}},
    }
    answer = {
        "description": "Data returned successfully.",
        "headers": headers("X-Total-Count", "Link", "X-Request-Id"),
        "content": _json(schema),
    }
    return {
        **_operation(endpoint.operation_id, endpoint.summary, "customer", endpoint.scope),
        "parameters": parameters(*own, "Portico-After", "Prefer", "X-Request-Id"),
        "responses": {"200": answer, **_errors(_GET_ERRORS)},
    }


def _receipt() -> Json:
    answer = {
        "description": "The ingestion as it stands now.",
        "headers": headers("X-Request-Id"),
        "content": _json(_reference("Receipt")),
    }
    return {
        **_operation("getIngestion", "What became of an ingestion", "ingestions"),
        "parameters": parameters("id", "Prefer", "X-Request-Id"),
        "responses": {"200": answer, **_errors(_RECEIPT_ERRORS)},
    }


def _operation(operation_id: str, summary: str, tag: str, *scopes: str) -> Json:
    needs = f"Needs the scope `{scopes[0]}`." if scopes else "Needs a valid token of the same tenant."
    return {
        "operationId": operation_id,
        "summary": summary,
        "description": needs,
        "tags": [tag],
        "security": [{"bearer": list(scopes)}],
    }


def _errors(codes: Iterable[str]) -> Json:
    return {code: {"$ref": f"#/components/responses/{code}"} for code in codes}


def _error(code: str) -> Json:
    own = {
        "401": ("WWW-Authenticate",),
        "403": ("WWW-Authenticate",),
        "405": ("Allow",),
        "429": ("Retry-After",),
        "503": ("Retry-After",),
    }
    return {
        "description": _ERRORS[code],
        "headers": headers(*own.get(code, ()), "X-Request-Id"),
        "content": _json(_reference("ErrorResponse")),
    }


def _json(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _reference(name: str) -> Json:
    return {"$ref": _REF.format(model=name)}
