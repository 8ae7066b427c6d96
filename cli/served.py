"""What is said of what is served: the discovery document and the OpenAPI documents."""

from collections.abc import Sequence
from importlib.metadata import version

from cli.settings import Settings
from contracts.od_v2.loyalty import LoyaltyEndpoint
from contracts.od_v2.loyalty_openapi import with_loyalty
from contracts.od_v2.openapi import openapi as od_v2_openapi
from contracts.od_v2.surface import ENDPOINTS as OD_V2
from contracts.odp_v1.discovery import Served, discovery
from contracts.odp_v1.openapi import openapi as odp_v1_openapi
from contracts.odp_v1.surface import ENDPOINTS as ODP_V1
from gateway.rest.explorer import Document
from gateway.rest.od_v2.surface import PREFIX as OD_V2_PREFIX
from gateway.rest.server import Address

EXPLORED = (
    Document("ODP v1", "/v1/customer/openapi.json"),
    Document("Open Delivery v2", "/v2/openapi.json"),
)
"""The documents that the explorer offers."""


def discovery_document(
    settings: Settings,
    max_body_bytes: int,
    *,
    issues_tokens: bool,
    extension: Sequence[LoyaltyEndpoint],
) -> dict[str, object]:
    """The discovery document (contracts A.6); `extension` are the loyalty operations, if any."""
    served = Served(
        operations=[one.operation_id for one in ODP_V1],
        flat_operations=[
            *(one.operation_id for one in OD_V2),
            *(one.operation_id for one in extension),
        ],
        endpoint=f"{_public_url(settings)}{OD_V2_PREFIX}",
        extensions=("loyalty",) if extension else (),
        scopes=sorted(
            {one.scope for one in ODP_V1} | {one.scope for one in OD_V2} | {one.scope for one in extension}
        ),
        supported_models=("client_credentials_application",) if issues_tokens else (),
        sends_webhooks=True,
    )
    return discovery(settings.participant_id, served, max_body_bytes=max_body_bytes)


def odp_v1_document(settings: Settings) -> dict[str, object]:
    """The OpenAPI document of ODP v1."""
    return odp_v1_openapi(_public_url(settings), version=version("portico"))


def od_v2_document(settings: Settings, *, loyalty: bool) -> dict[str, object]:
    """The OpenAPI document of Open Delivery v2, with the loyalty extension where it is served."""
    document = od_v2_openapi(
        f"{_public_url(settings)}{OD_V2_PREFIX}",
        version=version("portico"),
        strict_orders=settings.strict_orders,
    )
    return with_loyalty(document) if loyalty else document


def _public_url(settings: Settings) -> str:
    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    return Address(settings.host, settings.port, settings.tls_cert_file is not None).url
