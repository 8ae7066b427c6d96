"""Domain to Open Delivery v2 wire: what the reads answer of a stored record.

A record that came by this contract is answered as it was sent, customers and leads as their words add up. One
that was born elsewhere is computed from its canonical columns (contracts E).
"""

from typing import Any

import orjson

from contracts.od_v2.customers import ranked
from contracts.od_v2.decode import SOURCE
from contracts.od_v2.encode_customer import customer_of
from contracts.od_v2.leads import contact_text
from contracts.odp_v1.decode import SOURCE as ODP_V1
from contracts.overlay import overlaid
from contracts.times import created_at, instant_of, rfc3339
from domain.clock import from_millis
from domain.identity import normalize_document
from domain.records import Fields, Stored

Json = dict[str, Any]


def customer_json(stored: Stored) -> bytes:
    """The wire `Customer` of a stored customer."""
    state = stored.sources.get(SOURCE)
    if state is None:
        customer = customer_of(stored.fields, stored.id)
    else:
        customer = _one_primary_each(orjson.loads(state.document))
        if len(stored.sources) > 1:
            before, after = (customer_of(fields, stored.id) for fields in (state.fields, stored.fields))
            if _same_document(state.fields, stored.fields):
                after["document"] = before["document"]  # a bare number does not take its type away
            customer = overlaid(customer, before, after)
    customer.pop("id", None)
    return orjson.dumps({"id": stored.id, **customer, **_times(stored, customer)})


def lead_json(stored: Stored) -> bytes:
    """The wire `Lead` of a stored lead."""
    state = stored.sources.get(SOURCE) or stored.sources.get(ODP_V1)
    lead: Json = orjson.loads(state.document) if state else {}
    if state is None or len(stored.sources) > 1:
        before = _lead(state.fields) if state else {}
        lead = overlaid(lead, before, _lead(stored.fields))
    if "contact" in lead:
        lead["contact"] = contact_text(lead["contact"])
    lead_id = lead.pop("id", None) or stored.id
    return orjson.dumps({"id": lead_id, **lead, **_times(stored, lead)})


def order_json(stored: Stored) -> bytes:
    """The wire `Order` of a stored order."""
    return _verbatim(stored) or orjson.dumps(_order(stored))


def review_json(stored: Stored) -> bytes:
    """The wire `Review` of a stored review."""
    return _verbatim(stored) or orjson.dumps(_review(stored))


def event_json(stored: Stored) -> bytes:
    """The wire `CustomerEvent` of a stored event."""
    return _verbatim(stored) or orjson.dumps(_event(stored))


def _verbatim(stored: Stored) -> bytes:
    state = stored.sources.get(SOURCE)
    return state.document.encode() if state else b""


def _same_document(one: Fields, other: Fields) -> bool:
    numbers = [normalize_document(fields.get("document", {}).get("number", "")) for fields in (one, other)]
    return numbers[0] == numbers[1] != ""


def _times(stored: Stored, document: Json) -> Json:
    """The members of `document` that are answered whether or not they were sent."""
    said = stored.fields.get("source_created_at") or instant_of(document.get("createdAt"))
    updated = from_millis(stored.version.at)
    born = created_at(said, from_millis(stored.created_at), updated)
    return {"createdAt": rfc3339(born), "updatedAt": rfc3339(updated)}


def _one_primary_each(customer: Json) -> Json:
    """Of several elements that were called primary, one after another, the last one is."""
    contacts = customer.get("contacts", {})
    for holder, name in ((customer, "addresses"), (contacts, "emails"), (contacts, "phones")):
        if name in holder:
            holder[name] = ranked(holder[name])
    return customer


def _lead(fields: Fields) -> Json:
    lead = {
        "id": fields.get("lead_id"),
        "name": fields.get("name"),
        "contact": fields.get("contact"),
        "externalIds": [
            {"source": one["source"], "value": one["value"]} for one in fields.get("external_ids", ())
        ],
        "source": fields.get("source"),
        "status": fields.get("status"),
        "customerRef": _name_of(fields.get("customer_ref")),
        "metadata": fields.get("metadata"),
    }
    return _present(lead)


def _order(stored: Stored) -> Json:
    """An order view (contracts E.5)."""
    fields = stored.fields
    customer_id = _name_of(fields.get("customer_ref"))
    placed_at = fields.get("placed_at")
    order = {
        "id": fields.get("order_id") or stored.id,
        "displayId": fields.get("display_id"),
        "salesChannel": fields.get("sales_channel"),
        "status": fields.get("status"),
        "createdAt": rfc3339(placed_at) if placed_at else None,
        "customer": {"id": customer_id} if customer_id else None,
        "merchant": {"id": fields["merchant_id"]} if fields.get("merchant_id") else None,
    }
    return _present(order)


def _review(stored: Stored) -> Json:
    fields = stored.fields
    rating, source = fields.get("rating", {}), fields.get("source", {})
    customer_id = _name_of(fields.get("customer_ref"))
    when = fields.get("reviewed_at") or from_millis(stored.version.at)
    review = {
        "reviewId": fields.get("review_id") or stored.id,
        "reviewType": fields["review_type"],
        "overallRating": _present(
            {
                "ratingStyle": rating.get("style"),
                "value": rating.get("value"),
                "comment": rating.get("comment"),
            }
        ),
        "subject": _present({"orderId": fields.get("order_id"), "merchantId": fields.get("merchant_id")}),
        "customer": {"customerId": customer_id} if customer_id else None,
        "reviewDate": rfc3339(when),
        "source": source,
    }
    return _present(review)


def _event(stored: Stored) -> Json:
    """A business fact of another contract, with what it holds besides."""
    fields, state = stored.fields, stored.sources.get(ODP_V1)
    sent: Json = orjson.loads(state.document) if state else {}
    data = sent.pop("payload", None)
    event = {
        **sent,
        "eventType": fields["event_type"],
        "occurredAt": rfc3339(fields["occurred_at"]),
        "customerId": _name_of(fields.get("customer_ref")),
    }
    return {**_present(event), **({"data": data} if data is not None else {})}


def _name_of(reference: str | None) -> str | None:
    """What a reference to a customer names, whichever kind of key it is."""
    return reference.partition(":")[2] if reference else None


def _present(members: Json) -> Json:
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}
