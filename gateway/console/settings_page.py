"""The settings that a process runs with, to be read."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from gateway.console.visit import Admit, Visit
from gateway.operators import READ


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting."""

    name: str
    """The environment variable."""
    value: str
    """As it may be shown: nothing of a secret."""
    is_default: bool
    """Whether nobody set it."""
    description: str


class SettingsPage:
    """The settings, for operators of all tenants: they are not any tenant's."""

    def __init__(self, rows: Sequence[SettingRow]) -> None:
        """`rows` in the order that they are shown in."""
        self._rows = rows

    def routes(self, admit: Admit) -> list[web.RouteDef]:
        """The page (PageGroup)."""
        return [web.get("/console/settings", admit(READ, self.show))]

    async def show(self, visit: Visit) -> web.Response:
        """All of them."""
        if visit.operator.tenant is not None:
            return visit.page(
                "refused.html",
                status=403,
                words="Settings are for operators of all tenants, whose token has no org.",
            )
        return visit.page("settings.html", rows=self._rows)
