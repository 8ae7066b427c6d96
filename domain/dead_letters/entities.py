"""A dead letter and what operators did with it. All times in milliseconds since the Unix epoch."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from domain.dead_letters.places import without_values
from domain.reading import Cursor
from domain.receipts import DeadLetter
from domain.records import Fault, Outcome, Record


class State(StrEnum):
    """Where a dead letter stands."""

    OPEN = "open"
    """Nobody has dealt with it."""
    REPLAYING = "replaying"
    """A replay of it began; one that was cut short leaves it so, and may be made again."""
    RESOLVED = "resolved"
    """Its records are stored, or need not be: something newer is."""
    DISCARDED = "discarded"
    """An operator gave it up, and said why."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Something that an operator did with a dead letter."""

    at: int
    actor: str
    action: str
    detail: str
    """The reason, the outcome or the digest that belongs to it; nothing of the payload."""
    job: str = ""
    """The replay job that did it for him; empty where he did it himself."""


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A dead letter as it is kept."""

    letter: DeadLetter
    """With its original bytes, and the reason why it failed last."""
    fingerprint: str
    """Shared by all letters of one cause."""
    state: State = State.OPEN
    revision: int = 1
    """Plus 1 with every change by an operator; a change names the revision that it was made on."""
    history: tuple[HistoryEntry, ...] = ()
    """Oldest first."""
    edited: bytes | None = None
    """What an operator put in place of the original bytes, which stay."""
    stored_in_part: bool = False
    """Whether a replay stored some of its records while others failed."""
    job: str = ""
    """The replay job that had it in hand last."""

    @property
    def id(self) -> str:
        """The letter's id."""
        return self.letter.id

    @property
    def payload(self) -> bytes:
        """What a replay tries: the newest edit, else the original bytes."""
        return self.letter.body if self.edited is None else self.edited

    @property
    def payloads(self) -> tuple[bytes, ...]:
        """The newest edit, if there is one, and the original bytes."""
        return (self.letter.body,) if self.edited is None else (self.edited, self.letter.body)


@dataclass(frozen=True, slots=True)
class Reference:
    """A dead letter as it stood when it was selected."""

    id: str
    revision: int
    size: int
    """Bytes of its original body and its edit together."""
    first_seen: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a payload is by today's contracts."""

    records: tuple[Record, ...] = ()
    faults: tuple[Fault, ...] = ()
    """The first fault of each malformed record, or that of the payload as a whole."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became, or would become, of the records of a dead letter."""

    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    """How many records have which outcome; none has 0."""
    fault: Fault | None = None
    """Why the first of the dead ones is; set exactly where there are any."""
    stage: str = ""
    """Where that happened: `decode` or `write`."""

    def words(self) -> str:
        """What it says, for the history and the audit; nothing that a sender wrote."""
        counts = ", ".join(f"{outcome} {count}" for outcome, count in self.outcomes.items())
        if self.fault is None:
            return counts
        return f"{counts}: {self.fault.code} at {without_values(self.fault.pointer) or '/'}"


@dataclass(frozen=True, slots=True)
class Group:
    """The dead letters of one tenant and cause."""

    tenant: str
    fingerprint: str
    operation: str
    stage: str
    code: str
    place: str
    """The JSON Pointer of the fault, with `*` for the places in arrays."""
    count: int
    """How many of those that were asked for; exact."""
    sample: KeptLetter
    """The oldest of them."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters are meant: those that all of it holds for."""

    states: tuple[State, ...] = (State.OPEN,)
    tenant: str | None = None
    operation: str | None = None
    code: str | None = None
    fingerprint: str | None = None
    ingestion_id: str | None = None
    ids: tuple[str, ...] = ()
    """These letters alone; empty for any."""
    since: int | None = None
    """First seen at this time or later."""
    until: int | None = None
    """First seen at this time or earlier."""
    customer: str | None = None
    """With this name of a customer in the payload, or in what it was before it was edited: an e-mail
    address, a phone, a document, an external id, a customer id."""
    text: str | None = None
    """With this text there, whatever its case."""

    @property
    def is_narrow(self) -> bool:
        """Whether it says more than states, as what changes letters must."""
        return bool(set(self.words()) - {"states"})

    @property
    def is_searched(self) -> bool:
        """Whether letters are looked at one by one, as no index finds all of it."""
        return self.customer is not None or self.text is not None

    def holds(self, kept: KeptLetter) -> bool:
        """Whether `kept` is meant; save for the customer, whom the store finds."""
        letter = kept.letter
        pairs = (
            (self.tenant, letter.tenant),
            (self.operation, letter.operation),
            (self.code, letter.code),
            (self.fingerprint, kept.fingerprint),
            (self.ingestion_id, letter.ingestion_id),
        )
        return (
            kept.state in self.states
            and all(wanted is None or wanted == found for wanted, found in pairs)
            and (not self.ids or kept.id in self.ids)
            and (self.since is None or letter.first_seen >= self.since)
            and (self.until is None or letter.first_seen <= self.until)
            and (self.text is None or any(_has(payload, self.text) for payload in kept.payloads))
        )

    def frozen(self, now: int) -> "Selection":
        """It without letters that come in after `now`."""
        return replace(self, until=now if self.until is None else min(now, self.until))

    def words(self) -> dict[str, str]:
        """What it says, for the audit; of what may be personal data, a digest."""
        said = {
            "states": " ".join(self.states),
            "tenant": self.tenant,
            "operation": self.operation,
            "code": self.code,
            "fingerprint": self.fingerprint,
            "ingestion": self.ingestion_id,
            "ids": " ".join(self.ids),
            "since": None if self.since is None else str(self.since),
            "until": None if self.until is None else str(self.until),
            "customer": _veiled(self.customer),
            "text": _veiled(self.text),
        }
        return {name: value for name, value in said.items() if value}


def _veiled(text: str | None) -> str | None:
    digest = hashlib.sha256((text or "").encode("utf-8", "backslashreplace")).hexdigest()
    return None if text is None else f"sha256 {digest[:16]}"


def _has(payload: bytes, text: str) -> bool:
    """Whether `text` is in `payload`, whatever its case, and however JSON escapes it."""
    wanted, found = text.casefold(), payload.decode("utf-8", "replace")
    if wanted in found.casefold():
        return True
    if "\\" not in found:
        return False
    try:
        return wanted in json.dumps(json.loads(found), ensure_ascii=False).casefold()
    except (ValueError, RecursionError):
        return False


@dataclass(frozen=True, slots=True)
class Found:
    """Letters of a selection, and where to go on."""

    letters: tuple[KeptLetter, ...]
    next: Cursor | None
    """The place behind the last letter that was looked at, whether it is among them or not; None
    where there are no more."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit, which is only ever appended to."""

    id: str
    at: int
    actor: str
    action: str
    letter_id: str
    """Empty where it is about no letter of its own, such as a replay job as a whole."""
    tenant: str
    selection: dict[str, str]
    """What the operator asked for."""
    before: str
    """SHA-256, hex, of the payload before; empty where the action has none."""
    after: str
    detail: str
    """The reason or the outcome."""
