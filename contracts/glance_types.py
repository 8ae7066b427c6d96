"""The types by which msgspec reads what a contract's schema takes.

They take less than the schema does, and nothing else but what only the text of a body shows, to which
`contracts.glance_text` sees. A schema that asks for more than types can say has none.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial, reduce
from operator import or_
from typing import Annotated, Any, Literal

import msgspec
from pydantic_core import CoreSchema

MOMENT = Annotated[datetime, msgspec.Meta(tz=True)]
DAY = date

Rule = Callable[[Any], object]

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
    """A type, and what there is to say of its values beyond it."""

    type: Any
    containers: int = 0
    """Objects and arrays in every value, at least, itself among them."""
    rule: Rule | None = None
    """Raises ValueError for a value that breaks a rule over several of its members."""
    is_loose: bool = False
    """Whether the rules of JSON may be broken in what it takes: it steps over some, or has numbers."""


def read_as(type_: Any) -> dict[str, Any]:
    """The metadata of a schema whose values `type_` takes, too."""
    return {_KEY: type_}


def glanced(schema: CoreSchema, *, closed: bool = False) -> Glanced:
    """What to read a body by that `schema` judges; if `closed`, one without members that it does not name.

    Raises UntypedError.
    """
    return _Translation(closed).of(schema)


class _Translation:
    """Of one schema, with the definitions that its parts refer to."""

    def __init__(self, closed: bool) -> None:
        self._closed = closed
        self._definitions: dict[str, _Schema] = {}
        self._known: dict[str, Glanced] = {}
        self._kinds: dict[str, Callable[[_Schema], Glanced]] = {
            "any": self._any,
            "bool": self._bool,
            "custom-error": self._custom_error,
            "definition-ref": self._reference,
            "definitions": self._with_definitions,
            "float": self._float,
            "function-after": self._ruled,
            "int": self._int,
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
        return Glanced(msgspec.Raw, is_loose=True)

    def _bool(self, schema: _Schema) -> Glanced:
        _require_only(schema)
        return Glanced(bool)

    def _float(self, schema: _Schema) -> Glanced:
        _require_only(schema, "allow_inf_nan", *_ENDS)
        return Glanced(_bounded(float, schema, _ENDS), is_loose=True)

    def _int(self, schema: _Schema) -> Glanced:
        _require_only(schema)
        return Glanced(int, is_loose=True)

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
        inner = self.of(schema["schema"])
        rule = inner.rule and partial(_unless_null, inner.rule)
        return Glanced(inner.type | None, rule=rule, is_loose=inner.is_loose)

    def _union(self, schema: _Schema) -> Glanced:
        _require_only(schema, "choices", "custom_error_type", "custom_error_message")
        choices = [self.of(choice) for choice in schema["choices"]]
        if any(choice.rule for choice in choices):
            raise UntypedError("a union with rules")
        is_loose = any(choice.is_loose for choice in choices)
        return Glanced(reduce(or_, (choice.type for choice in choices)), is_loose=is_loose)

    def _list(self, schema: _Schema) -> Glanced:
        _require_only(schema, "items_schema", *_LIST_LENGTH)
        element = self.of(schema["items_schema"])
        elements = list.__class_getitem__(element.type)
        rule = element.rule and partial(_each, element.rule)
        return Glanced(_bounded(elements, schema, _LIST_LENGTH), 1, rule, element.is_loose)

    def _typed_dict(self, schema: _Schema) -> Glanced:
        _require_only(schema, *_OF_A_MODEL)
        if schema.get("extra_behavior") != "ignore" or not schema.get("config", {}).keys() <= _CONFIG:
            raise UntypedError("a model that does not ignore what it does not know")
        required, optional, rules = [], [], []
        containers, is_loose = 1, not self._closed
        names = {f"f{place}": name for place, name in enumerate(schema["fields"])}
        for attribute, name in names.items():
            field = schema["fields"][name]
            _require_only(field, "schema", "required")
            member = self.of(field["schema"])
            is_loose = is_loose or member.is_loose
            if field["required"]:
                required.append((attribute, member.type))
                containers += member.containers
            else:
                optional.append((attribute, member.type | msgspec.UnsetType, msgspec.UNSET))
            if member.rule is not None:
                rules.append((attribute, member.rule))
        model = msgspec.defstruct(
            "Glanced",
            [*required, *optional],
            rename=names,
            forbid_unknown_fields=self._closed,
            gc=False,  # they hold no cycles, and are gone at once
        )
        return Glanced(model, containers, partial(_members, rules) if rules else None, is_loose)

    def _ruled(self, schema: _Schema) -> Glanced:
        """Rules are functions of plain values, and look no deeper than a value's members."""
        inner, function = self.of(schema["schema"]), schema["function"]
        if function["type"] != "no-info":
            raise UntypedError("a rule that asks for more than the value")
        return replace(inner, rule=partial(_both, inner.rule, function["function"]))

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


def plain(value: Any) -> Any:
    """What msgspec read, as pydantic has it: of an object its members that are there, by name."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, msgspec.Struct):
        return value
    members = zip(value.__struct_encode_fields__, msgspec.structs.astuple(value), strict=True)
    return {name: member for name, member in members if member is not msgspec.UNSET}


def _unless_null(rule: Rule, value: Any) -> None:
    if value is not None:
        rule(value)


def _each(rule: Rule, values: list[Any]) -> None:
    for value in values:
        rule(value)


def _members(rules: list[tuple[str, Rule]], model: msgspec.Struct) -> None:
    for attribute, rule in rules:
        value = getattr(model, attribute)
        if value is not msgspec.UNSET:
            rule(value)


def _both(inner: Rule | None, function: Rule, value: Any) -> None:
    if inner is not None:
        inner(value)
    function(plain(value))


def _require_only(schema: _Schema, *names: str) -> None:
    more = schema.keys() - _BESIDE_THE_POINT - set(names)
    if more:
        raise UntypedError(f"{schema['type']} with {', '.join(sorted(more))}")


def _bounded(type_: Any, schema: _Schema, names: tuple[str, ...]) -> Any:
    bounds: dict[str, Any] = {name: schema[name] for name in names if name in schema}
    return Annotated[type_, msgspec.Meta(**bounds)] if bounds else type_
