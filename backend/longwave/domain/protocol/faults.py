"""Faults of a protocol: collected while it is read, and raised together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from longwave.domain.errors import InvalidInputError


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong with a protocol, where it is, and the way out.

    ``file`` is relative to the study's folder, ``line`` counts from 1, and ``field`` is a path
    such as ``waves[2].window.after`` (empty for the file as a whole).
    """

    file: str
    line: int
    field: str
    message: str
    remedy: str

    def __str__(self) -> str:
        """Return the fault as one line of text."""
        parts = (f"{self.file}:{self.line}", self.field, self.message, self.remedy)
        return "  ".join(part for part in parts if part)


class ProtocolFaults(InvalidInputError):  # noqa: N818 - the plural is the point
    """The protocol cannot be used; ``faults`` holds everything that is wrong, in file order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__(
            f"The protocol has {count}:\n" + "\n".join(str(fault) for fault in self.faults),
            "Correct what is listed, then check the protocol again.",
            {fault.field: fault.message for fault in self.faults},
        )


class FaultList:
    """Gathers faults; knows which fields are known to be wrong, so that none is blamed twice."""

    def __init__(self) -> None:
        self._faults: dict[Fault, None] = {}

    def add(self, fault: Fault) -> None:
        """Note a fault; the same one is noted once."""
        self._faults.setdefault(fault)

    def has_under(self, file: str, field: str) -> bool:
        """Return whether ``field`` of ``file``, or anything inside it, is known to be wrong."""
        inside = (f"{field}.", f"{field}[")
        return any(
            fault.file == file and (fault.field == field or fault.field.startswith(inside))
            for fault in self._faults
        )

    def has_file(self, file: str) -> bool:
        """Return whether anything in ``file`` is known to be wrong."""
        return any(fault.file == file for fault in self._faults)

    def raise_if_any(self) -> None:
        """Raise `ProtocolFaults` unless nothing was noted."""
        if self._faults:
            raise ProtocolFaults(sorted(self._faults, key=_place))


def _place(fault: Fault) -> tuple[bool, str, int]:
    """Return a key that sorts the study's own file before those it refers to."""
    return "/" in fault.file, fault.file, fault.line


def suggest(word: str, known: Sequence[str]) -> str:
    """Return " Did you mean ...?" when ``word`` looks like one of the ``known`` ones, else ""."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


def listed(words: Sequence[str]) -> str:
    """Return words as "a, b or c" for use in a remedy."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} or {words[-1]}"
