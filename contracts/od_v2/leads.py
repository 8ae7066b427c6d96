"""An Open Delivery v2 lead in canonical terms (contracts B.5, E.1)."""

from contracts.od_v2.columns import by_id
from contracts.od_v2.customers import external_ids, external_key
from contracts.od_v2.merge import Json, Layout, Merge
from contracts.times import instant_of
from domain.records import Fields


def lead_columns(lead: Json) -> Fields:
    """The canonical columns of a lead; what it does not have is absent."""
    contact, external = lead.get("contact"), external_ids(lead)
    columns: Fields = {
        "lead_id": lead.get("id"),
        "name": lead.get("name"),
        "contact": contact_text(contact),
        "external_ids": external,
        "external_keys": list(
            dict.fromkeys(key for one in external for key in (external_key(one), one["value"]))
        ),
        "source": lead.get("source"),
        "status": lead.get("status"),
        "customer_ref": by_id(lead.get("customerRef")),
        "metadata": lead.get("metadata"),
        "source_created_at": instant_of(lead.get("createdAt")),
    }
    return {column: value for column, value in columns.items() if value not in (None, "", [], {})}


def contact_text(contact: str | Json | None) -> str | None:
    """A contact as the string that the binding has."""
    return contact.get("value") if isinstance(contact, dict) else contact


LEADS = Merge(
    Layout(
        objects=frozenset({"/metadata"}),
        collections={"/externalIds": external_key},
        single={},
        columns={
            "lead_id": "/id",
            "name": "/name",
            "contact": "/contact",
            "external_ids": "/externalIds",
            "external_keys": "/externalIds",
            "source": "/source",
            "status": "/status",
            "customer_ref": "/customerRef",
            "metadata": "/metadata",
            "source_created_at": "/createdAt",
        },
    ),
    lead_columns,
)
"""How words on one lead add up."""
