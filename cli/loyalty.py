"""`portico loyalty`: points, given and taken by hand."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.beside import with_store
from cli.errors import SettingError
from cli.loyalty_parts import LoyaltyParts, loyalty_parts
from cli.settings import Settings
from cli.terminal import DataDir, fail, settings_of
from domain.clock import from_millis, to_millis
from domain.loyalty.accounts import Span
from domain.loyalty.entries import Account, LedgerEntry
from domain.loyalty.errors import LoyaltyError
from domain.loyalty.ledger import Details, Once
from domain.reading import AmbiguousKeyError
from storage.store import Store

app = typer.Typer(help="Loyalty points, given and taken by hand.", no_args_is_help=True)

_SHOWN = 20

Tenant = Annotated[str, typer.Option(help="The tenant.")]
Customer = Annotated[str, typer.Option(help="The customer, by any id or name that reads take.")]
Points = Annotated[int, typer.Option(help="How many points.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the movement.")]
Key = Annotated[str | None, typer.Option(help="A name for the movement: repeated, it is made once.")]
Transaction = Annotated[str, typer.Option(help="Id of the transaction it is about.")]

_Use = Callable[[LoyaltyParts, Account], Awaitable[LedgerEntry]]


@app.command()
def earn(
    tenant: Tenant,
    customer: Customer,
    points: Points,
    order: Annotated[str | None, typer.Option(help="Id of the order they are for.")] = None,
    reason: Reason = "",
    key: Key = None,
    data_dir: DataDir = None,
) -> None:
    """Give points, which live as long as the programme says."""
    details = _details(reason, key, f"earn {points}", order)
    _move(data_dir, tenant, customer, lambda parts, account: parts.ledger.earn(account, points, details))


@app.command()
def adjust(
    tenant: Tenant,
    customer: Customer,
    points: Annotated[int, typer.Option(help="How many points; negative to take them.")],
    reason: Reason,
    key: Key = None,
    data_dir: DataDir = None,
) -> None:
    """Correct a balance; it never gets negative."""
    details = _details(reason, key, f"adjust {points}")
    _move(data_dir, tenant, customer, lambda parts, account: parts.ledger.adjust(account, points, details))


@app.command()
def restore(
    tenant: Tenant,
    customer: Customer,
    transaction: Transaction,
    reason: Reason,
    points: Annotated[int | None, typer.Option(help="How many; all that are left if not given.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Give points of a redemption or an expiry back; a redemption's coupon is cancelled with the last."""
    details = Details(reason=reason)
    _move(
        data_dir,
        tenant,
        customer,
        lambda parts, account: parts.ledger.restore(account, transaction, points, details),
    )


@app.command()
def reverse(
    tenant: Tenant, customer: Customer, transaction: Transaction, reason: Reason, data_dir: DataDir = None
) -> None:
    """Take earned points back, once."""
    details = Details(reason=reason)
    _move(
        data_dir, tenant, customer, lambda parts, account: parts.ledger.reverse(account, transaction, details)
    )


@app.command()
def expire(
    tenant: Tenant,
    customer: Annotated[str | None, typer.Option(help="The customer; all of them if not given.")] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            help="Date and time in UTC; now if not given.", formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"]
        ),
    ] = None,
    reason: Reason = "",
    data_dir: DataDir = None,
) -> None:
    """Take points that have expired, of one customer or of all. Reads do it too, account by account."""
    moment = None if as_of is None else to_millis(_in_utc(as_of))

    async def use(parts: LoyaltyParts) -> None:
        if customer is not None:
            account = await _account(parts, tenant, customer)
            entry = await parts.ledger.expire(account, moment, reason or None)
            _show([entry] if entry else [])
            return
        async for entry in parts.ledger.expire_all(tenant, moment, reason or None):
            _show([entry])

    _run(settings_of(data_dir=data_dir), use)


@app.command()
def show(tenant: Tenant, customer: Customer, data_dir: DataDir = None) -> None:
    """Show a customer's balance and newest transactions."""

    async def use(parts: LoyaltyParts) -> None:
        account = await _account(parts, tenant, customer)
        balance = await parts.accounts.balance(account)
        tier = balance.tier.code if balance.tier else "no tier"
        typer.echo(f"{account.id}\t{balance.program.id}\t{balance.available} points\t{tier}")
        _show(await parts.accounts.transactions(account, Span(_SHOWN)))

    _run(settings_of(data_dir=data_dir), use)


def _details(reason: str, key: str | None, asked: str, order: str | None = None) -> Details:
    once = Once(f"key:{key}", asked) if key else None
    return Details(order_id=order, reason=reason or None, once=once)


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _move(data_dir: Path | None, tenant: str, customer: str, use: _Use) -> None:
    async def move(parts: LoyaltyParts) -> None:
        _show([await use(parts, await _account(parts, tenant, customer))])

    _run(settings_of(data_dir=data_dir), move)


async def _account(parts: LoyaltyParts, tenant: str, customer: str) -> Account:
    try:
        found = await parts.find(tenant, customer)
    except AmbiguousKeyError:
        fail("several customers are called that: name one by Portico's own id")
    if found is None:
        fail("there is no such customer")
    return Account(tenant, found.id)


def _show(entries: list[LedgerEntry]) -> None:
    for entry in entries:
        time = from_millis(entry.occurred_at).isoformat(timespec="seconds")
        about = entry.order_id or entry.related_id or ""
        columns = [
            entry.id,
            time,
            entry.txn_type.value,
            f"{entry.points:+d}",
            str(entry.balance_after),
            about,
        ]
        typer.echo("\t".join(columns))


def _run(settings: Settings, use: Callable[[LoyaltyParts], Awaitable[None]]) -> None:
    async def with_parts(store: Store) -> None:
        tenants = {endpoint.tenant for endpoint in await store.endpoints.all()}
        parts = loyalty_parts(settings, store, tenants.__contains__)
        if parts is None:
            raise SettingError("PORTICO_LOYALTY_FILE is not set: loyalty is off")
        await use(parts)

    try:
        with_store(settings, with_parts)
    except (LoyaltyError, SettingError) as error:
        fail(str(error))
