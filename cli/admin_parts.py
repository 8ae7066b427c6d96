"""What operators are given on the admin port, wired over the store."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from cli.base import Base
from cli.console_pages import console_pages
from cli.login_parts import login_provider, sign_in_of
from cli.operator_parts import desks
from cli.token_keys import issuing_keys, token_keys
from contracts.admin.openapi import openapi
from gateway.auth import Authenticator
from gateway.console.jobs import JobPages
from gateway.console.letters import LetterPages
from gateway.console.repairs import RepairPages
from gateway.console.surface import Console
from gateway.console.visit import PageGroup
from gateway.operators import Operators
from gateway.rest.admin.dead_letters import DeadLettersSurface
from gateway.rest.admin.patches import PatchSurface
from gateway.rest.admin.replay_jobs import ReplayJobsSurface
from gateway.rest.admin.transfers import TransferSurface
from gateway.rest.admin.visits import Visits
from gateway.rest.app import Surface
from gateway.rest.body import BodyBudget

_BODY_BYTES = 32 * 1024 * 1024
"""Of all requests of operators together."""


@asynccontextmanager
async def operator_surfaces(base: Base, *, embedded: bool) -> AsyncIterator[Sequence[Surface]]:
    """The surfaces; operators are known by the tokens that the gateway verifies too."""
    settings = base.settings
    async with token_keys(settings, embedded=embedded) as keys, login_provider(settings) as provider:
        authenticator = Authenticator(
            keys,
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            own=issuing_keys(settings, embedded=embedded),
        )
        operators = Operators(authenticator)
        open_desk = desks(settings, base.store, base.endpoints.subscribed)
        document = openapi(version=version("portico"))
        budget = BodyBudget(_BODY_BYTES)
        visits = Visits(operators, open_desk, budget)
        pages: list[PageGroup] = [LetterPages(), RepairPages(), JobPages(), *console_pages(base)]
        yield [
            DeadLettersSurface(visits, document),
            PatchSurface(visits),
            TransferSurface(visits),
            ReplayJobsSurface(visits),
            Console(sign_in_of(operators, provider), open_desk, budget, pages, provider),
        ]
