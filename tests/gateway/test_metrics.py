"""The gateway's metrics: what is counted, and under which labels."""

from prometheus_client import CollectorRegistry, generate_latest

from gateway.metrics import GatewayMetrics


def test_requests_are_counted_by_status_class_and_timed() -> None:
    """Two hundred and three, three and none."""
    registry = CollectorRegistry()
    metrics = GatewayMetrics(registry)
    for status in (200, 202, 404):
        metrics.answered("odp_v1", "ingestCustomer", status, 0.003)
    labels = {"surface": "odp_v1", "operation": "ingestCustomer"}
    counted = [
        registry.get_sample_value("portico_gateway_requests_total", {**labels, "status": status})
        for status in ("2xx", "4xx", "5xx")
    ]
    assert [2, 1, None] == counted
    assert 3 == registry.get_sample_value("portico_gateway_request_seconds_count", labels)


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
    GatewayMetrics(first).publish_failures.inc()
    GatewayMetrics(second)
    assert b"portico_gateway_publish_failures_total 1.0" in generate_latest(first)
    assert b"portico_gateway_publish_failures_total 0.0" in generate_latest(second)
