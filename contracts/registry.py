"""Every ingestion operation, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from contracts.od_v2.operations import od_v2_operations
from contracts.odp_v1.operations import DEFAULT_REGION, odp_v1_operations
from contracts.operations import Operation


def operations(region: str = DEFAULT_REGION, *, strict_orders: bool = False) -> Mapping[str, Operation]:
    """All operations by name; `region` is the country of phone numbers written without one.

    `strict_orders` holds the orders of Open Delivery v2 to the whole V1 schema.
    """
    every = (*odp_v1_operations(region), *od_v2_operations(region, strict_orders))
    return MappingProxyType({one.name: one for one in every})


OPERATIONS: Mapping[str, Operation] = operations()
"""All operations by name, with Brazil as the default country of phone numbers."""
