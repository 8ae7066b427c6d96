"""The types by which msgspec reads what a contract's schema takes.

They take less than the schema does, and nothing else but what only the text of a body shows, to which
`contracts.glance` sees. A schema that asks for more than types can say has none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

import msgspec
from pydantic_core import CoreSchema

MOMENT = Annotated[datetime, msgspec.Meta(tz=True)]
DAY = date

_KEY = "glance"
_Schema = dict[str, Any]
_BESIDE_THE_POINT = frozenset({"type", "ref", "metadata", "serialization", "strict", "fail_fast", "mode"})
"""What any schema may have without taking less by it than its type does."""
_OF_A_MODEL = frozenset({"fields", "cls", "cls_name", "config", "computed_fields", "extra_behavior", "total"})
_CONFIG = frozenset({"cache_strings", "extra_fields_behavior", "strict", "title"})
_TEXT_LENGTHS, _LIST_LENGTH = ("min_length", "max_length"), ("max_length",)
_ENDS = ("ge", "le")


class UntypedError(Exception):
    """The schema asks for more than types can say."""


@dataclass(frozen=True, slots=True)
class Glanced:
    """A type, and what it tells of the text of its values."""

    type: Any
    containers: int = 0
    """Objects and arrays in every value, at least, itself among them."""


def read_as(type_: Any) -> dict[str, Any]:
    """The metadata of a schema whose values `type_` takes, too."""
    return {_KEY: type_}


def glanced(schema: CoreSchema) -> Glanced:
    """What to read a body by that `schema` judges. Raises UntypedError."""
    return _Translation().of(schema)


class _Translation:
    """Of one schema, with the definitions that its parts refer to."""

    def __init__(self) -> None:
        self._definitions: dict[str, _Schema] = {}
        self._known: dict[str, Glanced] = {}
        self._kinds: dict[str, Callable[[_Schema], Glanced]] = {
            "any": self._any,
            "bool": self._bool,
            "custom-error": self._custom_error,
            "definition-ref": self._reference,
            "definitions": self._with_definitions,
            "float": self._float,
            "list": self._list,
            "literal": self._literal,
            "nullable": self._nullable,
            "str": self._str,
            "typed-dict": self._typed_dict,
            "union": self._union,
        }

    def of(self, schema: Any) -> Glanced:
        named = (schema.get("metadata") or {}).get(_KEY)
        if named is not None:
            return Glanced(named)
        translate = self._kinds.get(schema["type"])
        if translate is None:
            raise UntypedError(schema["type"])
        return translate(schema)

    def _any(self, schema: _Schema) -> Glanced:
        _require_only(schema)
        return Glanced(msgspec.Raw)

    def _bool(self, schema: _Schema) -> Glanced:
        _require_only(schema)
        return Glanced(bool)

    def _float(self, schema: _Schema) -> Glanced:
        _require_only(schema, "allow_inf_nan", *_ENDS)
        return Glanced(_bounded(float, schema, _ENDS))

    def _str(self, schema: _Schema) -> Glanced:
        _require_only(schema, *_TEXT_LENGTHS)
        return Glanced(_bounded(str, schema, _TEXT_LENGTHS))

    def _literal(self, schema: _Schema) -> Glanced:
        _require_only(schema, "expected")
        if not all(isinstance(one, str) for one in schema["expected"]):
            raise UntypedError("a literal that is no text")
        return Glanced(Literal[tuple(schema["expected"])])

    def _nullable(self, schema: _Schema) -> Glanced:
        _require_only(schema, "schema")
        return Glanced(self.of(schema["schema"]).type | None)

    def _union(self, schema: _Schema) -> Glanced:
        _require_only(schema, "choices", "custom_error_type", "custom_error_message")
        return Glanced(reduce(or_, (self.of(choice).type for choice in schema["choices"])))

    def _list(self, schema: _Schema) -> Glanced:
        _require_only(schema, "items_schema", *_LIST_LENGTH)
        elements = list.__class_getitem__(self.of(schema["items_schema"]).type)
        return Glanced(_bounded(elements, schema, _LIST_LENGTH), 1)

    def _typed_dict(self, schema: _Schema) -> Glanced:
        _require_only(schema, *_OF_A_MODEL)
        if schema.get("extra_behavior") != "ignore" or not schema.get("config", {}).keys() <= _CONFIG:
            raise UntypedError("a model that does not ignore what it does not know")
        required, optional, containers = [], [], 1
        for name, field in schema["fields"].items():
            _require_only(field, "schema", "required")
            member = self.of(field["schema"])
            if field["required"]:
                required.append((name, member.type))
                containers += member.containers
            else:
                optional.append((name, member.type | msgspec.UnsetType, msgspec.UNSET))
        fields = [*required, *optional]
        places = {f"f{place}": name for place, (name, *_) in enumerate(fields)}
        model = msgspec.defstruct(
            "Glanced",
            [(place, *rest) for place, (_, *rest) in zip(places, fields, strict=True)],
            rename=places,
            gc=False,  # they hold no cycles, and are gone at once
        )
        return Glanced(model, containers)

    def _custom_error(self, schema: _Schema) -> Glanced:
        return self.of(schema["schema"])

    def _with_definitions(self, schema: _Schema) -> Glanced:
        self._definitions |= {one["ref"]: one for one in schema["definitions"]}
        return self.of(schema["schema"])

    def _reference(self, schema: _Schema) -> Glanced:
        name = schema["schema_ref"]
        if name not in self._known:
            definition = self._definitions.pop(name, None)
            if definition is None:
                raise UntypedError("a model that holds itself")
            self._known[name] = self.of(definition)
        return self._known[name]


def _require_only(schema: _Schema, *names: str) -> None:
    more = schema.keys() - _BESIDE_THE_POINT - set(names)
    if more:
        raise UntypedError(f"{schema['type']} with {', '.join(sorted(more))}")


def _bounded(type_: Any, schema: _Schema, names: tuple[str, ...]) -> Any:
    bounds: dict[str, Any] = {name: schema[name] for name in names if name in schema}
    return Annotated[type_, msgspec.Meta(**bounds)] if bounds else type_
