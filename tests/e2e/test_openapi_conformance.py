"""The running gateway does what its own OpenAPI document says, as schemathesis sees it."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import schemathesis
import yaml
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

from contracts.od_v2.loyalty import LOYALTY_ENDPOINTS
from contracts.od_v2.surface import ENDPOINTS as OD_V2_ENDPOINTS
from contracts.odp_v1.surface import ENDPOINTS
from tests.e2e.test_loyalty import FILE
from tests.support.portico import Client
from tests.support.stacks import embedded_stack
from tests.support.tokens import minted
from tests.support.wire import ask

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


@pytest.fixture(scope="module")
async def loyal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    """A client of a `portico up` with a loyalty programme."""
    home = tmp_path_factory.mktemp("loyal")
    async with (
        embedded_stack(home, PORTICO_LOYALTY_FILE=str(FILE)) as stack,
        aiohttp.ClientSession() as session,
    ):
        yield Client(session, stack.gateway.url, minted("loyal"))


DOCUMENTS = {
    "/v1/customer/openapi.json": [*(one.operation_id for one in ENDPOINTS), "getIngestion"],
    "/v2/openapi.json": [
        *(one.operation_id for one in OD_V2_ENDPOINTS),
        *(f"{one.operation_id}UnderCustomers" for one in OD_V2_ENDPOINTS if len(one.paths) > 1),
    ],
}


@pytest.mark.parametrize(
    ("document", "operation_id"), [(document, one) for document, ids in DOCUMENTS.items() for one in ids]
)
def test_schemathesis_finds_nothing(caller: Client, document: str, operation_id: str) -> None:
    """Good and bad requests made from the document are answered as the document says."""
    answers_as_described(caller, document, operation_id)


@pytest.mark.parametrize("operation_id", [one.operation_id for one in LOYALTY_ENDPOINTS])
def test_schemathesis_finds_nothing_in_loyalty(loyal: Client, operation_id: str) -> None:
    """Likewise, where a programme is configured."""
    answers_as_described(loyal, "/v2/openapi.json", operation_id)


@pytest.mark.parametrize(
    ("document", "described"),
    [("/v1/customer/openapi.json", ENDPOINTS), ("/v2/openapi.json", OD_V2_ENDPOINTS)],
)
async def test_the_document_is_served_and_has_every_operation(
    caller: Client, document: str, described: Any
) -> None:
    """To anybody, without a token, in JSON and YAML alike."""
    for path in (document, document.replace(".json", ".yaml")):
        reply = await ask(caller, "GET", path, None, {"Authorization": None})
        assert 200 == reply.status
        found = yaml.safe_load(reply.body)
        ids = {one["operationId"] for path in found["paths"].values() for one in path.values()}
        assert {one.operation_id for one in described} <= ids


def answers_as_described(caller: Client, document: str, operation_id: str) -> None:
    """Fail with what schemathesis finds in one operation."""
    schema = schemathesis.openapi.from_url(caller.url + document)
    operation = schema.find_operation_by_id(operation_id)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=operation.as_strategy())
    def answered_as_described(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {caller.token}"}, checks=CHECKS, timeout=30)

    answered_as_described()
