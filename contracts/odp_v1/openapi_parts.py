"""Headers, parameters and security schemes that the operations of the OpenAPI document share."""

from typing import Any

from contracts.types import MAX_ID

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_ID: Json = {"type": "string", "minLength": 1, "maxLength": MAX_ID}
_INGESTION: Json = {"type": "string", "pattern": "^ing_[0-7][0-9A-HJKMNP-TV-Z]{33}$"}
_DATE_TIME: Json = {"type": "string", "format": "date-time"}


def _parameter(place: str, name: str, description: str, schema: Json) -> Json:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": schema,
    }


SCHEMES: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A JWT whose `scope` claim holds the operation's scope, `od.crm` or `od.all`.",
    }
}

PARAMETERS: Json = {
    "id": _parameter("path", "id", "The ingestion id.", _INGESTION),
    "updatedAfter": _parameter("query", "updatedAfter", "Only records updated later than this.", _DATE_TIME),
    "customerId": _parameter("query", "customerId", "Only orders of this customer.", _ID),
    "cursor": _parameter("query", "cursor", "Where the list goes on, from `Link`.", _TEXT),
    "page": _parameter(
        "query",
        "page",
        "Page number, within the first 10,000 rows; beyond them filter, or follow `Link`. "
        "Without `page` and `pageSize` a list holds its first 500 records.",
        {"type": "integer", "minimum": 1, "maximum": 1_000_000_000},
    ),
    "pageSize": _parameter(
        "query",
        "pageSize",
        "Records a page.",
        {"type": "integer", "minimum": 1, "maximum": 500, "default": 50},
    ),
    "Prefer": _parameter(
        "header",
        "Prefer",
        "RFC 7240. `wait=N` answers after the outcome, or after N seconds (at most 30); "
        "`handling=lenient` takes the good records of a batch.",
        _TEXT | {"examples": ["wait=5", "handling=lenient"]},
    ),
    "Idempotency-Key": _parameter(
        "header",
        "Idempotency-Key",
        "A repeat under the same key gives the same answer and is applied once.",
        {"type": "string", "pattern": "^[!-~]{1,255}$"},
    ),
    "Portico-After": _parameter(
        "header",
        "Portico-After",
        "An ingestion id: the read waits until it is applied, 10 seconds or as `Prefer: wait` says.",
        _INGESTION,
    ),
    "X-Request-Id": _parameter("header", "X-Request-Id", "Echoed in the answer.", _TEXT),
}

HEADERS: Json = {
    "Portico-Ingestion": {"description": "The ingestion id.", "schema": _INGESTION},
    "Location": {"description": "Where the receipt is.", "schema": _TEXT},
    "Preference-Applied": {"description": "The preferences that were honoured.", "schema": _TEXT},
    "X-Request-Id": {"description": "The request's id, in our logs too.", "schema": _TEXT},
    "X-Total-Count": {
        "description": "How many records the list has, counted up to 100,000.",
        "schema": {"type": "integer"},
    },
    "Link": {"description": 'The next page, `rel="next"` (RFC 8288).', "schema": _TEXT},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {"description": "The scheme and what was wrong (RFC 6750).", "schema": _TEXT},
    "Allow": {"description": "The methods that the path has.", "schema": _TEXT},
}


def parameters(*names: str) -> list[Json]:
    """References to the parameters called `names`."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def headers(*names: str) -> Json:
    """References to the headers called `names`."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
