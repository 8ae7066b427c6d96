"""Rules of Open Delivery v2 that go over several members, and what JSON Schema says of each."""

from dataclasses import dataclass
from typing import Any, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

Json = dict[str, Any]
_OPEN: Json = {"additionalProperties": True}


class OneFault:
    """A union whose faults are told as one, of type `error`, at the union's own place."""

    def __init__(self, error: str) -> None:
        self._error = error

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.custom_error_schema(
            handler(source), custom_error_type=self._error, custom_error_message="invalid"
        )


@dataclass(frozen=True, slots=True)
class Elements:
    """A collection: read up to its first fault, and with at most one primary element (contracts B.4)."""

    ranked: bool = False
    """Whether an element may be the primary one."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        elements = core_schema.list_schema(handler.generate_schema(get_args(source)[0]), fail_fast=True)
        if not self.ranked:
            return elements
        return core_schema.no_info_after_validator_function(_one_primary, elements)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        return handler(schema) | (_ONE_PRIMARY if self.ranked else {})


def _one_primary(elements: list[Json]) -> list[Json]:
    if len(elements) > 1 and sum(1 for one in elements if one.get("isPrimary")) > 1:
        raise PydanticCustomError("several_primary", "several are primary")
    return elements


_ONE_PRIMARY: Json = {
    "contains": {"type": "object", "properties": {"isPrimary": {"const": True}}, "required": ["isPrimary"]},
    "minContains": 0,
    "maxContains": 1,
}


def has_number(phone: Json) -> Json:
    """A phone has its number under one of two names (contracts B.4)."""
    if not (phone.get("phone") or phone.get("number")):
        raise PydanticCustomError("missing", "required", {"at": "phone"})
    return phone


A_NUMBER_IN_SCHEMA: Json = {
    **_OPEN,
    "anyOf": [
        {"required": [name], "properties": {name: {"type": "string", "minLength": 1}}}
        for name in ("phone", "number")
    ],
}

_WHO = ("id", "name", "contact", "externalIds")


def says_who(lead: Json) -> Json:
    """A lead has something to know it by (contracts B.5)."""
    if not any(lead.get(name) for name in _WHO):
        raise PydanticCustomError("nobody", "nobody")
    return lead


SOMEBODY_IN_SCHEMA: Json = {
    **_OPEN,
    "anyOf": [
        {"required": ["id"], "properties": {"id": {"type": "string"}}},
        {"required": ["name"], "properties": {"name": {"type": "string", "minLength": 1}}},
        {
            "required": ["contact"],
            "properties": {
                "contact": {"anyOf": [{"type": "string", "minLength": 1}, {"type": "object"}]},
            },
        },
        {"required": ["externalIds"], "properties": {"externalIds": {"type": "array", "minItems": 1}}},
    ],
}


def names_who_gets_it(order: Json) -> Json:
    """An order that is delivered has a customer (contracts B.6)."""
    if order["type"] == "DELIVERY" and "customer" not in order:
        raise PydanticCustomError("missing", "required", {"at": "customer"})
    return order


_RANGES: dict[str, tuple[str, int, int, bool]] = {
    "STAR": ("must be from 0 to 5", 0, 5, False),
    "NPS": ("must be a whole number from 0 to 10", 0, 10, True),
    "THUMBS_UP_DOWN": ("must be 0 or 1", 0, 1, True),
}
"""Of each rating style with a scale: its rule, its ends, and whether only whole numbers are on it."""


def in_range(rating: Json) -> Json:
    """A rating is on the scale of its style (contracts B.7)."""
    words, least, most, whole = _RANGES.get(rating["ratingStyle"], ("", 0, 0, False))
    value: float = rating["value"]
    if words and not (least <= value <= most and (not whole or value == int(value))):
        raise PydanticCustomError("off_the_scale", "off the scale", {"at": "value", "words": words})
    return rating


IN_RANGE_IN_SCHEMA: Json = {
    **_OPEN,
    "allOf": [
        {
            "if": {"properties": {"ratingStyle": {"const": style}}, "required": ["ratingStyle"]},
            "then": {
                "properties": {
                    "value": {"type": "integer" if whole else "number", "minimum": least, "maximum": most}
                }
            },
        }
        for style, (_, least, most, whole) in _RANGES.items()
    ],
}
