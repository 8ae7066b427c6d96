"""The loyalty use cases, wired where PORTICO_LOYALTY_FILE is set."""

from dataclasses import dataclass

from cli.loyalty_file import read_programs
from cli.settings import Settings
from contracts.od_v2.decode import SOURCE
from domain.clock import system_clock
from domain.facts import Subscribed
from domain.find import FindCustomer
from domain.loyalty.accounts import LoyaltyAccounts
from domain.loyalty.earning import EarnFromOrders
from domain.loyalty.ledger import Ledger
from storage.store import Store


@dataclass(frozen=True, slots=True)
class LoyaltyParts:
    """What moves points and what shows them."""

    ledger: Ledger
    accounts: LoyaltyAccounts
    find: FindCustomer
    earn: EarnFromOrders


def loyalty_parts(settings: Settings, store: Store, subscribed: Subscribed) -> LoyaltyParts | None:
    """The parts over `store`, which keep the facts of `subscribed` tenants; None where loyalty is off.

    Raises SettingError for a file that is wrong.
    """
    if settings.loyalty_file is None:
        return None
    programs = read_programs(settings.loyalty_file)
    ledger = Ledger(store.loyalty, programs, system_clock, subscribed)
    find = FindCustomer(store.reader, settings.phone_region)
    return LoyaltyParts(
        ledger=ledger,
        accounts=LoyaltyAccounts(store.loyalty, ledger, system_clock),
        find=find,
        earn=EarnFromOrders(ledger, programs, find, SOURCE),
    )
