"""Judging a body by its contract without building what nobody will look at.

Most bodies are right, and most of what a validator does for them is to make values that are thrown away.
A type may name a cheaper schema that takes only what the type takes, though not all of it: what passes the
quick judge is right, and what does not is judged in full.
"""

from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import CoreConfig, CoreSchema, SchemaValidator

_KEY = "quick"


def quicker(schema: CoreSchema) -> dict[str, Any]:
    """The metadata of a schema that takes whatever `schema` takes, at more cost."""
    return {_KEY: schema}


@cache  # one for each contract
def judge_of(adapter: TypeAdapter[Any]) -> SchemaValidator:
    """What `adapter` validates by, with quicker schemas where there are some; its values differ."""
    # Values differ from record to record: to remember those takes time and saves none.
    return SchemaValidator(_replaced(adapter.core_schema), CoreConfig(cache_strings="keys"))


def _replaced(schema: Any) -> Any:
    if isinstance(schema, dict):
        metadata = schema.get("metadata")
        if isinstance(metadata, dict) and _KEY in metadata:
            return metadata[_KEY]
        return {name: _replaced(value) for name, value in schema.items()}
    if isinstance(schema, list):
        return [_replaced(value) for value in schema]
    return schema
