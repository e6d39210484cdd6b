"""What can go wrong, by name. Every message says what was wrong, where, and what to do."""

from __future__ import annotations

import unicodedata

import numpy as np

__all__ = ["CrosslagError", "DataError", "ModelError", "ModelSyntaxError", "require_whole"]


class CrosslagError(ValueError):
    """Base of all errors that crosslag raises on purpose."""


class ModelError(CrosslagError):
    """The model can't be what was meant: unknown names, too few waves, too many parameters."""


class DataError(CrosslagError):
    """The data can't be analysed as asked: an unknown or constant column, text, no coverage."""


class ModelSyntaxError(ModelError):
    """A text that is no model syntax; the message shows the line with a caret below the fault.

    Attributes
    ----------
    line, column
        Where the fault is, counted from 1.
    """

    def __init__(self, complaint: str, text: str, line: int, column: int) -> None:
        shown = text.split("\n")[line - 1].replace("\t", " ").rstrip()
        caret = " " * _width(shown[: column - 1].ljust(column - 1)) + "^"
        super().__init__(
            f"Line {line}, column {column} of the model: {complaint}\n  {shown}\n  {caret}"
        )
        self.line = line
        self.column = column


def _width(text: str) -> int:
    """Count the columns that a terminal needs: two for East Asian letters, none for accents."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def require_whole(name: str, value: object, least: int) -> int:
    """Check a number that counts something.

    Raises
    ------
    ModelError
        If it is no whole number, or less than ``least``.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ModelError(f"{name}={value!r} must be a whole number of at least {least}.")
    return int(value)
