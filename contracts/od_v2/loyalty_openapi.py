"""The loyalty extension's part of Open Delivery v2's OpenAPI document."""

import re
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from contracts.od_v2 import loyalty_models as models
from contracts.od_v2.loyalty import LOYALTY_ENDPOINTS, LoyaltyEndpoint
from contracts.openapi_parts import LIST_HEADERS
from contracts.types import MAX_ID

Json = dict[str, Any]

_TAG = "loyalty"
_REF = "#/components/schemas/{model}"
_MODELS: tuple[Any, ...] = (
    models.Loyalty,
    models.LoyaltyTransaction,
    models.Reward,
    models.RedemptionRequest,
    models.RedemptionResult,
    models.Coupon,
)
_GET_ERRORS = ("400", "401", "403", "404", "405", "500", "503")
_POST_ERRORS = ("400", "401", "403", "404", "405", "409", "413", "500", "503")
_IDS = {
    "customerId": "The customer, by whatever it is called.",
    "accountId": "The loyalty account.",
    "couponId": "The coupon.",
}


def with_loyalty(document: Json) -> Json:
    """`document`, whose components have this surface's shared headers, parameters and errors, with the
    extension's operations and models."""
    components = document["components"]
    paths = {**document["paths"]}
    for endpoint in LOYALTY_ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        **document,
        "tags": [*document.get("tags", ()), {"name": _TAG}],
        "paths": paths,
        "components": {
            **components,
            "schemas": dict(sorted({**components["schemas"], **_schemas()}.items())),
        },
    }


def _schemas() -> Json:
    mode: JsonSchemaMode = "validation"
    inputs = [(model.__name__, mode, TypeAdapter(model)) for model in _MODELS]
    references, document = TypeAdapter.json_schemas(inputs, ref_template=_REF)
    schemas: Json = document["$defs"]
    for (name, _), schema in references.items():
        if "$ref" not in schema:
            schemas[name] = schema
    return schemas


def _operation(endpoint: LoyaltyEndpoint) -> Json:
    creates = endpoint.method == "POST"
    operation: Json = {
        "operationId": endpoint.operation_id,
        "summary": endpoint.summary,
        "description": f"Needs the scope `{endpoint.scope}`, `od.crm` or `od.all`.",
        "tags": [_TAG],
        "security": [{"bearer": [endpoint.scope]}],
        "parameters": [*map(_id, re.findall(r"\{(\w+)\}", endpoint.path)), *_shared(endpoint)],
    }
    if creates:
        content = {"schema": {"$ref": _REF.format(model="RedemptionRequest")}}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    errors = _POST_ERRORS if creates else _GET_ERRORS
    operation["responses"] = {
        "201" if creates else "200": _answer(endpoint),
        **{code: {"$ref": f"#/components/responses/{code}"} for code in errors},
    }
    return operation


def _shared(endpoint: LoyaltyEndpoint) -> list[Json]:
    names = ["Idempotency-Key"] if endpoint.method == "POST" else []
    if endpoint.paged:
        names += ["cursor", "page", "pageSize"]
    return [{"$ref": f"#/components/parameters/{name}"} for name in (*names, "X-Request-Id")]


def _answer(endpoint: LoyaltyEndpoint) -> Json:
    one: Json = {"$ref": _REF.format(model=endpoint.answers)}
    schema = {"type": "array", "items": one} if endpoint.many else one
    names = ["X-Request-Id", *(LIST_HEADERS if endpoint.paged else ())]
    return {
        "description": "Points redeemed." if endpoint.method == "POST" else "Data returned successfully.",
        "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
        "content": {"application/json": {"schema": schema}},
    }


def _id(name: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _IDS[name],
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_ID},
    }
