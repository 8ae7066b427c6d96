"""A customer's canonical columns as an Open Delivery v2 document (contracts E.2)."""

from contracts.od_v2.names import ADDRESS, DEMOGRAPHICS, DOCUMENT, EXTERNAL_ID, PHONE, Json, as_members
from domain.records import Fields


def customer_of(fields: Fields, customer_id: str) -> Json:
    """The document of a customer that came by another contract; `customer_id` is Portico's own."""
    emails = [_contact("email", one) for one in fields.get("emails", ())]
    phones = [_contact("phone", one) for one in fields.get("phones", ())]
    contacts = {"phones": phones, "emails": emails, **fields.get("other_contacts", {})}
    demographics = {
        **fields.get("demographics", {}),
        **{name: fields[name] for name in ("birth_date", "gender") if name in fields},
    }
    # The other contract takes `source:` and `:value`, too, which this one has no form for.
    external_ids = [one for one in fields.get("external_ids", ()) if one["source"] and one["value"]]
    customer = {
        "identifier": fields.get("identifier") or _identifier(fields, external_ids, customer_id),
        "name": fields.get("display_name"),
        "document": as_members(fields.get("document", {}), DOCUMENT),
        "contacts": {name: one for name, one in contacts.items() if one},
        "demographics": as_members(demographics, DEMOGRAPHICS),
        "addresses": [as_members(one, ADDRESS) for one in fields.get("addresses", ())],
        "externalIds": [as_members(one, EXTERNAL_ID) for one in external_ids],
        "metadata": fields.get("metadata"),
        "merchantId": fields.get("merchant_id"),
    }
    return {name: value for name, value in customer.items() if value}


def _identifier(fields: Fields, external_ids: list[Json], customer_id: str) -> Json:
    """Who was born elsewhere is identified by an external id, else by what the sender calls him."""
    for external in external_ids:
        return {"type": "external_id", "value": f"{external['source']}:{external['value']}"}
    return {"type": "custom", "value": next(iter(fields.get("logical_ids", ())), customer_id)}


def _contact(name: str, entry: Json) -> Json:
    return {name: entry["value"], **as_members(entry, PHONE)}
