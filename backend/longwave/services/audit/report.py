"""What a verification of the trail found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

_MOST = 1_000


class Finding(NamedTuple):
    """One thing that does not hold: where, and what.

    It tells no value. Neither an answer nor an arm may be learnt from a verification.
    """

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@dataclass(slots=True)
class TrailReport:
    """What a verification found.

    ``unsealed`` events came after the last seal, the earliest of them at ``unsealed_since``: no
    seal proves them yet. ``proved`` and ``unproved`` count the ended assessments whose answers
    gave the digest in the trail, and those of which the trail holds none or whose answers were
    erased. Of very many findings the first thousand are kept.
    """

    blocks: int = 0
    sealed: int = 0
    head: str | None = None
    unsealed: int = 0
    unsealed_since: str | None = None
    participants: int = 0
    proved: int = 0
    unproved: int = 0
    found: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether the record proves itself."""
        return self.found == 0

    def add(self, place: str, what: str) -> None:
        """Note something that does not hold."""
        self.found += 1
        if self.found <= _MOST:
            self.findings.append(Finding(place, what))
