"""The report, from the figures."""

from typing import Any

from bench.hostile.attacked import STACKS

_SAID = {
    "half-open": "15,000 connections that send nothing, or half a header, opened at 5,000 a second from 64 "
    "addresses; meanwhile good clients get and post 100 times a second each. Targets: gone in 6 s, p99 of "
    "good clients under 5 ms while they are held. A POST waits for the disk, busy or not.",
    "resets": "100,000 connections, each reset somewhere within a POST of 20 records. Target: no "
    "ingestion, no message and no record of any of them.",
    "bombs": "Bodies of at most 8 MiB that unpack to gigabytes. Targets: refused in under 1 s, no growth.",
    "flood": "A tenant with 64 connections that never waits, limited to 200 requests, 2,000 records and "
    "2 MB a second; another that posts 50 leads a second, in turns with and without the flood. "
    "Target: the other's p99 within 2 times. On a busy machine the "
    "ratio of two p99s differs from run to run, by a factor of three or more; look at the medians, too.",
    "strangers": "A tenant asks for things of another tenant and for things that nobody has, in random "
    "order. Targets: no pair of answers differs, and no test tells the times apart (p above "
    "0.01).",
    "fuzz": "Examples of both contracts, bent by bytes and by members, over HTTP. Target: no 5xx in a "
    "million.",
}


def page(results: dict[str, dict[str, Any]]) -> str:
    """The report in Markdown, of the results of each stack."""
    parts = [
        "# Hostile clients",
        "",
        "Made by `make hostile` (`make fuzz` for the last one alone), each attack against a Portico of its",
        "own with its default settings; attackers and good clients share its machine. It is the first of",
        'these, and the second with `make hostile ARGS="--stack production"`:',
        "",
        *(f"- **{stack.capitalize()}**: {said}." for stack, said in STACKS.items()),
        "",
        "Memory and failures in the log are those of the gateway's process, on the embedded stack the only",
        "one; what was accepted, published and stored is counted in all of Portico's processes.",
    ]
    for name, said in _SAID.items():
        found = {stack: results[stack][name] for stack in STACKS if name in results.get(stack, {})}
        if found:
            parts += ["", f"## {name.capitalize()}", "", said]
            for stack, result in found.items():
                parts += ["", *_part(stack, result)]
    return "\n".join(parts) + "\n"


def _part(stack: str, result: dict[str, Any]) -> list[str]:
    found = result["found"]
    names = list(found[0])
    rows = [
        f"| {names[0]} | " + " | ".join(str(one[names[0]]) for one in found) + " |",
        "|---" * (len(found) + 1) + "|",
        *(f"| {row} | " + " | ".join(_shown(one[row]) for one in found) + " |" for row in names[1:]),
        f"| failures in the log | {result['failures in the log']} |" + " |" * (len(found) - 1),
    ]
    return [f"**{stack.capitalize()}**, measured on {result['about']}.", "", *rows]


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {count}" for key, count in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
