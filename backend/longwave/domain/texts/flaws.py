"""What is wrong with a text of a message."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with a text: on which line of its file, and the way out."""

    line: int
    message: str
    remedy: str
