"""Dead letters as lines of a file: JSON (RFC 8259) in UTF-8, one letter a line, nothing left out."""

import base64
import binascii
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from domain.dead_letters.entities import HistoryEntry, KeptLetter, State
from domain.dead_letters.errors import RepairError
from domain.receipts import DeadLetter

_Format = Literal["portico.dead-letter/1"]
"""What each line says that it is."""

_MOST_BESIDE = 3 * 1024 * 1024
"""Bytes of a line besides its payloads: the store must hold them in one document."""

_Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
_Time = Annotated[int, Field(ge=0, le=253_402_300_799_999)]
"""Milliseconds since the Unix epoch, to the end of the year 9999."""


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, strict=True, populate_by_name=True
    )


class _Bytes(_Part):
    """Bytes: as `text` where they are UTF-8, else in `base64`."""

    text: str | None = None
    base64: str | None = None

    def content(self) -> bytes:
        if self.text is not None and self.base64 is None:
            return self.text.encode()
        if self.base64 is None or self.text is not None:
            raise RepairError("it must have either text or base64")
        try:
            return base64.b64decode(self.base64, validate=True)
        except (binascii.Error, ValueError) as error:
            raise RepairError("its base64 is none") from error


class _Entry(_Part):
    at: _Time
    actor: str
    action: str
    detail: str
    job: str


class _Line(_Part):
    format: _Format
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,200}$")]
    tenant: str
    operation: str
    ingestion_id: str
    index: _Count | None
    stage: str
    code: str
    message: str
    pointer: str
    headers: dict[str, str]
    attempts: _Count
    records: _Count
    accepted_at: _Time
    first_seen: _Time
    last_seen: _Time
    attempted_at: tuple[_Time, ...] = ()
    state: Literal["open", "replaying", "resolved", "discarded"]
    revision: Annotated[int, Field(ge=1, le=2**53 - 1)]
    history: tuple[_Entry, ...]
    stored_in_part: bool
    job: str
    body: _Bytes
    edited: _Bytes | None


def line_of(kept: KeptLetter) -> bytes:
    """The line of a dead letter, without its end."""
    letter = kept.letter
    line = _Line(
        format="portico.dead-letter/1",
        id=letter.id,
        tenant=letter.tenant,
        operation=letter.operation,
        ingestion_id=letter.ingestion_id,
        index=letter.index,
        stage=letter.stage,
        code=letter.code,
        message=letter.message,
        pointer=letter.pointer,
        headers=letter.headers,
        attempts=letter.attempts,
        records=letter.records,
        accepted_at=letter.accepted_at,
        first_seen=letter.first_seen,
        last_seen=letter.last_seen,
        attempted_at=letter.attempted_at,
        state=kept.state.value,
        revision=kept.revision,
        history=tuple(
            _Entry(at=one.at, actor=one.actor, action=one.action, detail=one.detail, job=one.job)
            for one in kept.history
        ),
        stored_in_part=kept.stored_in_part,
        job=kept.job,
        body=_bytes(letter.body),
        edited=None if kept.edited is None else _bytes(kept.edited),
    )
    return line.model_dump_json(by_alias=True).encode()


def letter_of(line: bytes) -> KeptLetter:
    """The dead letter of a line. Raises RepairError, with nothing of what the line holds."""
    try:
        found = _Line.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise RepairError(_words(fault)) from error
    if len(line) - _size(found.body) - _size(found.edited) > _MOST_BESIDE:
        raise RepairError(f"it has more than {_MOST_BESIDE} bytes besides its payloads")
    letter = DeadLetter(
        id=found.id,
        tenant=found.tenant,
        operation=found.operation,
        ingestion_id=found.ingestion_id,
        index=found.index,
        stage=found.stage,
        code=found.code,
        message=found.message,
        pointer=found.pointer,
        body=found.body.content(),
        headers=dict(found.headers),
        attempts=found.attempts,
        records=found.records,
        accepted_at=found.accepted_at,
        first_seen=found.first_seen,
        last_seen=found.last_seen,
        attempted_at=found.attempted_at,
    )
    return KeptLetter(
        letter=letter,
        fingerprint="",
        state=State(found.state),
        revision=found.revision,
        history=tuple(
            HistoryEntry(one.at, one.actor, one.action, one.detail, one.job) for one in found.history
        ),
        edited=None if found.edited is None else found.edited.content(),
        stored_in_part=found.stored_in_part,
        job=found.job,
    )


def _bytes(content: bytes) -> _Bytes:
    try:
        return _Bytes(text=content.decode())
    except UnicodeDecodeError:
        return _Bytes(base64=base64.b64encode(content).decode())


def _size(part: _Bytes | None) -> int:
    """Bytes that a payload takes in a line."""
    return 0 if part is None else len(orjson.dumps(part.text or part.base64))


def _words(fault: Any) -> str:
    place = "".join(f"/{step}" for step in fault["loc"] if isinstance(step, int) or step.isidentifier())
    if fault["type"] == "json_invalid":
        return "it is not JSON in UTF-8"
    return f"{place or '/'} is not what belongs there ({fault['type']})"
