"""The pages that try, change and give up letters: one, those that were ticked, or all of a list."""

import asyncio
from urllib.parse import quote

from aiohttp import web

from contracts.admin.views import DID, WOULD
from contracts.letter_changes import PayloadChange, json_patch, named_transform
from contracts.letter_transforms import TRANSFORMS
from domain.dead_letters.errors import RepairError
from domain.dead_letters.patching import Sample
from gateway.console.payloads import Line, difference
from gateway.console.render import led_to
from gateway.console.results import Meant, first_of, left_of, meant, tallies
from gateway.console.visit import Admit, Visit, status_of
from gateway.operators import READ, REPAIR

_ARGUMENTS = ("pointer", "to", "value", "zone")
_SAMPLES = 5
_SHOWN = 200
"""Letters that a page of results names."""


class RepairPages:
    """What an operator does with letters, besides editing one and replaying."""

    def routes(self, admit: Admit) -> list[web.RouteDef]:
        """The pages (PageGroup)."""
        return [
            web.get("/console/dry-run", admit(READ, self.dry_run)),
            web.get("/console/patch", admit(REPAIR, self.ask_patch)),
            web.post("/console/patch", admit(REPAIR, self.patch)),
            web.get("/console/discard", admit(REPAIR, self.ask_discard)),
            web.post("/console/discard", admit(REPAIR, self.discard)),
        ]

    async def dry_run(self, visit: Visit) -> web.Response:
        """What a replay would do now."""
        found = await meant(visit)
        done = await first_of(visit.desk.letters.dry_run(found.selection))
        return visit.page(
            "tried.html",
            meant=found,
            tallies=tallies(done, WOULD),
            tried=len(done),
            done=done[:_SHOWN],
            more=left_of(found, len(done)),
        )

    async def ask_discard(self, visit: Visit) -> web.Response:
        """The page that asks for the reason."""
        return visit.page("discard.html", meant=await meant(visit), words="")

    async def discard(self, visit: Visit) -> web.StreamResponse:
        """Give letters up, for a reason."""
        found, reason = await meant(visit), visit.field("reason")
        if not reason:
            return visit.page("discard.html", status=400, meant=found, words="A reason is needed.")
        done = await first_of(visit.desk.letters.discard(found.selection, reason))
        if found.letter:
            return led_to(f"/console/letters/{quote(found.letter, safe='')}")
        return visit.page(
            "done.html",
            title="Discarded",
            meant=found,
            tallies=tallies(done, DID, "discarded"),
            refused=[one for one in done if one.refused][:_SHOWN],
            more=left_of(found, len(done)),
        )

    async def ask_patch(self, visit: Visit) -> web.Response:
        """The page that asks for a change."""
        return _asked(visit, await meant(visit))

    async def patch(self, visit: Visit) -> web.Response:
        """Show what a change would make of samples; or make it, once it was seen."""
        found = await meant(visit)
        try:
            change = _change(visit)
        except RepairError as error:
            return _asked(visit, found, status=status_of(error), words=f"{error}.")
        if visit.field("do") != "apply":
            return _asked(visit, found, samples=await _samples(visit, found, change), change=change.words)
        done = await first_of(visit.desk.patching.patch(found.selection, change))
        return visit.page(
            "done.html",
            title="Patched",
            meant=found,
            tallies=tallies(done, DID, "patched"),
            refused=[one for one in done if one.refused][:_SHOWN],
            more=left_of(found, len(done)),
        )


def _asked(
    visit: Visit,
    found: Meant,
    *,
    status: int = 200,
    words: str = "",
    samples: list[tuple[Sample, list[Line] | None]] | None = None,
    change: str = "",
) -> web.Response:
    return visit.page(
        "patch.html",
        status=status,
        meant=found,
        words=words,
        transforms=TRANSFORMS,
        given={name: visit.field(name) for name in ("patch", "transform", "reveal", *_ARGUMENTS)},
        samples=samples,
        change=change,
    )


async def _samples(
    visit: Visit, found: Meant, change: PayloadChange
) -> list[tuple[Sample, list[Line] | None]]:
    """What the change makes of the oldest letters, and the difference; None where it makes nothing."""
    reveal = visit.field("reveal") == "yes"
    samples = await visit.desk.patching.preview(found.selection, change, _SAMPLES)
    if reveal:
        for sample in samples:
            await visit.desk.letters.reveal(sample.letter.id)
    return await asyncio.to_thread(lambda: [(sample, _made(sample, reveal=reveal)) for sample in samples])


def _made(sample: Sample, *, reveal: bool) -> list[Line] | None:
    after = sample.after
    return None if after is None else difference(sample.letter.payload, after, reveal=reveal)


def _change(visit: Visit) -> PayloadChange:
    """The change that the form describes. Raises RepairError."""
    patch, name = visit.field("patch"), visit.field("transform")
    if bool(patch) == bool(name):
        raise RepairError("Give either a JSON Patch or a transform")
    if patch:
        return json_patch(patch.encode("utf-8", "replace"))
    arguments = {one: visit.field(one) for one in _ARGUMENTS if visit.field(one)}
    missing = [one for one in TRANSFORMS[name].needs if one not in arguments] if name in TRANSFORMS else []
    if missing:
        raise RepairError(f"{name} needs {' and '.join(missing)}")
    return named_transform(name, arguments)
