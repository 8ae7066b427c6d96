"""The gateway's metrics: what is counted, and under which labels."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest

from domain.errors import QueueUnavailableError
from gateway.admin import admin_app
from gateway.metrics import GatewayMetrics
from gateway.rest.app import rest_app
from gateway.rest.metrics import RequestMetrics
from gateway.rest.server import Address, serve
from tests.support.gateway_http import ask


class Plain:
    """A surface that answers, fails and sends elsewhere."""

    def routes(self) -> list[web.RouteDef]:
        """Under each prefix that has a name."""
        return [
            web.get("/v2/customers/{id}", self.found),
            web.post("/v1/customer/customers", self.away),
            web.get("/console/old", self.elsewhere),
        ]

    async def found(self, _: web.Request) -> web.Response:
        return web.Response()

    async def away(self, _: web.Request) -> web.Response:
        raise QueueUnavailableError("away")

    async def elsewhere(self, _: web.Request) -> web.Response:
        raise web.HTTPSeeOther("/console/new")


@asynccontextmanager
async def counted(*, admin: bool = False) -> AsyncIterator[tuple[Address, CollectorRegistry]]:
    """A server of one port or the other with a plain surface, and what it counts in."""
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry)
    app = admin_app({}, {}, registry, metrics, [Plain()]) if admin else rest_app([Plain()], metrics)
    async with serve(app, "127.0.0.1", 0) as address:
        yield address, registry


async def test_requests_are_counted_by_route_and_status_class_and_timed() -> None:
    """Two of one template, whatever stood in their paths."""
    async with counted() as (address, registry):
        for id in ("maria@example.com", "7"):
            await ask(address, "GET", f"/v2/customers/{id}")
    labels = {"surface": "od_v2", "method": "GET", "route": "/v2/customers/{id}"}
    assert 2 == registry.get_sample_value("portico_http_requests_total", {**labels, "status": "2xx"})
    assert 2 == registry.get_sample_value("portico_http_request_seconds_count", labels)
    assert 0 == registry.get_sample_value("portico_http_in_flight_requests", {"surface": "od_v2"})
    assert b"maria" not in generate_latest(registry)


async def test_errors_are_counted_by_their_code() -> None:
    """What a part that is away, an unknown path and a wrong method come to."""
    async with counted() as (address, registry):
        await ask(address, "POST", "/v1/customer/customers", b"{}")
        await ask(address, "GET", "/v2/nowhere/maria@example.com")
        await ask(address, "DELETE", "/v2/customers/7")
    errors = [
        registry.get_sample_value("portico_http_errors_total", {"surface": surface, "code": code})
        for surface, code in (
            ("odp_v1", "SERVICE_UNAVAILABLE"),
            ("od_v2", "NOT_FOUND"),
            ("od_v2", "METHOD_NOT_ALLOWED"),
        )
    ]
    assert [1, 1, 1] == errors
    unmatched = {"surface": "od_v2", "method": "GET", "route": "none", "status": "4xx"}
    assert 1 == registry.get_sample_value("portico_http_requests_total", unmatched)
    assert b"maria" not in generate_latest(registry)


async def test_a_method_that_nobody_knows_makes_no_series_of_its_own() -> None:
    """Callers may write anything there."""
    async with counted() as (address, registry):
        await ask(address, "PROPFIND", "/v2/customers/7")
    assert b'method="other"' in generate_latest(registry)
    assert b"PROPFIND" not in generate_latest(registry)


async def test_the_admin_port_counts_its_requests_too() -> None:
    """Probes, and what is mounted there; being sent elsewhere is no error."""
    async with counted(admin=True) as (address, registry):
        await ask(address, "GET", "/healthz")
        await ask(address, "GET", "/console/old")
    found = [
        registry.get_sample_value(
            "portico_http_requests_total",
            {"surface": surface, "method": "GET", "route": route, "status": status},
        )
        for surface, route, status in (("probe", "/healthz", "2xx"), ("console", "/console/old", "3xx"))
    ]
    assert [1, 1] == found
    assert b"portico_http_errors_total{" not in generate_latest(registry)


def test_accepted_ingestions_are_counted_with_their_records_and_bytes() -> None:
    """By operation alone."""
    registry = CollectorRegistry()
    metrics = GatewayMetrics(registry)
    metrics.count_accepted("odp.v1.customers", 500, 230_000)
    metrics.count_accepted("odp.v1.customers", 1, 500)
    counted = [
        registry.get_sample_value(f"portico_gateway_accepted_{what}_total", {"operation": "odp.v1.customers"})
        for what in ("ingestions", "records", "bytes")
    ]
    assert [2, 501, 230_500] == counted


def test_two_gateways_in_one_process_share_nothing() -> None:
    """Each has the registry that it was given; nothing is global."""
    first, second = CollectorRegistry(), CollectorRegistry()
    GatewayMetrics(first).ingestions_in_flight.inc()
    GatewayMetrics(second)
    assert b"portico_gateway_in_flight_ingestions 1.0" in generate_latest(first)
    assert b"portico_gateway_in_flight_ingestions 0.0" in generate_latest(second)
