"""What is wrong with a file of wordings: collected while it is read, and raised together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longwave.domain.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class WordingFault:
    """One thing that is wrong, where it is, and the way out.

    ``file`` is the file's or the sheet's name. ``row`` counts as a spreadsheet does: from 1,
    with the header; 0 stands for the file as a whole. ``column`` is its header, or empty.
    """

    file: str
    row: int
    column: str
    message: str
    remedy: str

    def __str__(self) -> str:
        """Return the fault as one line of text."""
        row = f"row {self.row}" if self.row else ""
        where = ", ".join(part for part in (self.file, row, self.column) if part)
        return f"{where}: {self.message} {self.remedy}"


class WordingFaults(InvalidInputError):  # noqa: N818 - the plural is the point
    """The wording cannot be taken; ``faults`` holds everything that is wrong."""

    def __init__(self, faults: Sequence[WordingFault]) -> None:
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__(
            f"The wording has {count}, and nothing was written:\n"
            + "\n".join(str(fault) for fault in self.faults),
            "Correct the file and import it again.",
        )


class FaultsOfFile:
    """Gathers the faults of one file, or of one sheet."""

    def __init__(self, file: str, found: list[WordingFault]) -> None:
        self.file = file
        self.found = found

    def add(self, row: int, column: str, message: str, remedy: str) -> None:
        """Note a fault."""
        self.found.append(WordingFault(self.file, row, column, message, remedy))

    def raise_if_any(self) -> None:
        """Raise `WordingFaults` unless nothing was noted."""
        if self.found:
            raise WordingFaults(self.found)
