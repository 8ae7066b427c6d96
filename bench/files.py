"""Where a report is written: data, page and plots."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.page import page
from bench.services import ENVIRONMENT

_PLOTS = Path(__file__).with_name("plots.py")


def write_report(report: Mapping[str, Any], folder: Path) -> None:
    """Write `report.json`, `README.md` and the plots to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "report.json"
    data.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    (folder / "README.md").write_text(page(report))
    command = [ENVIRONMENT / "bin" / "python", _PLOTS, data, folder]
    subprocess.run(command, check=True)  # noqa: S603 - our own program
