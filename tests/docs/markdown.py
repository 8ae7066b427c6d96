"""The Markdown pages of the repository, and what stands in them."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)")


def pages() -> list[Path]:
    """README, changelog and all of docs/."""
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str, *languages: str) -> list[str]:
    """The fenced blocks in one of `languages`, in order."""
    return [match["code"] for match in _FENCE.finditer(text) if match["language"] in languages]


def links(text: str) -> list[str]:
    """Where the links in `text` lead, without fenced blocks."""
    return [match["target"] for match in _LINK.finditer(_FENCE.sub("", text))]


def chapter(text: str, title: str) -> str:
    """What stands between the heading `## title` and the next one. Raises ValueError without it."""
    _, found, rest = text.partition(f"\n## {title}\n")
    if not found:
        raise ValueError(f"there is no chapter {title}")
    return rest.partition("\n## ")[0]
