"""`portico webhooks`: where a tenant's facts are told."""

import secrets
from typing import Annotated, TypeVar
from uuid import uuid4

import typer

from cli.beside import with_store
from cli.settings import Settings
from cli.terminal import DataDir, fail, settings_of
from cli.webhook_parts import make_sender
from domain.clock import from_millis, system_clock
from domain.deliveries import Delivery
from domain.endpoints import Endpoint
from domain.facts import Fact, Webhook, position
from domain.webhooks import fact_id
from gateway.claims import principal_of
from gateway.errors import AuthenticationError
from ingestor.webhooks.envelope import envelope
from ingestor.webhooks.guard import ForbiddenTargetError, check_url
from ingestor.webhooks.send import Attempt
from storage.store import Store

app = typer.Typer(help="Endpoints that a tenant's facts are delivered to.", no_args_is_help=True)

_PING = "portico.ping"
_LEAST_SECRET = 16
_COUNTED = 1_000

_T = TypeVar("_T")
_EndpointId = Annotated[str, typer.Argument(help="The endpoint's id.")]
_Tenant = Annotated[str, typer.Option(help="The tenant that the endpoint is of.")]


@app.command()
def add(
    tenant: Annotated[str, typer.Option(help="The tenant whose facts are told.")],
    url: Annotated[str, typer.Option(help="Where deliveries are posted to: an https URL.")],
    event: Annotated[
        list[str] | None,
        typer.Option(help="Facts it gets, such as `order.*` or loyaltyEvent; repeatable; all if not given."),
    ] = None,
    merchant: Annotated[str | None, typer.Option(help="X-App-MerchantId; the tenant if not given.")] = None,
    secret: Annotated[
        str | None,
        typer.Option(
            envvar="PORTICO_WEBHOOK_SECRET", help="What deliveries are signed with; made if not given."
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Add an endpoint. Its secret is printed this once."""
    settings = settings_of(data_dir=data_dir)
    _check(settings, tenant, url, secret)
    _check_header("the merchant", merchant or tenant)
    endpoint = Endpoint(
        id=str(uuid4()),
        tenant=tenant,
        url=url,
        secret=secret or secrets.token_urlsafe(32),
        events=tuple(event or ()),
        merchant_id=merchant or tenant,
        created_at=system_clock(),
    )
    with_store(settings, lambda store: store.endpoints.put(endpoint))
    typer.echo(f"endpoint: {endpoint.id}\nsecret: {endpoint.secret}")
    typer.echo("Keep the secret now: it is not shown again. The first facts come in a few seconds.", err=True)


@app.command("list")
def list_endpoints(
    tenant: Annotated[str | None, typer.Option(help="The tenant; all of them if not given.")] = None,
    data_dir: DataDir = None,
) -> None:
    """List endpoints with what waits for them, without their secrets."""

    async def read(store: Store) -> list[tuple[Endpoint, int]]:
        found = await store.endpoints.all(tenant)
        return [(one, await store.deliveries.count(one.id, _COUNTED)) for one in found]

    for endpoint, waiting in with_store(settings_of(data_dir=data_dir), read):
        typer.echo("\t".join(_columns(endpoint, waiting)))


@app.command("test")
def send_ping(endpoint_id: _EndpointId, tenant: _Tenant, data_dir: DataDir = None) -> None:
    """Send a signed ping to an endpoint, once, and say how it ended. Exits 1 where it was not taken."""
    settings = settings_of(data_dir=data_dir)

    async def ping(store: Store) -> Attempt | None:
        endpoint = await store.endpoints.get(tenant, endpoint_id)
        if endpoint is None:
            return None
        async with make_sender(settings) as sender:
            return await sender.send(endpoint, _ping(endpoint))

    attempt = with_store(settings, ping)
    if attempt is None:
        fail(f"the tenant has no endpoint {endpoint_id}")
    typer.echo(f"{'delivered' if attempt.delivered else 'failed'}: {attempt.reason}")
    if not attempt.delivered:
        raise typer.Exit(1)


@app.command()
def remove(endpoint_id: _EndpointId, tenant: _Tenant, data_dir: DataDir = None) -> None:
    """Remove an endpoint, and what still waits for it."""

    async def forget(store: Store) -> Endpoint | None:
        endpoint = await store.endpoints.get(tenant, endpoint_id)
        if endpoint is not None:
            await store.endpoints.remove(endpoint)
            await store.deliveries.remove_all(endpoint.id)
        return endpoint

    if with_store(settings_of(data_dir=data_dir), forget) is None:
        fail(f"the tenant has no endpoint {endpoint_id}")
    typer.echo(f"removed {endpoint_id}")


def _check(settings: Settings, tenant: str, url: str, secret: str | None) -> None:
    try:
        principal_of({"sub": "portico-cli", "org": tenant})
    except AuthenticationError:
        fail("a tenant is 1 to 64 letters, digits, dots, dashes and underscores")
    try:
        check_url(url, allow_private=settings.webhooks_allow_private)
    except ForbiddenTargetError as error:
        fail(f"no webhook can go to this URL: {error}")
    if secret is not None and len(secret) < _LEAST_SECRET:
        fail(f"a secret needs at least {_LEAST_SECRET} characters")


def _check_header(what: str, value: str) -> None:
    if not (value.isascii() and value.isprintable()):
        fail(f"{what} is sent as a header: printable ASCII")


def _ping(endpoint: Endpoint) -> Delivery:
    now = system_clock()
    fact = Fact(
        id=fact_id(endpoint.id, str(now)),
        webhook=Webhook.CUSTOMER,
        type=_PING,
        tenant=endpoint.tenant,
        occurred_at=now,
        made_at=now,
        position=position(now, 0, 0),
        record_id="",
        customer_id=None,
        customer_ref=None,
        payload="{}",
        names={},
    )
    body = envelope(fact, None)
    return Delivery(
        fact.id, endpoint.id, endpoint.tenant, fact.id, _PING, "", fact.position, now, kept_at=now, body=body
    )


def _columns(endpoint: Endpoint, waiting: int) -> list[str]:
    return [
        endpoint.id,
        endpoint.tenant,
        endpoint.url,
        " ".join(endpoint.events) or "*",
        from_millis(endpoint.created_at).isoformat(timespec="seconds"),
        f"{waiting}{'+' if waiting == _COUNTED else ''} waiting",
    ]
