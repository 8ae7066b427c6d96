"""What the admin port's REST takes and answers. Times are RFC 3339, in UTC."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from contracts.types import Timestamp
from domain.clock import to_millis
from domain.dead_letters.entities import Selection, State

MAX_LETTERS = 1_000
"""Letters that one answer tells of, where it does not tell line by line."""
NDJSON = "application/x-ndjson"
"""One JSON object a line."""

Text = Annotated[str, Field(min_length=1, max_length=512, pattern=r"\S")]
StateName = Literal["open", "replaying", "resolved", "discarded"]


class Model(BaseModel):
    """Camel case, and nothing that is not declared."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, regex_engine="python-re"
    )


class Selected(Model):
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
    customer: Text | None = Field(default=None, description="That name this customer, by any key of his.")
    text: Text | None = Field(default=None, description="With this text in the payload, in any case.")

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
            since=millis_of(self.since),
            until=millis_of(self.until),
            customer=self.customer,
            text=self.text,
        )


class Discard(Model):
    """Which letters are given up, and why; at least one part besides `states` is needed."""

    selection: Selected
    reason: Annotated[str, Field(min_length=1, max_length=1_000, pattern=r"\S")]


class DryRun(Model):
    """Which letters are tried."""

    selection: Selected


class Export(Model):
    """Which letters are taken out."""

    selection: Selected


class Imported(Model):
    """What was brought in."""

    imported: int
    existing: int = Field(description="Letters whose ids were there already; they stay as they are.")


class Patch(Model):
    """Which payloads are changed, and how: by a JSON Patch or by a transform."""

    selection: Selected
    patch: list[dict[str, Any]] | None = Field(default=None, description="A JSON Patch (RFC 6902).")
    transform: Text | None = Field(default=None, description="The name of a transform.")
    arguments: dict[str, str] = Field(default={}, description="Of the transform.")
    preview: bool = Field(default=False, description="Show samples, and change nothing.")
    samples: int = Field(default=5, ge=1, le=100, description="How many, with `preview`.")
    reveal: bool = Field(default=False, description="Show personal data in samples; that is audited.")


class Sample(Model):
    """The oldest letter of a group."""

    id: str
    message: str


class Group(Model):
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


class Letter(Model):
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
    attempted_at: tuple[AwareDatetime, ...]


class HistoryEntry(Model):
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


class Fault(Model):
    """What is wrong, and where."""

    code: str
    message: str
    pointer: str


class Result(Model):
    """What became, or would become, of a letter."""

    id: str
    state: StateName
    revision: int
    refused: str = Field(description="Why nothing was done; empty where it was.")
    outcomes: dict[str, int] = Field(default={}, description="How many records have which outcome.")
    fault: Fault | None = None


class PatchSample(Result):
    """What a change would make of a letter; texts and numbers may be masked."""

    before: Any
    after: Any = Field(description="Null where the change does not fit, or the letter is not editable.")


class Groups(Model):
    """All groups, the largest first."""

    groups: tuple[Group, ...]


class Letters(Model):
    """One page, oldest first; `Link` leads to the next."""

    letters: tuple[Letter, ...]
    next: str | None = Field(description="Where the page ends, for `after`; null where there are no more.")


class Results(Model):
    """One result a letter."""

    results: tuple[Result, ...]
    truncated: bool = Field(description=f"Whether more than {MAX_LETTERS} letters were selected.")


class Samples(Model):
    """The oldest letters of a selection, each as a change would make it."""

    samples: tuple[PatchSample, ...]


def millis_of(moment: datetime | None) -> int | None:
    """Milliseconds since the Unix epoch; None for None."""
    return None if moment is None else to_millis(moment)
