"""The pages of the console that look at Portico as a whole, wired over its parts."""

from collections.abc import Sequence

from cli.base import Base
from cli.settings_shown import shown_settings
from domain.clock import system_clock
from domain.ledger.read import Ledger
from gateway.console.duplicates import DuplicatePages
from gateway.console.figures import FigureReader
from gateway.console.ingestions import IngestionPages
from gateway.console.overview import OverviewPages
from gateway.console.settings_page import SettingsPage
from gateway.console.visit import PageGroup


def console_pages(base: Base) -> Sequence[PageGroup]:
    """Overview, ingestions, duplicates and settings."""
    store = base.store
    figures = FigureReader(Ledger(store.ledger, system_clock), base.queue.depth, system_clock)
    return [
        OverviewPages(figures),
        IngestionPages(store.receipts, base.ids),
        DuplicatePages(),
        SettingsPage(shown_settings(base.settings)),
    ]
