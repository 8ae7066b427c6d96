"""The discovery document."""

from contracts.odp_v1.discovery import Served, discovery

BODY = 8 * 1024 * 1024
LIMITS = {"maxRecords": 1_000, "maxBodyBytes": BODY}


def test_both_shapes_list_what_is_served_and_nothing_else() -> None:
    """One document reads as the nested and as the flat shape (contracts A.6)."""
    served = Served(operations=["ingestCustomer", "getCustomers"], scopes=["customer.write", "customer.read"])
    capability = {"name": "customer", "role": "RECEIVER", "operations": ["ingestCustomer", "getCustomers"]}
    expected = {
        "participantId": "portico-1",
        "protocolVersion": "v2",
        "capabilities": [capability],
        "discovery": {
            "participantId": "portico-1",
            "protocolVersion": "v2",
            "capabilities": [{**capability, "profiles": ["push", "pull"], "limits": LIMITS}],
        },
        "authentication": {
            "scopes": ["customer.write", "customer.read"],
            "messageSigning": {"supported": False, "required": False},
            "merchantDiscovery": {"supported": False},
        },
        "limits": LIMITS,
    }
    assert expected == discovery("portico-1", served, max_body_bytes=BODY)


def test_the_flat_shape_belongs_to_open_delivery_v2_where_that_is_served() -> None:
    """Its operations, base URL and extensions stand in the flat shape alone."""
    served = Served(
        operations=["ingestCustomer"],
        flat_operations=["listCustomers"],
        endpoint="https://portico.example/v2",
        extensions=["loyalty"],
        sends_webhooks=True,
        supported_models=["client_credentials_application", "client_credentials_merchant"],
    )
    document = discovery("portico-1", served, max_body_bytes=BODY)
    flat = {
        "name": "customer",
        "role": "BOTH",
        "operations": ["listCustomers"],
        "extensions": ["loyalty"],
        "endpoint": "https://portico.example/v2",
    }
    assert [flat] == document["capabilities"]
    assert ["ingestCustomer"] == document["discovery"]["capabilities"][0]["operations"]
    assert "client_credentials_application" == document["authentication"]["defaultModel"]


def test_nothing_served_is_nothing_listed() -> None:
    """No capability without an operation."""
    document = discovery("portico-1", Served(operations=[]), max_body_bytes=BODY)
    assert ([], []) == (document["capabilities"], document["discovery"]["capabilities"])
