"""The OpenAPI 3.1 document of the ODP v1 binding, generated from its models."""

from typing import Any

from contracts.odp_v1 import answers, models
from contracts.odp_v1.examples import EXAMPLES
from contracts.odp_v1.surface import ENDPOINTS, Endpoint
from contracts.openapi_parts import (
    GET_ERRORS,
    LIST_HEADERS,
    POST_ERRORS,
    Frame,
    Json,
    document,
    errors,
    headers,
    json_content,
    operation,
    parameters,
    reference,
    schemas_of,
)

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
_DESCRIPTION = (
    "Customers, leads, orders, reviews and events in; customers and orders out. Unknown fields are kept. "
    "Numbers must be finite, integers within signed 64 bits, nesting within 64 levels, strings without lone "
    "surrogates and keys without NUL; of repeated keys the last counts."
)
_RECEIPT_ERRORS = ("400", "401", "404", "405", "429", "500", "503")


def openapi(server_url: str, *, version: str) -> Json:
    """The document, for the surface served at `server_url` by Portico `version`."""
    paths: dict[str, Json] = {}
    for endpoint in ENDPOINTS:
        described = _read(endpoint) if endpoint.ingests is None else _ingestion(endpoint)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = described
    paths["/v1/ingestions/{id}"] = {"get": _receipt()}
    frame = Frame(
        title="Portico: ODP v1 customer endpoints",
        version=version,
        description=_DESCRIPTION,
        server_url=server_url,
        tags=("customer", "ingestions"),
        error="ErrorResponse",
    )
    return document(frame, paths, _schemas(), {})


def _schemas() -> Json:
    schemas = schemas_of({model.__name__: model for model in (*_BODIES.values(), *_ANSWERS)})
    for plural, model in _BODIES.items():
        alternatives = (_SINGULAR[plural], plural)
        schemas[model.__name__]["oneOf"] = [{"required": [name]} for name in alternatives]
    return schemas


def _ingestion(endpoint: Endpoint) -> Json:
    plural = endpoint.plural
    content: Json = {"schema": reference(_BODIES[plural].__name__)}
    content["examples"] = {name: {"value": value} for name, value in EXAMPLES[plural].items()}
    accepted = {
        "description": "Accepted for asynchronous processing: every record is safe on a durable queue.",
        "headers": headers("Portico-Ingestion", "Location", "Preference-Applied", "X-Request-Id"),
        "content": json_content(reference("AcceptedResponse")),
    }
    return {
        **operation(endpoint.operation_id, endpoint.summary, "customer", endpoint.scope),
        "parameters": parameters("Prefer", "Idempotency-Key", "X-Request-Id"),
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"202": accepted, **errors(POST_ERRORS)},
    }


def _read(endpoint: Endpoint) -> Json:
    plural = endpoint.plural
    filters = ("updatedAfter", "cursor", "page", "pageSize")
    own = ("customerId", *filters) if plural == "orders" else filters
    schema = {
        "type": "object",
        "required": [plural],
        "properties": {plural: {"type": "array", "items": reference(_SCHEMA[plural])}},
    }
    answer = {
        "description": "Data returned successfully.",
        "headers": headers(*LIST_HEADERS, "X-Request-Id"),
        "content": json_content(schema),
    }
    return {
        **operation(endpoint.operation_id, endpoint.summary, "customer", endpoint.scope),
        "parameters": parameters(*own, "Portico-After", "Prefer", "X-Request-Id"),
        "responses": {"200": answer, **errors(GET_ERRORS)},
    }


def _receipt() -> Json:
    answer = {
        "description": "The ingestion as it stands now.",
        "headers": headers("X-Request-Id"),
        "content": json_content(reference("Receipt")),
    }
    return {
        **operation("getIngestion", "What became of an ingestion", "ingestions"),
        "parameters": parameters("id", "Prefer", "X-Request-Id"),
        "responses": {"200": answer, **errors(_RECEIPT_ERRORS)},
    }
