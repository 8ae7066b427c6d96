"""Which scope each service needs (contracts A.5), and which services are public."""

PUBLIC = frozenset(
    {
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
        "grpc.reflection.v1.ServerReflection",
    }
)
"""Services that say nothing of any tenant."""

LOYALTY = "portico.v1.Loyalty"
"""The service that is only there where a loyalty programme is configured."""

REQUIRED = {
    "portico.v1.Customers": "customer.read",
    "portico.v1.Leads": "customer.read",
    "portico.v1.Orders": "orders.crm.read",
    "portico.v1.Reviews": "customer.read",
    "portico.v1.Events": "customer.read",
    "portico.v1.DedupeCandidates": "customer.read",
    "portico.v1.Ingestions": None,
    LOYALTY: "customer.loyalty.read",
}
"""The scope that each service needs; None where any valid token will do."""


def service_of(method: str) -> str:
    """The service of a full method name, `/package.Service/Method`."""
    return method.removeprefix("/").partition("/")[0]
