"""Surface A, the ODP v1 binding: `/v1/customer/...` (contracts A, seed 000)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import yaml
from aiohttp import web

from contracts.odp_v1.encode import customer_json, list_body, order_json
from contracts.odp_v1.surface import ENDPOINTS, Endpoint
from contracts.operations import Operation
from domain.find import FindCustomer
from domain.identity import IdentityKey, KeyKind
from domain.reading import Query, Reader
from domain.records import Entity
from gateway.accept import Acceptor
from gateway.rest.access import Access
from gateway.rest.answers import accepted, json_response
from gateway.rest.listing import list_records
from gateway.rest.parameters import invalid, millis

PREFIX = "/v1/customer"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LONGEST_ID = 512


class OdpV1Surface:
    """The seven operations of the binding, and its OpenAPI document."""

    def __init__(
        self,
        *,
        access: Access,
        acceptor: Acceptor,
        operations: Mapping[str, Operation],
        reader: Reader,
        find: FindCustomer,
        openapi: Mapping[str, Any],
    ) -> None:
        self._access = access
        self._acceptor = acceptor
        self._operations = operations
        self._reader = reader
        self._find = find
        # Written once: anybody may ask for it, and YAML takes its time.
        self._openapi = dict(openapi)
        self._openapi_text = yaml.safe_dump(self._openapi, sort_keys=False, allow_unicode=True)

    def routes(self) -> list[web.RouteDef]:
        """The routes, each named by its operationId."""
        reads = {"getCustomers": self._get_customers, "getOrdersForCRM": self._get_orders}
        handlers = {one.operation_id: reads.get(one.operation_id) or self._ingest(one) for one in ENDPOINTS}
        return [
            *(
                web.route(one.method, one.path, handlers[one.operation_id], name=one.operation_id)
                for one in ENDPOINTS
            ),
            web.get(f"{PREFIX}/openapi.json", self._openapi_json, name="openapiJson"),
            web.get(f"{PREFIX}/openapi.yaml", self._openapi_yaml, name="openapiYaml"),
        ]

    async def _get_customers(self, request: web.Request) -> web.Response:
        """Customers by `updatedAt`, those after `updatedAfter` if given."""
        principal = await self._access.reader(request, "customer.read")
        above = millis(request, "updatedAfter")
        query = Query(Entity.CUSTOMER, principal.tenant, above=above)
        return await list_records(
            request,
            self._reader,
            query,
            lambda found: list_body("customers", map(customer_json, found)),
            ("updatedAfter",),
        )

    async def _get_orders(self, request: web.Request) -> web.Response:
        """Order views by version, of one customer if `customerId` is given."""
        principal = await self._access.reader(request, "orders.crm.read")
        query = Query(
            Entity.ORDER,
            principal.tenant,
            above=millis(request, "updatedAfter"),
            customer_refs=await self._customer_refs(request, principal.tenant),
        )
        return await list_records(
            request,
            self._reader,
            query,
            lambda found: list_body("orders", map(order_json, found)),
            ("updatedAfter", "customerId"),
        )

    async def _customer_refs(self, request: web.Request, tenant: str) -> frozenset[str] | None:
        """How records name the customer whom the sender calls `customerId`, known or not yet."""
        customer_id = request.query.get("customerId")
        if customer_id is None:
            return None
        if not 0 < len(customer_id) <= _LONGEST_ID:
            raise invalid("customerId", f"is not 1 to {_LONGEST_ID} characters")
        logical = IdentityKey(KeyKind.LOGICAL, customer_id)
        owner = await self._find.owner(tenant, [logical])
        found = await self._reader.get_many(Entity.CUSTOMER, tenant, [owner] if owner else [])
        if owner not in found:
            return frozenset({logical.encode()})
        return await self._find.references(found[owner])

    async def _openapi_json(self, _: web.Request) -> web.Response:
        """The OpenAPI 3.1 document of this surface."""
        return json_response(self._openapi)

    async def _openapi_yaml(self, _: web.Request) -> web.Response:
        """The same document, as YAML."""
        return web.Response(text=self._openapi_text, content_type="application/yaml")

    def _ingest(self, endpoint: Endpoint) -> _Handler:
        operation = self._operations[f"odp.v1.{endpoint.plural}"]

        async def handler(request: web.Request) -> web.Response:
            submission = await self._access.submission(request, operation, endpoint.scope)
            return accepted(await self._acceptor.accept(submission), submission.preferences)

        return handler
