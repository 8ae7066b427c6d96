"""The OpenAPI document of the ODP v1 binding."""

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
from contracts.odp_v1.examples import EXAMPLES
from contracts.odp_v1.openapi import openapi
from contracts.odp_v1.surface import ENDPOINTS, Endpoint
from contracts.registry import OPERATIONS

DOCUMENT = openapi("https://portico.example", version="1.2.3")
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
SEED = {
    "ingestCustomer": ("post", "/v1/customer/customers:ingest", "customer.write"),
    "getCustomers": ("get", "/v1/customer/customers", "customer.read"),
    "ingestOrdersForCRM": ("post", "/v1/customer/orders:ingest", "orders.crm.write"),
    "getOrdersForCRM": ("get", "/v1/customer/orders", "orders.crm.read"),
    "receiveCustomerEvent": ("post", "/v1/customer/events", "customer.events.write"),
    "ingestLead": ("post", "/v1/customer/leads:ingest", "lead.write"),
    "ingestReview": ("post", "/v1/customer/reviews:ingest", "review.write"),
}
INGESTIONS = [endpoint for endpoint in ENDPOINTS if endpoint.ingests]


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from _nodes(member)
    elif isinstance(value, list):
        for element in value:
            yield from _nodes(element)


def _body_schema(endpoint: Endpoint) -> dict[str, Any]:
    operation = DOCUMENT["paths"][endpoint.path]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return {**schema, "components": DOCUMENT["components"]}


def test_it_has_the_seven_operations_with_their_scopes() -> None:
    """Ids, paths and scopes are those of the binding's catalog."""
    found = {
        operation["operationId"]: (method, path, scope)
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        for scope in operation["security"][0]["bearer"]
    }
    assert SEED == found
    assert "getIngestion" == DOCUMENT["paths"]["/v1/ingestions/{id}"]["get"]["operationId"]


def test_the_status_codes_of_the_binding_are_described() -> None:
    """202 for ingestion, 200 for reads, and each error of the binding."""
    for endpoint in ENDPOINTS:
        responses = set(DOCUMENT["paths"][endpoint.path][endpoint.method.lower()]["responses"])
        success = "202" if endpoint.ingests else "200"
        assert {success, "400", "401", "403", "404", "500"} <= responses
        assert ("409" in responses) == bool(endpoint.ingests)


def test_every_reference_resolves() -> None:
    """No `$ref` leads nowhere."""
    for reference in [node["$ref"] for node in _nodes(DOCUMENT) if "$ref" in node]:
        target: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        assert isinstance(target, dict)


def test_the_schemas_are_json_schemas() -> None:
    """Each is valid by its own dialect, 2020-12."""
    assert "3.1.0" == DOCUMENT["openapi"]
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": DOCUMENT["jsonSchemaDialect"], **schema})


@pytest.mark.parametrize("endpoint", INGESTIONS, ids=lambda one: one.operation_id)
def test_the_examples_fit_their_schemas(endpoint: Endpoint) -> None:
    """What the document shows is what it describes."""
    validator = jsonschema_rs.Draft202012Validator(_body_schema(endpoint), validate_formats=True)
    for body in EXAMPLES[endpoint.plural].values():
        assert validator.is_valid(body)
    both = EXAMPLES[endpoint.plural]["one"] | EXAMPLES[endpoint.plural]["several"]
    assert not validator.is_valid(both)
    assert not validator.is_valid({})


@pytest.mark.parametrize("endpoint", INGESTIONS, ids=lambda one: one.operation_id)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], max_examples=30)
@given(data=st.data())
def test_what_the_document_allows_is_taken(endpoint: Endpoint, data: st.DataObject) -> None:
    """Schema and check agree, except for what no schema can tell: the rules of JSON, and times at the
    ends of the calendar, which have no place in UTC."""
    case = data.draw(SCHEMA[endpoint.path]["POST"].as_strategy())
    body = json.dumps(case.body).encode()
    assume(not faults_of(body) and not re.search(rb'"(0001-01-01|9999-12-31)', body))
    assert () == OPERATIONS[endpoint.ingests or ""].check(body).malformed


def test_it_is_json() -> None:
    """It can be served as it is."""
    assert DOCUMENT == json.loads(json.dumps(DOCUMENT))
