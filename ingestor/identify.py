"""Ingestion ids for messages of other producers, who cannot mint ours."""

import re
from dataclasses import replace

from domain.errors import MessageError
from domain.ingestion_id import IngestionIds
from messaging.envelope import Ingestion, unpack
from messaging.port import Message

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Unpacker:
    """Unpacks messages into ingestions that all have an id of ours."""

    def __init__(self, ids: IngestionIds) -> None:
        self._ids = ids

    def unpack(self, message: Message) -> list[Ingestion]:
        """The ingestions in `message`. Raises MessageError where it breaks the message contract."""
        return [self._identified(one, message) for one in unpack(message)]

    def _identified(self, ingestion: Ingestion, message: Message) -> Ingestion:
        if not _TENANT.fullmatch(ingestion.tenant):
            raise MessageError("the portico-tenant header is not a tenant's name")
        if self._ids.verify(ingestion.tenant, ingestion.id):
            return ingestion
        # The producer's own name for the message keeps its repeats one ingestion; without one,
        # equal bodies are the same ingestion.
        name = ingestion.id or message.id or ingestion.digest
        id = self._ids.derive(ingestion.tenant, "message", ingestion.operation, name)
        return replace(ingestion, id=id, foreign=True)
