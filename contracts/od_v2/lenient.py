"""A model without its requirements: every member may be absent or null, and texts may say anything."""

from collections.abc import Collection, Mapping
from types import GenericAlias
from typing import Annotated, Any, Literal, NotRequired, Required, get_args, get_origin, get_type_hints

from pydantic import with_config
from typing_extensions import TypedDict, is_typeddict

from contracts.od_v2.models import wire


def lenient(model: Any, *, required: Mapping[str, Any], keep: Collection[Any]) -> Any:
    """A TypedDict like `model`, of which only `required` is required, with no enumerations besides `keep`."""
    return _Loosened(keep).model(model, required)


class _Loosened:
    def __init__(self, keep: Collection[Any]) -> None:
        self._keep = keep
        self._models: dict[Any, Any] = {}

    def model(self, model: Any, required: Mapping[str, Any]) -> Any:
        if model not in self._models:
            hints = get_type_hints(model, include_extras=True)
            members = {
                name: Required[required[name]] if name in required else self._type(hint) | None
                for name, hint in hints.items()
            }
            make: Any = TypedDict
            loose = make(model.__name__, members, total=False)
            loose.__doc__ = model.__doc__
            self._models[model] = with_config(wire())(loose)
        return self._models[model]

    def _type(self, hint: Any) -> Any:
        if is_typeddict(hint):
            return self.model(hint, {})
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in (Required, NotRequired):
            return self._type(arguments[0])
        if origin is list:
            return GenericAlias(list, (self._type(arguments[0]),))
        if origin is Literal and hint not in self._keep:
            return str
        if origin is Annotated and arguments[0] is str:
            return str
        return hint
