"""The identity keys that a lookup of a customer names."""

from domain.identity import IdentityKey, KeyKind, identifier_keys
from gateway.grpc.pb.portico.v1.customers_pb2 import LookupCustomerRequest
from gateway.grpc.refusal import invalid


def lookup_keys(request: LookupCustomerRequest, region: str) -> list[IdentityKey]:
    """The keys that a lookup names, to be tried in turn.

    `region` is the country of phone numbers written without one. Raises RefusedError (INVALID_ARGUMENT).
    """
    which = request.WhichOneof("key")
    if which is None:
        raise invalid("name a key to look up")
    if which == "identifier":
        kind, value = request.identifier.type, request.identifier.value
        keys = identifier_keys(kind, value, region) if kind and value else []
    elif which == "external_id":
        source, value = request.external_id.source or "default", request.external_id.value
        keys = [IdentityKey(KeyKind.EXTERNAL, f"{source}:{value}")] if value else []
    elif which == "logical_id":
        keys = [IdentityKey(KeyKind.LOGICAL, request.logical_id)] if request.logical_id else []
    else:
        found = identifier_keys(which, getattr(request, which), region)
        keys = [key for key in found if key.kind == which]
    if not keys:
        raise invalid(f"{which} must be given, and be one")
    return keys
