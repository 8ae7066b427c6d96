"""The discovery document, `/.well-known/opendelivery` (contracts A.6).

Three shapes of it have been published. Two can share one document, as additive fields are tolerated: the
nested one, under `discovery`, and the flat one beside it. Both list only what is really served.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contracts.operations import MAX_RECORDS

PROTOCOL_VERSION = "v2"


@dataclass(frozen=True, slots=True)
class Served:
    """What a deployment really serves."""

    operations: Sequence[str]
    """Operation ids of the ODP v1 binding, in `/v1/customer/...`."""
    flat_operations: Sequence[str] = ()
    """Operation ids of Open Delivery v2; those, not the binding's, belong in the flat shape."""
    endpoint: str | None = None
    """Base URL of Open Delivery v2; None where it is not served."""
    extensions: Sequence[str] = ()
    profiles: Sequence[str] = ("push", "pull")
    """Integration modes."""
    sends_webhooks: bool = False
    scopes: Sequence[str] = ()
    supported_models: Sequence[str] = ()
    """Ways to obtain a token here; empty where tokens are issued elsewhere."""


def discovery(participant_id: str, served: Served, *, max_body_bytes: int) -> dict[str, Any]:
    """The document of `participant_id`, which serves `served`.

    `max_body_bytes` bounds a request's body, as it was sent and unpacked.
    """
    role = "BOTH" if served.sends_webhooks else "RECEIVER"
    limits = {"maxRecords": MAX_RECORDS, "maxBodyBytes": max_body_bytes}
    nested: dict[str, Any] = {
        "participantId": participant_id,
        "protocolVersion": PROTOCOL_VERSION,
        "capabilities": [],
    }
    if served.operations:
        capability = {"name": "customer", "role": role, "operations": list(served.operations)}
        nested["capabilities"] = [{**capability, "profiles": list(served.profiles), "limits": limits}]
    return {
        "participantId": participant_id,
        "protocolVersion": PROTOCOL_VERSION,
        "capabilities": _flat_capabilities(served, role),
        "discovery": nested,
        "authentication": _authentication(served),
        "limits": limits,
    }


def _flat_capabilities(served: Served, role: str) -> list[dict[str, Any]]:
    operations = served.flat_operations or served.operations
    if not operations:
        return []
    capability: dict[str, Any] = {"name": "customer", "role": role, "operations": list(operations)}
    if served.extensions:
        capability["extensions"] = list(served.extensions)
    if served.endpoint is not None:
        capability["endpoint"] = served.endpoint
    return [capability]


def _authentication(served: Served) -> dict[str, Any]:
    block: dict[str, Any] = {
        "scopes": list(served.scopes),
        "messageSigning": {"supported": False, "required": False},
        "merchantDiscovery": {"supported": False},
    }
    if served.supported_models:
        models = list(served.supported_models)
        block |= {"supportedModels": models, "defaultModel": models[0]}
    return block
