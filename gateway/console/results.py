"""What became, or would become, of many letters: a part of them, and how many there are of each kind."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from domain.dead_letters.entities import Selection
from domain.dead_letters.errors import RepairError
from domain.dead_letters.use_case import Done
from domain.records import Outcome
from gateway.console.selections import parts_of, query_of, selection_of
from gateway.console.visit import Visit

MOST_LETTERS = 1_000
"""Letters that one page tries or changes; jobs and commands take any number."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many there are of a kind."""

    words: str
    count: int
    is_bad: bool


@dataclass(frozen=True, slots=True)
class Meant:
    """The letters that a page is about to do something with."""

    selection: Selection
    count: int | None
    """None where they are not counted, as each would have to be looked at."""

    @property
    def query(self) -> str:
        """The query that means them."""
        return query_of(self.selection)

    @property
    def parts(self) -> list[tuple[str, str]]:
        """What they have in common."""
        return parts_of(self.selection)

    @property
    def letter(self) -> str:
        """The id of the letter, where it is one alone; else empty."""
        ids = self.selection.ids
        return ids[0] if len(ids) == 1 else ""


async def meant(visit: Visit) -> Meant:
    """What the query means. Raises RepairError where that is any letter there is."""
    selection = selection_of(visit.request)
    if not selection.is_narrow:
        raise RepairError(
            "narrow the list first: by tenant, operation, code, cause, ingestion, customer, text or day"
        )
    if selection.ids:
        return Meant(selection, len(selection.ids))
    if selection.is_searched:
        return Meant(selection, None)
    return Meant(selection, sum(group.count for group in await visit.desk.letters.groups(selection)))


def left_of(found: Meant, done: int) -> str:
    """How many letters a page did not come to, in words; empty for none."""
    if done < MOST_LETTERS or found.count == done:
        return ""
    return "others" if found.count is None else str(max(0, found.count - done))


async def first_of(doing: AsyncIterator[Done]) -> list[Done]:
    """What is done with the first MOST_LETTERS; the others are not begun."""
    done: list[Done] = []
    async with aclosing(doing) as results:  # type: ignore[type-var]  # a generator, which can be closed
        async for one in results:
            done.append(one)
            if len(done) == MOST_LETTERS:
                break
    return done


def tallies(done: Sequence[Done], words: Mapping[Outcome, str], did: str = "") -> list[Tally]:
    """How many records of `done` there are by outcome, and letters by refusal; what is bad comes last.

    `did` says what was done with letters that were neither tried nor refused.
    """
    counts: Counter[tuple[bool, str]] = Counter()
    for one in done:
        if one.refused:
            counts[True, f"not done: {one.refused}"] += 1
        elif one.trial is None:
            counts[False, did] += 1
        else:
            fault = one.trial.fault
            for outcome, count in one.trial.outcomes.items():
                is_bad = outcome is Outcome.DEAD
                said = f"{words[outcome]}: {fault.code}" if is_bad and fault else words[outcome]
                counts[is_bad, said] += count
    return [Tally(said, count, is_bad) for (is_bad, said), count in sorted(counts.items())]
