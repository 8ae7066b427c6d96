"""The OpenAPI 3.1 document of Open Delivery v2, generated from its models."""

import re
from typing import Any

from contracts.od_v2 import answers, models, order_models
from contracts.od_v2.examples import EXAMPLES
from contracts.od_v2.surface import ENDPOINTS, Endpoint
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
from contracts.operations import MAX_RECORDS
from contracts.types import MAX_ID
from domain.identity import IDENTIFIER_TYPES

_MODEL = {
    "customers": "Customer",
    "leads": "Lead",
    "orders": "Order",
    "reviews": "Review",
    "events": "CustomerEvent",
}
_DESCRIPTION = (
    "The Customer capability: customers, leads, orders, reviews and customer events, pushed and pulled. "
    "Unknown fields are kept. Of a customer or lead, what is absent stays as it is, null clears, and "
    "collections unite by value. Numbers must be finite, integers within signed 64 bits, nesting within 64 "
    "levels, strings without lone surrogates and keys without NUL; of repeated keys the last counts."
)

_TEXT: Json = {"type": "string", "minLength": 1, "maxLength": MAX_ID}
_DATE_TIME: Json = {"type": "string", "format": "date-time"}
_IDENTIFIER = ("customerIdentifierType", "customerIdentifierValue")
_CREATED, _UPDATED = ("createdFrom", "createdTo"), ("updatedFrom", "updatedTo")
_FILTERS = {
    "customers": (*_IDENTIFIER, "externalId", *_UPDATED, "merchantId"),
    "leads": (*_UPDATED, "externalId"),
    "orders": (*_IDENTIFIER, "customerId", "storeId", "originChannel", *_CREATED, *_UPDATED),
    "reviews": (*_IDENTIFIER, "customerId", "orderId", "merchantId", *_CREATED),
    "events": ("customerId", "eventType", "from", "to"),
}
"""The filters of each list (contracts B.9)."""


def _filter(name: str, description: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_PARAMETERS: Json = {
    "customerIdentifierType": _filter(
        "customerIdentifierType",
        "Of this customer; goes with `customerIdentifierValue`.",
        {"type": "string", "enum": list(IDENTIFIER_TYPES)},
    ),
    "customerIdentifierValue": _filter(
        "customerIdentifierValue", "Of this customer; goes with `customerIdentifierType`.", _TEXT
    ),
    "customerId": _filter("customerId", "Of this customer, by whatever it is called.", _TEXT),
    "externalId": _filter("externalId", "With this external id, as `value` or `source:value`.", _TEXT),
    "merchantId": _filter("merchantId", "Of this merchant.", _TEXT),
    "storeId": _filter("storeId", "Of this merchant.", _TEXT),
    "orderId": _filter("orderId", "Of this order.", _TEXT),
    "originChannel": _filter("originChannel", "That came by this sales channel.", _TEXT),
    "eventType": _filter("eventType", "Of this type, in any vocabulary's spelling.", _TEXT),
    "createdFrom": _filter("createdFrom", "Created, or for reviews dated, then or later.", _DATE_TIME),
    "createdTo": _filter("createdTo", "Created, or for reviews dated, then or earlier.", _DATE_TIME),
    "updatedFrom": _filter("updatedFrom", "Updated then or later.", _DATE_TIME),
    "updatedTo": _filter("updatedTo", "Updated then or earlier.", _DATE_TIME),
    "from": _filter("from", "That occurred then or later.", _DATE_TIME),
    "to": _filter("to", "That occurred then or earlier.", _DATE_TIME),
}


def openapi(server_url: str, *, version: str, strict_orders: bool = False) -> Json:
    """The document, for the surface whose paths are below `server_url`, by Portico `version`.

    `strict_orders` says that orders are held to the whole V1 schema.
    """
    paths: dict[str, Json] = {}
    for endpoint in ENDPOINTS:
        for number, path in enumerate(endpoint.paths):
            described = _read(endpoint, path) if endpoint.method == "GET" else _ingestion(endpoint)
            if number:
                described["operationId"] += "UnderCustomers"
            paths.setdefault(path, {})[endpoint.method.lower()] = described
    frame = Frame(
        title="Portico: Open Delivery v2, Customer capability",
        version=version,
        description=_DESCRIPTION,
        server_url=server_url,
        tags=tuple(_MODEL),
        error="BadRequest",
    )
    order: Any = order_models.StrictOrder if strict_orders else order_models.LenientOrder
    schemas = schemas_of(
        {
            "Customer": models.Customer,
            "Lead": models.Lead,
            "Order": order,
            "Review": models.Review,
            "CustomerEvent": models.CustomerEvent,
            "BadRequest": answers.BadRequest,
            "Verdicts": answers.Verdicts,
        }
    )
    return document(frame, paths, schemas, _PARAMETERS)


def _ingestion(endpoint: Endpoint) -> Json:
    record = reference(_MODEL[endpoint.plural])
    schema = record if endpoint.single else {"type": "array", "items": record, "maxItems": MAX_RECORDS}
    content = json_content(schema)
    content["application/json"]["examples"] = {
        name: {"value": value if endpoint.single else [value]}
        for name, value in EXAMPLES[endpoint.plural].items()
    }
    accepted = {
        # Without `content`: a client made from this document would take it for a body that is always there.
        "description": "Every record is safe on a durable queue. No body, except that a request with "
        "`Prefer: handling=lenient` is answered with `Verdicts` in JSON.",
        "headers": headers("Portico-Ingestion", "Location", "Preference-Applied", "X-Request-Id"),
    }
    return {
        **_head(endpoint),
        "parameters": parameters("Prefer", "Idempotency-Key", "X-Request-Id"),
        "requestBody": {"required": True, "content": content},
        "responses": {str(endpoint.status): accepted, **errors(POST_ERRORS)},
    }


def _read(endpoint: Endpoint, path: str) -> Json:
    record = reference(_MODEL[endpoint.plural])
    named = re.findall(r"\{(\w+)\}", path)
    taken = {*named, *_IDENTIFIER} if named else set()
    own = [name for name in _FILTERS[endpoint.plural] if name not in taken]
    listing = () if endpoint.single else (*own, "cursor", "page", "pageSize")
    shown = () if endpoint.single else LIST_HEADERS
    answer = {
        "description": "Data returned successfully.",
        "headers": headers(*shown, "X-Request-Id"),
        "content": json_content(record if endpoint.single else {"type": "array", "items": record}),
    }
    ids = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": _ID["customers" if name == "customerId" else endpoint.plural],
            "schema": _TEXT,
        }
        for name in named
    ]
    return {
        **_head(endpoint),
        "parameters": [*ids, *parameters(*listing, "Portico-After", "Prefer", "X-Request-Id")],
        "responses": {"200": answer, **errors(GET_ERRORS)},
    }


_ID = {
    "customers": "The customer, by whatever it is called: Portico's id, the sender's, an identifier's or "
    "external id's value, or `type:value`.",
    "orders": "The order's id.",
    "reviews": "The review's id.",
}


def _head(endpoint: Endpoint) -> Json:
    return operation(endpoint.operation_id, endpoint.summary, endpoint.plural, endpoint.scope)
