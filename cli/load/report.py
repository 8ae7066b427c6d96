"""What a load found, for people and for programs."""

from dataclasses import dataclass
from typing import Any

from cli.load.book import Book
from cli.load.check import Findings

_SAMPLES = 5
"""Of each kind of wrong, in words."""


@dataclass(frozen=True, slots=True)
class Report:
    """One load, over and checked."""

    run: str
    seed: int
    seconds: float
    """For which it sent."""
    book: Book
    findings: Findings

    @property
    def good(self) -> bool:
        """Whether every accepted record is there, once, and every answer was one that a client expects."""
        return self.findings.clean and not self.book.surprises

    def ledger(self) -> dict[str, int]:
        """The load in records, in the words of a test of durability."""
        outcomes, book = self.findings.outcomes, self.book
        return {
            "attempts": book.attempts.total(),
            "acknowledged": book.acknowledged,
            "stored": outcomes["created"] + outcomes["updated"],
            "unchanged": outcomes["unchanged"],
            "stale": outcomes["stale"],
            "dead": outcomes["dead"],
            "given up": book.given_up,
            "recovered": book.recovered,
            "lost": len(self.findings.lost),
            "unexpected": len(self.findings.unexpected),
            "duplicated": len(self.findings.duplicated),
        }

    def as_json(self) -> dict[str, Any]:
        """All of it; times in seconds."""
        return {
            "run": self.run,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
            "drainedSeconds": round(self.findings.drained, 3),
            "recordsPerSecond": round(self._rate(self.book.acknowledged), 1),
            "requestsPerSecond": round(self._rate(len(self.book.accepted)), 1),
            "requests": dict(self.book.requests),
            "latency": {name: round(value, 6) for name, value in self.book.percentiles().items()},
            "ledger": self.ledger(),
            "wrong": self.wrong(),
            "good": self.good,
        }

    def rows(self) -> list[tuple[str, str]]:
        """The figures, name and value."""
        latency = ", ".join(
            f"{name} {value * 1000:.1f} ms" for name, value in self.book.percentiles().items()
        )
        return [
            ("run", f"{self.run}, seed {self.seed}"),
            ("sent for", f"{self.seconds:.1f} s; the last outcome {self.findings.drained:.1f} s later"),
            (
                "accepted",
                f"{self._rate(self.book.acknowledged):,.0f} records/s in "
                f"{self._rate(len(self.book.accepted)):,.0f} requests/s",
            ),
            (
                "answers",
                ", ".join(f"{name}: {count:,}" for name, count in sorted(self.book.requests.items())),
            ),
            ("time to 202", latency or "none was accepted"),
            *((name, f"{count:,}") for name, count in self.ledger().items()),
        ]

    def wrong(self) -> list[str]:
        """Some of what is wrong, in words."""
        findings = self.findings
        kinds = {
            "lost": findings.lost,
            "unexpected": [*findings.unexpected, *self.book.surprises],
            "duplicated": findings.duplicated,
        }
        return [f"{kind}: {one}" for kind, found in kinds.items() for one in found[:_SAMPLES]]

    def _rate(self, count: int) -> float:
        return count / self.seconds if self.seconds else 0.0
