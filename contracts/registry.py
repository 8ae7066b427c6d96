"""Every ingestion operation, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from contracts.odp_v1.operations import DEFAULT_REGION, odp_v1_operations
from contracts.operations import Operation


def operations(region: str = DEFAULT_REGION) -> Mapping[str, Operation]:
    """All operations by name; `region` is the country of phone numbers written without one."""
    return MappingProxyType({one.name: one for one in odp_v1_operations(region)})


OPERATIONS: Mapping[str, Operation] = operations()
"""All operations by name, with Brazil as the default country of phone numbers."""
