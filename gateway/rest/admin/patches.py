"""`/admin/v1/dead-letters:patch`: one change for many letters, tried on samples first."""

from aiohttp import web

from contracts.admin.models import Patch
from contracts.admin.views import DID, sample_view
from contracts.exact_json import read_json, write_json
from contracts.letter_changes import json_patch, named_transform
from domain.dead_letters.changes import Change
from domain.dead_letters.errors import RepairError
from gateway.operators import REPAIR
from gateway.rest.admin.answers import answer
from gateway.rest.admin.requests import only, parsed, require_narrow
from gateway.rest.admin.results import results
from gateway.rest.admin.visits import Visit, Visits
from gateway.rest.errors import ApiError
from gateway.rest.parameters import invalid


class PatchSurface:
    """Changes of many letters."""

    def __init__(self, visits: Visits) -> None:
        """`visits` lets operators in."""
        self._visits = visits

    def routes(self) -> list[web.RouteDef]:
        """Every route."""
        return [web.post("/admin/v1/dead-letters:patch", self._visits.by(REPAIR, _patch))]


async def _patch(visit: Visit) -> web.StreamResponse:
    only(visit.request, ())
    body = await visit.body()
    asked = parsed(Patch, body)
    selection = asked.selection.selection()
    require_narrow(selection)
    change = _change(asked, body)
    if not asked.preview:
        return await results(visit, selection, visit.desk.patching.patch(selection, change), DID)
    samples = await visit.desk.patching.preview(selection, change, asked.samples, reveal=asked.reveal)
    return answer({"samples": [sample_view(sample, reveal=asked.reveal) for sample in samples]})


def _change(asked: Patch, body: bytes) -> Change:
    if (asked.patch is None) == (asked.transform is None):
        raise invalid("patch", "or transform must be given, and not both")
    if asked.patch is not None and asked.arguments:
        raise invalid("arguments", "are for a transform")
    try:
        if asked.transform is not None:
            return named_transform(asked.transform, asked.arguments)
        # Read once more: in the model, numbers have lost the digits that a float has no room for.
        return json_patch(write_json(read_json(body)["patch"]))
    except (RepairError, ValueError) as error:
        fault = {"pointer": "", "code": "INVALID_CHANGE", "message": str(error)}
        raise ApiError(400, "INVALID_PAYLOAD", str(error), details={"fields": [fault]}) from error
