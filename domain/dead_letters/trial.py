"""Trying dead letters: through the contracts, and then through what applies records, or would."""

from collections import Counter
from collections.abc import Sequence

from domain.dead_letters.entities import KeptLetter, Reading, Trial
from domain.dead_letters.ports import Apply, LetterReader
from domain.errors import TransientError
from domain.receipts import DeadLetter
from domain.records import Applied, Fault, Outcome

_NOT_REPLAYED = {
    "UNDECODABLE_MESSAGE": "the message breaks the message contract, so nobody knows whose it is",
    "IDEMPOTENCY_CONFLICT": "another body was accepted under its idempotency key: it needs a key of its own",
    "WEBHOOK_GAVE_UP": "it is a delivery to an endpoint: the record that it tells of is stored",
}


def refusal_of(letter: DeadLetter) -> str:
    """Why `letter` can never be replayed, in words; empty where it can be."""
    if letter.operation == "webhook":
        return _NOT_REPLAYED["WEBHOOK_GAVE_UP"]
    return _NOT_REPLAYED.get(letter.code, "")


async def trials(letters: Sequence[KeptLetter], reader: LetterReader, apply: Apply) -> list[Trial]:
    """What becomes of each letter, in order. Raises TransientError.

    Where a bug of ours fails them together, each is tried by itself, and what fails alone is dead.
    """
    try:
        return await _together(letters, reader, apply)
    except TransientError:
        raise
    except Exception as error:
        if len(letters) > 1:
            return [trial for one in letters for trial in await trials([one], reader, apply)]
        fault = Fault("INTERNAL_ERROR", f"Portico itself failed on this: {type(error).__name__}")
        return [Trial({Outcome.DEAD: max(1, letters[0].letter.records)}, fault, "write")]


async def _together(letters: Sequence[KeptLetter], reader: LetterReader, apply: Apply) -> list[Trial]:
    readings = [reader.read(kept.letter, kept.payload) for kept in letters]
    results = iter(await apply([record for reading in readings for record in reading.records]))
    return [_trial(reading, [next(results) for _ in reading.records]) for reading in readings]


def _trial(reading: Reading, results: Sequence[Applied]) -> Trial:
    counts = Counter(applied.outcome for applied in results)
    counts[Outcome.DEAD] += len(reading.faults)
    refused = [applied.fault for applied in results if applied.fault is not None]
    fault = next(iter((*reading.faults, *refused)), None)
    return Trial(
        {outcome: counts[outcome] for outcome in Outcome if counts[outcome]},
        fault,
        "" if fault is None else "decode" if reading.faults else "write",
    )
