"""What the paths of the admin port's document share: parameters, and answers good and bad."""

from collections.abc import Sequence
from typing import Any

from contracts.admin.models import NDJSON
from contracts.openapi_parts import headers, json_content, reference

Json = dict[str, Any]

READ, REPAIR, REPLAY = "operator.read", "operator.repair", "operator.replay"
TEXT: Json = {"type": "string", "minLength": 1, "maxLength": 512, "pattern": r"\S"}
TIME: Json = {"type": "string", "format": "date-time"}

ERRORS = {
    "400": "Something in the request is wrong; `fields` names it.",
    "401": "Missing or invalid credentials.",
    "403": "The token lacks the role that `requiredScope` names.",
    "404": "There is no such dead letter or replay job, or it is another tenant's.",
    "405": "The path does not have this method.",
    "409": "The letter, or the `job`, is not in a state in which this can be done.",
    "412": "Somebody else was faster; `letter` is his version, masked.",
    "413": "The body is over 8 MiB; of an import, over 16 MiB.",
    "415": "The body is not JSON in UTF-8.",
    "422": "The contract does not take the payload; `fields` has its faults.",
    "428": "`If-Match` is missing.",
    "500": "Unexpected failure.",
    "503": "The store is away; try again.",
}
GET = ("400", "401", "403", "405", "500", "503")
POST = (*GET, "413", "415")
_OWN_HEADERS = {
    "401": ("WWW-Authenticate",),
    "403": ("WWW-Authenticate",),
    "405": ("Allow",),
    "503": ("Retry-After",),
}
_LINES: Json = {
    "type": "string",
    "description": "For `Accept: application/x-ndjson`: one `Result` a line as soon as there is one, of "
    "however many letters. Where it cannot go on, a last line has a member `problem`.",
}


def parameter(place: str, name: str, description: str, schema: Json) -> Json:
    """A parameter; one of the path is required."""
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": schema,
    }


def paging(what: str) -> list[Json]:
    """The parameters of a list of `what`."""
    size = {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    return [
        parameter("query", "cursor", "Where the list goes on, from `Link`.", TEXT),
        parameter("query", "after", "Id of the last one of the page before; instead of `cursor`.", TEXT),
        parameter("query", "pageSize", f"{what} a page.", size),
    ]


def body(model: str) -> Json:
    """A body that must be there."""
    return {"required": True, "content": json_content(reference(model))}


def responses(model: str, codes: Sequence[str], *names: str, status: str = "200") -> Json:
    """The answers: `model` with the headers called `names`, or one of the errors of `codes`."""
    return {
        status: {
            "description": "Done." if status == "200" else "Taken; `Location` tells how it goes.",
            "headers": headers(*names, "X-Request-Id"),
            "content": json_content(reference(model)),
        },
        **{code: {"$ref": f"#/components/responses/{code}"} for code in sorted(codes)},
    }


def with_lines(answers: Json) -> Json:
    """`answers` that are told line by line, too."""
    good = answers["200"]
    return {**answers, "200": {**good, "content": {**good["content"], NDJSON: {"schema": _LINES}}}}


def error(code: str) -> Json:
    """The answer with the status `code`."""
    return {
        "description": ERRORS[code],
        "headers": headers(*_OWN_HEADERS.get(code, ()), "X-Request-Id"),
        "content": {"application/problem+json": {"schema": reference("Problem")}},
    }
