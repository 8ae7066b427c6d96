"""What the admin port's REST takes and answers. Times are RFC 3339, in UTC."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from contracts.types import Timestamp
from domain.clock import to_millis
from domain.dead_letters.entities import Selection, State

MAX_LETTERS = 1_000
"""Letters that one request tries or changes."""

Text = Annotated[str, Field(min_length=1, max_length=512)]
StateName = Literal["open", "replaying", "resolved", "discarded"]


class _Model(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, regex_engine="python-re"
    )


class Selected(_Model):
    """The dead letters that all of it holds for; open ones where no state is given."""

    states: tuple[StateName, ...] = Field(default=("open",), min_length=1, max_length=4)
    tenant: Text | None = None
    operation: Text | None = None
    code: Text | None = None
    fingerprint: Text | None = None
    ingestion: Text | None = None
    ids: tuple[Text, ...] = Field(default=(), max_length=MAX_LETTERS)
    since: Timestamp | None = Field(default=None, description="First seen then or later.")
    until: Timestamp | None = Field(default=None, description="First seen then or earlier.")

    def selection(self) -> Selection:
        """As the use cases take it."""
        return Selection(
            states=tuple(map(State, self.states)),
            tenant=self.tenant,
            operation=self.operation,
            code=self.code,
            fingerprint=self.fingerprint,
            ingestion_id=self.ingestion,
            ids=self.ids,
            since=_millis(self.since),
            until=_millis(self.until),
        )


class Discard(_Model):
    """Which letters are given up, and why; at least one part besides `states` is needed."""

    selection: Selected
    reason: Annotated[str, Field(min_length=1, max_length=1_000, pattern=r"\S")]


class DryRun(_Model):
    """Which letters are tried."""

    selection: Selected


class Sample(_Model):
    """The oldest letter of a group."""

    id: str
    message: str


class Group(_Model):
    """The dead letters of one tenant and cause; counts are exact."""

    tenant: str
    fingerprint: str
    operation: str
    stage: str
    code: str
    place: str
    count: int
    sample: Sample
    first_seen: AwareDatetime


class Letter(_Model):
    """A dead letter without its payload."""

    id: str
    tenant: str
    operation: str
    ingestion: str
    index: int | None
    stage: str
    code: str
    message: str
    pointer: str
    fingerprint: str
    state: StateName
    revision: int
    attempts: int
    records: int
    accepted_at: AwareDatetime
    first_seen: AwareDatetime
    last_seen: AwareDatetime


class HistoryEntry(_Model):
    """What an operator did."""

    at: AwareDatetime
    actor: str
    action: str
    detail: str


class WholeLetter(Letter):
    """A dead letter with all that is known of it; texts and numbers of its payload may be masked."""

    headers: dict[str, str]
    payload: Any
    original: Any
    history: tuple[HistoryEntry, ...]


class Fault(_Model):
    """What is wrong, and where."""

    code: str
    message: str
    pointer: str


class Result(_Model):
    """What became, or would become, of a letter."""

    id: str
    state: StateName
    refused: str = Field(description="Why nothing was done; empty where it was.")
    outcomes: dict[str, int] = Field(default={}, description="How many records have which outcome.")
    fault: Fault | None = None


class Groups(_Model):
    """All groups, the largest first."""

    groups: tuple[Group, ...]


class Letters(_Model):
    """One page, oldest first; `Link` leads to the next."""

    letters: tuple[Letter, ...]


class Results(_Model):
    """One result a letter."""

    results: tuple[Result, ...]
    truncated: bool = Field(description=f"Whether more than {MAX_LETTERS} letters were selected.")


class WrongPart(_Model):
    """A part of the request that is wrong."""

    parameter: str | None = None
    pointer: str | None = None
    code: str
    message: str


class Problem(_Model):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    fields: tuple[WrongPart, ...] | None = None
    required_scope: str | None = None
    letter: WholeLetter | None = Field(default=None, description="The other's version, masked.")
    max_bytes: int | None = None
    error_id: str | None = None


def _millis(moment: datetime | None) -> int | None:
    return None if moment is None else to_millis(moment)
