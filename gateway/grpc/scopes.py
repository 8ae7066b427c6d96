"""Which scope each service needs (contracts A.5), and which services are public."""

from gateway.operators import READ, REPAIR, REPLAY

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

DEAD_LETTERS = "portico.v1.DeadLetters"
"""The service of operators."""

REQUIRED = {
    "portico.v1.Customers": "customer.read",
    "portico.v1.Leads": "customer.read",
    "portico.v1.Orders": "orders.crm.read",
    "portico.v1.Reviews": "customer.read",
    "portico.v1.Events": "customer.read",
    "portico.v1.DedupeCandidates": "customer.read",
    "portico.v1.Ingestions": None,
    LOYALTY: "customer.loyalty.read",
    DEAD_LETTERS: READ,
}
"""The scope that each service needs at least; None where any valid token will do."""

ROLES = {
    f"/{DEAD_LETTERS}/{method}": role
    for role, methods in {
        READ: (
            "ListDeadLetterGroups",
            "ListDeadLetters",
            "GetDeadLetter",
            "DryRunDeadLetters",
            "ListReplayJobs",
            "GetReplayJob",
            "ListReplayResults",
            "WatchReplayJob",
        ),
        REPAIR: (
            "RevealDeadLetter",
            "EditDeadLetter",
            # With tests in a patch a preview says, one guess at a time, what the mask hides.
            "PreviewDeadLetterPatch",
            "PatchDeadLetters",
            "DiscardDeadLetters",
        ),
        REPLAY: ("ReplayDeadLetters", "PauseReplayJob", "ResumeReplayJob", "CancelReplayJob"),
    }.items()
    for method in methods
}
"""The role that each method of operators needs; no other scope implies one."""


def service_of(method: str) -> str:
    """The service of a full method name, `/package.Service/Method`."""
    return method.removeprefix("/").partition("/")[0]
