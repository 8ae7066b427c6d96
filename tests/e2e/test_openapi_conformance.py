"""The running gateway does what its own OpenAPI document says, as schemathesis sees it."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import (
    not_a_server_error,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from contracts.odp_v1.surface import ENDPOINTS
from tests.support.portico import Client

# Whether good data is taken is no check: a schema cannot say that integers end at 64 bits, that a key
# holds no NUL, or that an ingestion id is the tenant's own.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    unsupported_method,
    ignored_auth,
    negative_data_rejection,
    missing_required_header,
]


@pytest.mark.parametrize("operation_id", [*(one.operation_id for one in ENDPOINTS), "getIngestion"])
def test_schemathesis_finds_nothing(caller: Client, operation_id: str) -> None:
    """Good and bad requests made from the document are answered as the document says."""
    schema = schemathesis.openapi.from_url(f"{caller.url}/v1/customer/openapi.json")
    operation = schema.find_operation_by_id(operation_id)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def answered_as_described(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {caller.token}"}, checks=CHECKS, timeout=30)

    answered_as_described()
