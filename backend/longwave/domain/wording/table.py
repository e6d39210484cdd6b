"""A table from the bytes of a CSV file, whichever program wrote it."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from longwave.domain.wording.faults import FaultsOfFile

_DELIMITERS = (",", ";", "\t")
_UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: its number, from 1 with the header, and its cells by column."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        """Return a cell without spaces around it; "" where the row ends before."""
        return self.cells.get(column, "")


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet with a header; ``columns`` maps names in small letters to those in the file."""

    faults: FaultsOfFile
    columns: dict[str, str]
    rows: tuple[Row, ...]

    def need(self, *names: str) -> None:
        """Raise `WordingFaults` if any of these columns is missing."""
        missing = [name for name in names if name not in self.columns]
        header = ", ".join(self.columns.values()) or "nothing"
        for name in missing:
            self.faults.add(
                1,
                name,
                "The column is missing.",
                f"Add it to the header, which has: {header}.",
            )
        if missing:
            self.faults.raise_if_any()


def read_lines(content: bytes, faults: FaultsOfFile) -> list[list[str]]:
    """Return the cells of every line of a CSV file, blank lines included.

    The delimiter is the one that its first line has most of: comma, semicolon or tabulator.

    Raises
    ------
    WordingFaults
        If the file is none, is not UTF-8, or its quotes do not match.
    """
    text = _decode(content, faults)
    first = next((line for line in text.split("\n") if line.strip()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    lines: list[list[str]] = []
    reader = csv.reader(
        (f"{line}\n" for line in text.split("\n")), delimiter=delimiter, strict=True
    )
    try:
        lines.extend([" ".join(cell.split()) for cell in line] for line in reader)
    except csv.Error as error:
        faults.add(
            len(lines) + 1,
            "",
            f"The row cannot be read as CSV: {error}.",
            'Close every quote, and write a quote inside a text twice: "".',
        )
        faults.raise_if_any()
    return lines


def table(lines: Sequence[Sequence[str]], first: int, faults: FaultsOfFile) -> Table:
    """Return a table of lines whose first that is not blank is the header.

    Parameters
    ----------
    lines
        As `read_lines` returns them.
    first
        The number of the first of them in the file.
    faults
        Where to note what is wrong.
    """
    columns: list[str] = []
    names: dict[str, str] = {}
    rows: list[Row] = []
    for number, line in enumerate(lines, start=first):
        if not any(line):
            continue
        if not columns:
            columns = [cell.casefold() for cell in line]
            names = {cell.casefold(): cell for cell in line if cell}
            for name in {name for name in columns if name and columns.count(name) > 1}:
                faults.add(number, name, "The column is there twice.", "Remove one of the two.")
            continue
        if any(line[len(columns) :]):
            faults.add(
                number,
                "",
                "The row has more cells than the header.",
                "Put texts that hold the delimiter in quotes.",
            )
        rows.append(Row(number, dict(zip(columns, line, strict=False))))
    return Table(faults, names, tuple(rows))


def _decode(content: bytes, faults: FaultsOfFile) -> str:
    if content.startswith((_ZIP, _OLD_EXCEL)):
        faults.add(
            0,
            "",
            "This is a workbook of a spreadsheet program, which is not read.",
            "Save each sheet as CSV (UTF-8), and import that.",
        )
        faults.raise_if_any()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        sixteen = content.startswith(_UTF16)
        faults.add(
            0 if sixteen else content.count(b"\n", 0, error.start) + 1,
            "",
            "This is UTF-16." if sixteen else "This is not UTF-8 text.",
            "Save the file as 'CSV UTF-8'.",
        )
        faults.raise_if_any()
        raise AssertionError("unreachable") from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = _UNSHOWABLE.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        faults.add(line, "", "The text holds a control character.", "Type it again, plainly.")
        faults.raise_if_any()
    if not text.strip():
        faults.add(0, "", "The file is empty.", "Name a file that holds the wording.")
        faults.raise_if_any()
    return text
