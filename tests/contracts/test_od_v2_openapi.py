"""The OpenAPI document of Open Delivery v2."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from contracts.json_rules import faults_of
from contracts.od_v2.examples import EXAMPLES
from contracts.od_v2.openapi import openapi
from contracts.od_v2.operations import od_v2_operations
from contracts.od_v2.surface import ENDPOINTS, Endpoint

DOCUMENT = openapi("https://portico.example/v2", version="1.2.3")
STRICT = openapi("https://portico.example/v2", version="1.2.3", strict_orders=True)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = {one.name: one for one in od_v2_operations("BR")}
INGESTIONS = [endpoint for endpoint in ENDPOINTS if endpoint.method == "POST"]
SEEDS = {
    ("GET", "/customers"),
    ("POST", "/customers"),
    ("GET", "/customers/{id}"),
    ("GET", "/customers/{customerId}/reviews"),
    ("GET", "/customer/events"),
    ("POST", "/customer/events"),
    *(
        (method, f"{style}/{name}")
        for method in ("GET", "POST")
        for style in ("", "/customers")
        for name in ("leads", "orders", "reviews")
    ),
    ("GET", "/orders/{id}"),
    ("GET", "/customers/orders/{id}"),
    ("GET", "/reviews/{id}"),
}
"""Methods and paths of seeds 001 and 002."""

FIELDS = {
    "Customer": "id identifier name document contacts demographics address addresses externalIds metadata "
    "createdAt updatedAt",
    "CustomerIdentifier": "type value",
    "CustomerDocument": "type number value country issuer",
    "CustomerContacts": "phones emails",
    "CustomerEmail": "email isPrimary type verified",
    "CustomerPhone": "phone number isPrimary type countryCode extension",
    "CustomerDemographics": "birthDate gender maritalStatus language nationality",
    "CustomerAddress": "type street number complement neighborhood district city state postalCode country "
    "reference formattedAddress coordinates isPrimary geo",
    "GeoCoordinates": "latitude longitude",
    "CustomerExternalId": "source sourceName key value",
    "CustomerMetadata": "",
    "Lead": "id name contact externalIds source status metadata customerRef createdAt updatedAt",
    "Order": "id type displayId sourceAppId salesChannel virtualBrand category createdAt orderTiming "
    "preparationStartDateTime orderPriority extraInfo sendPreparing sendDelivered sendPickedUp sendTracking "
    "lastEvent merchant items otherFees discounts total payments customer schedule delivery takeout indoor "
    "taxInvoice status",
    "OrderItem": "id index name externalCode unit ean quantity specialInstructions unitPrice originalPrice "
    "scalePriceApplied optionsPrice subtotalPrice totalPrice indoor options",
    "Review": "reviewId reviewType overallRating questions subject customer reviewDate source",
    "Rating": "ratingStyle value comment",
    "CustomerEvent": "eventType occurredAt customerId data id eventId",
    "BadRequest": "code message details",
}
"""Contracts B.3 to B.8."""


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from _nodes(member)
    elif isinstance(value, list):
        for element in value:
            yield from _nodes(element)


def _body_validator(endpoint: Endpoint, document: dict[str, Any]) -> Any:
    described = document["paths"][endpoint.paths[0]]["post"]
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    return jsonschema_rs.Draft202012Validator(
        {**schema, "components": document["components"]}, validate_formats=True
    )


def test_it_has_both_path_styles_of_every_operation() -> None:
    """With unique operation ids; further paths are ours."""
    found = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}
    assert SEEDS <= found
    ids = [one["operationId"] for item in DOCUMENT["paths"].values() for one in item.values()]
    assert len(ids) == len(set(ids))
    assert {endpoint.operation_id for endpoint in ENDPOINTS} <= set(ids)
    assert 14 == len(ENDPOINTS)


def test_it_has_every_field_of_the_contract() -> None:
    """Each schema of B.3 to B.8 with its members."""
    schemas = DOCUMENT["components"]["schemas"]
    missing = {
        name: sorted(absent)
        for name, fields in FIELDS.items()
        if (absent := set(fields.split()) - schemas[name].get("properties", {}).keys())
    }
    assert {} == missing


@pytest.mark.parametrize("document", [DOCUMENT, STRICT])
def test_references_resolve_and_schemas_are_schemas(document: dict[str, Any]) -> None:
    """No `$ref` leads nowhere; each schema is valid by its own dialect, 2020-12."""
    for reference in [node["$ref"] for node in _nodes(document) if "$ref" in node]:
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": document["jsonSchemaDialect"], **schema})
    assert document == json.loads(json.dumps(document))


@pytest.mark.parametrize("endpoint", INGESTIONS, ids=lambda one: one.operation_id)
def test_the_examples_fit_their_schemas(endpoint: Endpoint) -> None:
    """What the document shows is what it describes, and is taken."""
    for record in EXAMPLES[endpoint.plural].values():
        body = record if endpoint.single else [record]
        assert _body_validator(endpoint, DOCUMENT).is_valid(body)
        assert () == OPERATIONS[endpoint.operation].check(json.dumps(body).encode()).malformed


def test_strict_orders_are_described_as_such() -> None:
    """The whole order fits, the snapshot does not; the check says the same."""
    (endpoint,) = [one for one in INGESTIONS if one.plural == "orders"]
    validator = _body_validator(endpoint, STRICT)
    check = {one.name: one for one in od_v2_operations("BR", strict_orders=True)}["od.v2.orders"].check
    verdicts = {
        name: (validator.is_valid([record]), not check(json.dumps([record]).encode()).malformed)
        for name, record in EXAMPLES["orders"].items()
    }
    assert {"whole": (True, True), "snapshot": (False, False)} == verdicts


@pytest.mark.parametrize("endpoint", INGESTIONS, ids=lambda one: one.operation_id)
@settings(suppress_health_check=list(HealthCheck), max_examples=20)
@given(data=st.data())
def test_what_the_document_allows_is_taken(endpoint: Endpoint, data: st.DataObject) -> None:
    """Schema and check agree, except for what no schema can tell: the rules of JSON, and times at the
    ends of the calendar, which have no place in UTC."""
    case = data.draw(SCHEMA[endpoint.paths[0]]["POST"].as_strategy())
    body = json.dumps(case.body).encode()
    assume(not faults_of(body) and not re.search(rb'"(0001-01-01|9999-12-31)', body))
    assert () == OPERATIONS[endpoint.operation].check(body).malformed
