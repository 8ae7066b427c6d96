"""Dead letters as messages, personal data masked."""

import json
from collections.abc import Mapping

from contracts.masking import payload_of
from domain.dead_letters.entities import Group, KeptLetter, State
from domain.dead_letters.patching import Sample
from domain.dead_letters.use_case import Done
from domain.records import Fault, Outcome
from gateway.grpc.letter_requests import JOBS, LETTERS, STATES
from gateway.grpc.mapping import MAX_RECORD, set_millis
from gateway.grpc.operator_refusals import plain
from gateway.grpc.pb.portico.v1 import dead_letters_pb2 as pb
from gateway.grpc.pb.portico.v1.ingestions_pb2 import OutcomeCounts

STATE_VALUES = {state: value for value, state in STATES.items()}


def letter_message(kept: KeptLetter) -> pb.DeadLetter:
    """A letter without payloads and history."""
    letter = kept.letter
    message = pb.DeadLetter(
        name=f"{LETTERS}/{letter.id}",
        uid=letter.id,
        tenant=letter.tenant,
        operation=letter.operation,
        ingestion=letter.ingestion_id,
        index=letter.index,
        stage=letter.stage,
        code=letter.code,
        message=plain(letter.message),
        pointer=plain(letter.pointer),
        fingerprint=kept.fingerprint,
        state=STATE_VALUES[kept.state],
        revision=kept.revision,
        attempts=letter.attempts,
        records=letter.records,
    )
    set_millis(message.accept_time, letter.accepted_at)
    set_millis(message.first_seen_time, letter.first_seen)
    set_millis(message.last_seen_time, letter.last_seen)
    for at in letter.attempted_at:
        set_millis(message.attempt_times.add(), at)
    return message


def letter_with_history(kept: KeptLetter) -> pb.DeadLetter:
    """A letter with its history, without payloads."""
    message = letter_message(kept)
    for one in kept.history:
        entry = message.history.add(actor=plain(one.actor), action=one.action, detail=plain(one.detail))
        entry.replay_job = f"{JOBS}/{one.job}" if one.job else ""
        set_millis(entry.time, one.at)
    return message


def whole_letter(kept: KeptLetter) -> pb.DeadLetter:
    """A letter with all that is known of it, as far as that fits into one message."""
    message = letter_with_history(kept)
    message.masked_payload_json = masked_json(kept.payload)
    message.masked_original_json = "" if kept.edited is None else masked_json(kept.letter.body)
    if message.ByteSize() > MAX_RECORD:
        message.ClearField("masked_payload_json")
        message.ClearField("masked_original_json")
        message.oversized = True
    return message


def group_message(group: Group) -> pb.DeadLetterGroup:
    """A group."""
    return pb.DeadLetterGroup(
        tenant=group.tenant,
        fingerprint=group.fingerprint,
        operation=group.operation,
        stage=group.stage,
        code=group.code,
        place=plain(group.place),
        count=group.count,
        sample=letter_message(group.sample),
    )


def done_message(done: Done) -> pb.LetterResult:
    """What became, or would become, of a letter."""
    outcomes = done.trial.outcomes if done.trial else None
    fault = done.trial.fault if done.trial else None
    kept = done.letter
    return result_message(kept.id, kept.state, done.refused, outcomes, fault, revision=kept.revision)


def result_message(
    id: str,
    state: State | None,
    refused: str,
    outcomes: Mapping[Outcome, int] | None,
    fault: Fault | None,
    *,
    revision: int = 0,
) -> pb.LetterResult:
    """A result, of whatever was done."""
    message = pb.LetterResult(name=f"{LETTERS}/{id}", refused=plain(refused), revision=revision)
    if state is not None:
        message.state = STATE_VALUES[state]
    if outcomes is not None:
        message.counts.CopyFrom(counts_message(outcomes))
    if fault is not None:
        message.fault.code = fault.code
        message.fault.message = plain(fault.message)
        message.fault.pointer = plain(fault.pointer)
    return message


def counts_message(outcomes: Mapping[Outcome, int]) -> OutcomeCounts:
    """Counts of records by outcome."""
    return OutcomeCounts(**{outcome: outcomes.get(outcome, 0) for outcome in Outcome})


def sample_message(sample: Sample, room: int) -> pb.PatchSample:
    """What a change would make of a letter; without the payloads where they take more than `room` bytes."""
    message = pb.PatchSample(
        result=done_message(Done(sample.letter, sample.refused, sample.trial)),
        masked_before_json=masked_json(sample.letter.payload),
        masked_after_json="" if sample.after is None else masked_json(sample.after),
    )
    if message.ByteSize() > room:
        message.ClearField("masked_before_json")
        message.ClearField("masked_after_json")
        message.oversized = True
    return message


def masked_json(payload: bytes) -> str:
    """A payload as JSON text in ASCII, each text and number in it masked."""
    return json.dumps(payload_of(payload, reveal=False), separators=(",", ":"))
