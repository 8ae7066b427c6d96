"""The flags that every command about dead letters shares."""

import getpass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import typer

from cli.flag_sets import taking
from cli.terminal import fail
from domain.clock import to_millis
from domain.dead_letters.entities import Selection, State

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Actor = Annotated[str | None, typer.Option(help="Who does it; the user of this machine if not given.")]
Reveal = Annotated[bool, typer.Option(help="Show personal data; that is audited.")]
MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]
"""How moments are typed; in UTC where nothing else is said."""
LetterId = Annotated[str, typer.Argument(help="The dead letter's id.")]


class _StateFlag(StrEnum):
    """The states, and all of them."""

    OPEN = "open"
    REPLAYING = "replaying"
    RESOLVED = "resolved"
    DISCARDED = "discarded"
    ALL = "all"


def _selection(  # noqa: PLR0913 - each is a flag
    *,
    tenant: Annotated[str | None, typer.Option(help="Of this tenant.")] = None,
    operation: Annotated[str | None, typer.Option(help="Of this operation.")] = None,
    code: Annotated[str | None, typer.Option(help="With this reason code.")] = None,
    fingerprint: Annotated[str | None, typer.Option(help="Of this cause: see `groups`.")] = None,
    ingestion: Annotated[str | None, typer.Option(help="Of this ingestion.")] = None,
    id: Annotated[list[str] | None, typer.Option(help="This one; may be given again.")] = None,
    state: Annotated[list[_StateFlag] | None, typer.Option(help="In this state; open if not given.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(help="First seen then or later, in UTC.", formats=MOMENTS),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(help="First seen by the end of that day, or second, in UTC.", formats=MOMENTS),
    ] = None,
    customer: Annotated[
        str | None, typer.Option(help="That name this customer: an e-mail, phone, document or id of his.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="With this text in the payload, in any case.")] = None,
) -> Selection:
    """The letters that the flags select."""
    if any(one is not None and not one.strip() for one in (customer, text)):
        fail("--customer and --text take a text that is not blank")
    flags = state or [_StateFlag.OPEN]
    states = tuple(State) if _StateFlag.ALL in flags else tuple(State(flag.value) for flag in flags)
    return Selection(
        states=states,
        tenant=tenant,
        operation=operation,
        code=code,
        fingerprint=fingerprint,
        ingestion_id=ingestion,
        ids=tuple(id or ()),
        since=None if since is None else millis_of(since),
        until=None if until is None else _end_of(until),
        customer=customer,
        text=text,
    )


selected = taking("selection", _selection)
"""Gives a command with a parameter `selection` the flags that select."""


def require_narrow(selection: Selection) -> None:
    """Refuse to change every letter there is for want of a flag."""
    if not selection.is_narrow:
        flags = (
            "--tenant, --operation, --code, --fingerprint, --ingestion, --id, --since, --until, --customer"
        )
        fail(f"select what is meant, by {flags} or --text")


def name_of(actor: str | None) -> str:
    """Who the audit names."""
    if actor:
        return actor
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        fail("this machine does not say who you are: give --actor")


def _end_of(moment: datetime) -> int:
    """The last millisecond of a day or second that was typed."""
    span = timedelta(seconds=1) if moment.tzinfo else timedelta(days=1)
    try:
        return millis_of(moment + span) - 1
    except OverflowError:
        fail("--until is too far ahead")


def millis_of(moment: datetime) -> int:
    """A moment that was typed, in milliseconds since the Unix epoch."""
    return to_millis(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
