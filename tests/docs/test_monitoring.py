"""The alert rules and the dashboard: well formed, and each alert with a part of the runbook."""

import re

import pytest

from tests.docs.markdown import ROOT
from tests.support.monitoring import alerts, expressions, panels
from tests.support.promql import Promql, PromqlError

_ROWS = (
    *("Front door", "Queue", "Ingestor", "Outcomes", "Ledger"),
    *("Dead letters", "Webhooks", "gRPC", "MongoDB"),
)


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as they are made of their words."""
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_expression_is_promql_about_portico() -> None:
    """Each is read whole, and is about metrics of ours alone."""
    for who, text in expressions():
        try:
            asked = Promql(text).labels
        except PromqlError as error:
            pytest.fail(f"{who}: {error}")
        assert asked, who
        assert set() == {metric for metric in asked if not metric.startswith("portico_")}, who


PLANNING = {
    "operations",
    "sizing",
    "from-one-machine-to-many",
    "hostile-clients",
    "upgrades",
    "backup-and-restore",
}
"""Chapters that no alert leads to."""


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    """A summary, a description, how bad it is, and a chapter of the runbook; none of it is for nothing."""
    names = [rule["alert"] for rule in alerts()]
    assert len(set(names)) == len(names)
    led_to = set()
    for rule in alerts():
        texts = rule["annotations"]
        assert {"summary", "description", "runbook"} == set(texts), rule["alert"]
        assert rule["labels"]["severity"] in ("critical", "warning")
        page, _, anchor = texts["runbook"].partition("#")
        assert anchor in anchors(page), texts["runbook"]
        led_to.add(anchor)
        used = set(re.findall(r"\$labels\.(\w+)", texts["description"]))
        # What is not grouped by is not there to be told.
        assert used <= set(re.findall(r"\w+", rule["expr"])), rule["alert"]
    assert led_to | PLANNING == anchors("docs/operations.md")


def test_the_dashboard_has_its_rows_and_no_panel_covers_another() -> None:
    """From the front door to the store, with a unit and words for each panel."""
    assert list(_ROWS) == [panel["title"] for panel in panels() if panel["type"] == "row"]
    covered: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & covered, panel["title"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        covered |= cells
        if panel["type"] != "row":
            assert panel["description"], panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "sum(rate(portico_x[5m])",
        "rate(portico_x)",
        "sum by portico_x",
        "portico_x{status=5}",
        "portico_x >",
        "portico_x portico_y",
        "portico_x[5]",
        "sum() by (x)",
        "1 + ;",
    ],
)
def test_what_is_no_promql_is_told_from_what_is(broken: str) -> None:
    """The reader itself: each of these is refused."""
    with pytest.raises(PromqlError):
        Promql(broken)
