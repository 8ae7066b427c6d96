"""Events: names of business facts."""


def normalized_event_type(event_type: str) -> str:
    """One spelling of the vocabularies in use, for filters (contracts B.8): `ORDER_CANCELLED`,
    `order.cancelled` and `order.canceled` are the same."""
    return event_type.lower().replace("_", ".", 1).replace("cancelled", "canceled")
