"""Wire types that the contracts share, checked by pydantic's core straight from bytes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, cast

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from contracts.glance_types import DAY, MOMENT, read_as

MAX_ID = 512
"""Characters in an id that a sender chooses."""

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DATE_TIME = f"^{_DATE}[Tt][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:[.][0-9]+)?(?:[Zz]|[+-][0-9]{{2}}:[0-9]{{2}})$"


class _FromText:
    """A string of one pattern, read as `schema` has it; any fault is the one error `error`.

    A string that `glance` takes and `contracts.glance` finds plain has none.
    """

    def __init__(self, pattern: str, schema: CoreSchema, json_format: str, error: str, glance: Any) -> None:
        text = core_schema.str_schema(strict=True, pattern=pattern)
        chain = core_schema.chain_schema([text, schema])
        self._schema = core_schema.custom_error_schema(
            chain,
            custom_error_type=error,
            custom_error_message="invalid",
            metadata=read_as(glance),
        )
        self._format = json_format

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return self._schema

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "format": self._format}


@dataclass(frozen=True, slots=True)
class ReadAs:
    """A type by which `contracts.glance` may read what is annotated with it."""

    type: Any

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        metadata = {**schema.get("metadata", {}), **read_as(self.type)}
        return cast("CoreSchema", {**schema, "metadata": metadata})


Timestamp = Annotated[
    datetime,
    _FromText(
        _DATE_TIME,
        core_schema.datetime_schema(
            strict=False,
            tz_constraint="aware",
            # instants that have a UTC date-time: an offset may push one out of the calendar
            ge=datetime(1, 1, 1, tzinfo=UTC),
            le=datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        ),
        "date-time",
        "invalid_timestamp",
        MOMENT,
    ),
]
"""An RFC 3339 date-time with its zone, in years 1 to 9999 of UTC (ruling R8)."""

Date = Annotated[
    date,
    _FromText(f"^{_DATE}$", core_schema.date_schema(strict=False), "date", "invalid_date", DAY),
]
"""A full date, `YYYY-MM-DD`."""

NonEmpty = Annotated[str, Field(min_length=1)]
"""A string with something in it."""

Id = Annotated[str, Field(min_length=1, max_length=MAX_ID)]
"""An opaque id."""

Number = Annotated[float, Field(allow_inf_nan=False)]
"""A finite JSON number; in strict models a boolean is none."""


class _TextOrTexts:
    """A union whose faults are told as one, at the union's own place."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(strict=True)
        return core_schema.union_schema(
            [text, core_schema.list_schema(text, strict=True, fail_fast=True)],
            custom_error_type="text_or_texts",
            custom_error_message="a string or an array of strings",
            mode="left_to_right",
        )


TextOrTexts = Annotated[str | list[str], _TextOrTexts()]
"""One string or several."""
