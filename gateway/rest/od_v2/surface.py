"""The 14 operations of Open Delivery v2, under both path styles."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml
from aiohttp import web

from contracts.od_v2.encode import customer_json, event_json, lead_json, order_json, review_json
from contracts.od_v2.surface import ENDPOINTS, Endpoint
from contracts.operations import Operation
from domain.events import normalized_event_type
from domain.find import FindCustomer
from domain.reading import Order, Query, Reader
from domain.records import Entity, Stored, derived_id
from gateway.accept import Acceptor
from gateway.auth import Principal
from gateway.rest.access import Access
from gateway.rest.answers import accepted_without_body, json_response
from gateway.rest.errors import ApiError
from gateway.rest.listing import list_records
from gateway.rest.od_v2 import filters

PREFIX = "/v2"

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Encode = Callable[[Stored], bytes]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the surface is made of."""

    access: Access
    acceptor: Acceptor
    operations: Mapping[str, Operation]
    reader: Reader
    find: FindCustomer
    region: str
    openapi: Mapping[str, Any]


class OdV2Surface:
    """Push and pull of customers, leads, orders, reviews and events."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        # Written once: anybody may ask for it, and YAML takes its time.
        self._openapi = dict(parts.openapi)
        self._openapi_text = yaml.safe_dump(self._openapi, sort_keys=False, allow_unicode=True)

    def routes(self) -> list[web.RouteDef]:
        """The routes, static paths before `/customers/{id}`."""
        reads = self._reads()
        routes = [
            web.route(
                endpoint.method,
                PREFIX + path,
                self._read(endpoint, reads[endpoint.operation_id])
                if endpoint.method == "GET"
                else self._ingest(endpoint),
                name=f"{endpoint.operation_id}{number or ''}",
            )
            for endpoint in ENDPOINTS
            for number, path in enumerate(endpoint.paths)
        ]
        routes.sort(key=lambda route: "{" in route.path)
        return [
            web.get(f"{PREFIX}/openapi.json", self._openapi_json, name="openDeliveryOpenapiJson"),
            web.get(f"{PREFIX}/openapi.yaml", self._openapi_yaml, name="openDeliveryOpenapiYaml"),
            *routes,
        ]

    def _reads(self) -> Mapping[str, Callable[[web.Request, Principal], Awaitable[web.Response]]]:
        return {
            "listCustomers": self._list_customers,
            "getCustomerById": self._get_customer,
            "listLeads": self._list_leads,
            "listOrders": self._list_orders,
            "getOrderById": self._get_order,
            "listReviews": self._list_reviews,
            "listCustomerReviews": self._list_customer_reviews,
            "getReviewById": self._get_review,
            "listCustomerEvents": self._list_events,
        }

    def _read(
        self, endpoint: Endpoint, read: Callable[[web.Request, Principal], Awaitable[web.Response]]
    ) -> _Handler:
        async def handler(request: web.Request) -> web.Response:
            return await read(request, await self._parts.access.reader(request, endpoint.scope))

        return handler

    def _ingest(self, endpoint: Endpoint) -> _Handler:
        operation = self._parts.operations[endpoint.operation]

        async def handler(request: web.Request) -> web.Response:
            submission = await self._parts.access.submission(request, operation, endpoint.scope)
            acceptance = await self._parts.acceptor.accept(submission)
            return accepted_without_body(acceptance, submission.preferences, endpoint.status)

        return handler

    async def _list_customers(self, request: web.Request, principal: Principal) -> web.Response:
        query = Query(Entity.CUSTOMER, principal.tenant)
        query = filters.within(request, query, "updated", Order.VERSION)
        query = filters.with_columns(request, query, {"merchantId": "merchant_id"})
        wanted = [filters.identifier(request, self._parts.region), filters.external_id(request)]
        keys = [one for one in wanted if one is not None]
        if not keys:
            return await self._list(request, query, "customers", customer_json)
        owners = {await self._parts.find.owner(principal.tenant, one) for one in keys}
        owner = owners.pop() if len(owners) == 1 else None
        found = await self._one(Entity.CUSTOMER, principal.tenant, owner)
        return _array([one for one in found if _holds(one, query)], customer_json)

    async def _get_customer(self, request: web.Request, principal: Principal) -> web.Response:
        customer = await self._customer(principal, request.match_info["id"])
        return _object(customer, customer_json)

    async def _list_leads(self, request: web.Request, principal: Principal) -> web.Response:
        query = Query(Entity.LEAD, principal.tenant)
        query = filters.within(request, query, "updated", Order.VERSION)
        query = filters.with_columns(request, query, {"externalId": "external_keys"})
        return await self._list(request, query, "leads", lead_json)

    async def _list_orders(self, request: web.Request, principal: Principal) -> web.Response:
        query = Query(Entity.ORDER, principal.tenant)
        query = filters.within(request, query, "updated", Order.VERSION)
        query = filters.within(request, query, "created", Order.OCCURRED)
        columns = {"storeId": "merchant_id", "originChannel": "sales_channel"}
        query = filters.with_columns(request, query, columns)
        query = await filters.of_customer(request, query, self._parts.find, self._parts.region)
        return await self._list(request, query, "orders", order_json)

    async def _get_order(self, request: web.Request, principal: Principal) -> web.Response:
        return await self._get(request, principal, Entity.ORDER, order_json)

    async def _list_reviews(self, request: web.Request, principal: Principal) -> web.Response:
        query = self._reviews(request, principal)
        query = await filters.of_customer(request, query, self._parts.find, self._parts.region)
        return await self._list(request, query, "reviews", review_json)

    async def _list_customer_reviews(self, request: web.Request, principal: Principal) -> web.Response:
        customer = await self._customer(principal, request.match_info["customerId"])
        refs = await self._parts.find.references(customer)
        query = replace(self._reviews(request, principal), customer_refs=refs)
        return await self._list(request, query, "reviews", review_json)

    def _reviews(self, request: web.Request, principal: Principal) -> Query:
        query = Query(Entity.REVIEW, principal.tenant)
        query = filters.within(request, query, "created", Order.OCCURRED)
        columns = {"orderId": "order_id", "merchantId": "merchant_id"}
        return filters.with_columns(request, query, columns)

    async def _get_review(self, request: web.Request, principal: Principal) -> web.Response:
        return await self._get(request, principal, Entity.REVIEW, review_json)

    async def _list_events(self, request: web.Request, principal: Principal) -> web.Response:
        query = Query(Entity.EVENT, principal.tenant, order=Order.OCCURRED, descending=True)
        query = filters.within(request, query, "", Order.OCCURRED)
        event_type = filters.text(request, "eventType")
        if event_type is not None:
            query = replace(query, equal=(("event_type_norm", normalized_event_type(event_type)),))
        query = await filters.of_customer(request, query, self._parts.find, self._parts.region)
        return await self._list(request, query, "events", event_json)

    async def _list(self, request: web.Request, query: Query, name: str, encode: _Encode) -> web.Response:
        return await list_records(
            request, self._parts.reader, query, lambda found: _body(found, encode), filters.FILTERS[name]
        )

    async def _get(
        self, request: web.Request, principal: Principal, entity: Entity, encode: _Encode
    ) -> web.Response:
        record_id = derived_id(entity, principal.tenant, request.match_info["id"])
        found = await self._one(entity, principal.tenant, record_id)
        if not found:
            raise ApiError(404, "NOT_FOUND", f"there is no such {entity}")
        return _object(found[0], encode)

    async def _one(self, entity: Entity, tenant: str, record_id: str | None) -> list[Stored]:
        if record_id is None:
            return []
        return list((await self._parts.reader.get_many(entity, tenant, [record_id])).values())

    async def _customer(self, principal: Principal, name: str) -> Stored:
        customer = await self._parts.find(principal.tenant, name)
        if customer is None:
            raise ApiError(404, "NOT_FOUND", "there is no such customer")
        return customer

    async def _openapi_json(self, _: web.Request) -> web.Response:
        return json_response(self._openapi)

    async def _openapi_yaml(self, _: web.Request) -> web.Response:
        return web.Response(text=self._openapi_text, content_type="application/yaml")


def _body(found: Sequence[Stored], encode: _Encode) -> bytes:
    """A bare array, as the binding has it."""
    return b"[%s]" % b",".join(map(encode, found))


def _array(found: Sequence[Stored], encode: _Encode) -> web.Response:
    response = web.Response(body=_body(found, encode), content_type="application/json")
    response.headers["X-Total-Count"] = str(len(found))
    return response


def _object(found: Stored, encode: _Encode) -> web.Response:
    return web.Response(body=encode(found), content_type="application/json")


def _holds(customer: Stored, query: Query) -> bool:
    """Whether a customer that was found by its key is in the rest of the query."""
    at = customer.version.at
    in_time = (query.above is None or at > query.above) and (query.until is None or at <= query.until)
    return in_time and all(customer.fields.get(column) == value for column, value in query.equal)
