"""Which customer, or lead, a record is about (contracts E.3). Pure: what is known is given."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.identity import WEAK_KINDS, IdentityKey, KeyKind
from domain.records import Fields, KeyConflict, Record, Stored, derived_id


@dataclass(frozen=True, slots=True)
class MatchPolicy:
    """The rules of E.3 that a deployment may set."""

    on_contact: bool = True
    """Whether an e-mail address or phone number may identify a customer (E.3 rule 5)."""


@dataclass(slots=True)
class Resolution:
    """The customer of one record, and the keys that belong to somebody else."""

    customer_id: str
    conflicts: list[KeyConflict] = field(default_factory=list)


class Resolver:
    """Resolves the customers of one tenant, record after record, each seeing those before it."""

    def __init__(
        self,
        tenant: str,
        owners: Mapping[str, str],
        known: Iterable[Stored],
        policy: MatchPolicy,
    ) -> None:
        """`owners` maps encoded identity keys to customer ids; `known` are those customers."""
        self.claims: dict[str, str] = {}
        """Keys that nobody had, and the customers they are to have."""
        self._tenant = tenant
        self._owners = dict(owners)
        self._policy = policy
        self._called = {one.id: _called(one.fields) for one in known}
        self._names = {one.id: one.fields.get("display_name", "") for one in known}

    def resolve(self, record: Record) -> Resolution:
        """The customer of `record`: an existing one that its keys identify, else a new one."""
        keys = [(key, key.encode()) for key in record.identities]
        resolution = Resolution(self._match(record, keys) or self._new_id(record))
        for key, encoded in keys:
            self._take(key, encoded, resolution)
        self._remember(record, resolution.customer_id)
        return resolution

    def _match(self, record: Record, keys: Iterable[tuple[IdentityKey, str]]) -> str | None:
        for key, encoded in keys:
            owner = self._owners.get(encoded)
            if owner is not None and self._identifies(key, owner, record):
                return owner
        return None

    def _identifies(self, key: IdentityKey, owner: str, record: Record) -> bool:
        if key.kind in (KeyKind.CUSTOMER, KeyKind.LOGICAL, KeyKind.LEAD_ID):
            return True
        if key.kind is KeyKind.NAME:
            return False
        if self._is_called_otherwise(owner, record):
            return False
        if key.kind not in WEAK_KINDS:
            return True
        return self._policy.on_contact and (key.kind is KeyKind.EMAIL or self._same_name(owner, record))

    def _is_called_otherwise(self, owner: str, record: Record) -> bool:
        """Whether the sender itself calls `owner` something else: then it is somebody else (A.3, B.5)."""
        mine, theirs = _named_by(record), self._called.get(owner, set())
        return bool(mine and theirs and not mine & theirs)

    def _same_name(self, owner: str, record: Record) -> bool:
        """A shared phone is the known false merge: it needs equal or empty names (E.3)."""
        mine = record.fields.get("display_name", "").casefold()
        theirs = self._names.get(owner, "").casefold()
        return not mine or not theirs or mine == theirs

    def _new_id(self, record: Record) -> str:
        return derived_id(record.entity, self._tenant, record.anchor)

    def _take(self, key: IdentityKey, encoded: str, resolution: Resolution) -> None:
        if key.kind is KeyKind.CUSTOMER:
            return
        owner = self._owners.get(encoded)
        if owner is None:
            self._owners[encoded] = self.claims[encoded] = resolution.customer_id
        elif owner != resolution.customer_id:
            resolution.conflicts.append(KeyConflict(key, owner))

    def _remember(self, record: Record, customer_id: str) -> None:
        self._called.setdefault(customer_id, set()).update(_named_by(record))
        self._names[customer_id] = record.fields.get("display_name", "")


def _named_by(record: Record) -> set[str]:
    """What the sender of `record` calls its customer, or lead."""
    return _called(record.fields) | {key.value for key in record.identities if key.kind is KeyKind.LOGICAL}


def _called(fields: Fields) -> set[str]:
    """What senders call a customer, or a lead."""
    lead_id = fields.get("lead_id")
    return {*fields.get("logical_ids", ()), *([lead_id] if lead_id else [])}
