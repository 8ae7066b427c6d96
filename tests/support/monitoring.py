"""What docs/monitoring asks Prometheus for."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from tests.docs.markdown import ROOT

MONITORING = ROOT / "docs/monitoring"
SCRAPED = {"instance", "job"}
"""Labels that Prometheus itself adds."""


def alerts() -> list[dict[str, Any]]:
    """Every alert rule."""
    text = (MONITORING / "alerts.yml").read_text()
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """Every panel of the dashboard, rows included."""
    found: list[dict[str, Any]] = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """Who asks, and what."""
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
