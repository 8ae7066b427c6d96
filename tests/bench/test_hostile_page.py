"""The report on hostile clients, whose results of one stack leave those of the other alone."""

from pathlib import Path
from typing import Any

import orjson

from bench.hostile.page import page

_REPORT = Path(__file__).parents[2] / "docs" / "benchmarks"


def _result(about: str, ratio: float) -> dict[str, Any]:
    found = [{"flood of": "requests", "ratio": ratio}, {"flood of": "bytes", "ratio": ratio + 1}]
    return {"about": about, "settings": {}, "failures in the log": 0, "found": found}


def test_both_stacks_of_an_attack_stand_beside_each_other() -> None:
    """Under one heading, each with what it was measured on; an attack of one stack says which."""
    results = {
        "production": {"flood": _result("four processes", 2.5), "resets": _result("them, too", 9.0)},
        "embedded": {"flood": _result("one process", 1.5)},
    }
    written = page(results)
    [resets, flood] = written.split("\n## ")[1:]
    assert flood.startswith("Flood\n")
    embedded, production = flood.split("**Production**, measured on four processes.")
    assert "**Embedded**, measured on one process." in embedded
    assert "| ratio | 1.5 | 2.5 |" in embedded
    assert "| ratio | 2.5 | 3.5 |" in production
    assert resets.startswith("Resets\n")
    assert "Embedded" not in resets
    assert "**Production**, measured on them, too." in resets


def test_the_committed_page_is_that_of_the_committed_figures() -> None:
    """So that neither is changed by hand."""
    results = orjson.loads((_REPORT / "hostile.json").read_bytes())
    assert page(results) == (_REPORT / "hostile.md").read_text()
