"""Reading a table from a file, and saying what is wrong with those that are none."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from crosslag.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_table"]

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_FORMATS = (
    (b"PK\x03\x04", "is a spreadsheet (or another archive)"),
    (b"\xd0\xcf\x11\xe0", "is an old spreadsheet"),
    (b"PAR1", "is a Parquet file"),
    (b"$FL", "is an SPSS file"),
    (b"<stata_dta>", "is a Stata file"),
    (b"%PDF", "is a PDF"),
    (b"\xff\xfe", "is text in UTF-16"),
    (b"\xfe\xff", "is text in UTF-16"),
    (b"<", "is a web page or XML"),
)
_WITH_COMMA = re.compile(r"[-+]?(\d+|\d*,\d+)([eE][-+]?\d+)?")
_NUMBER = re.compile(r"[-+]?\d*[.,]?\d+([eE][-+]?\d+)?")
_MISSING = frozenset({"", "NA", "."})


def read_table(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a text file with one row per person and a header.

    Columns are separated by commas, semicolons, tabs or bars, whichever the header has most of.
    Where they are not separated by commas, numbers may have a decimal comma. An empty field, ``NA``
    and ``.`` are missing values. The file may be compressed by gzip.

    Returns
    -------
    frame
        The table, with the names of the header, repeated ones included.
    notes
        What was found out about the file, in words.

    Raises
    ------
    DataError
        If there is no such file, or it is not a table; the message says in which line.
    """
    import pandas as pd

    text = _text(path)
    separator = _separator(text)
    header, rows = _rows(path, text, separator)
    commas = separator != "," and _with_decimal_points(rows)
    body = io.StringIO()
    csv.writer(body).writerows(rows)
    body.seek(0)
    frame = pd.read_csv(body, header=None, na_values=["."], skipinitialspace=True, low_memory=False)
    frame.columns = pd.Index(header)
    if separator == ",":
        return frame, ()
    found = f"Columns of {path.name} are separated by {_SEPARATORS[separator]}"
    return frame, (f"{found}{'; numbers have a decimal comma' if commas else ''}.",)


def _with_decimal_points(rows: list[list[str]]) -> bool:
    """Write decimal points in the columns that have nothing but numbers with decimal commas."""
    changed = False
    for column in range(len(rows[0])):
        fields = [row[column].strip() for row in rows]
        numbers = all(field in _MISSING or _WITH_COMMA.fullmatch(field) for field in fields)
        if numbers and any("," in field for field in fields):
            changed = True
            for row in rows:
                row[column] = row[column].replace(",", ".")
    return changed


def _text(path: Path) -> str:
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a file; give the path of a CSV file.")
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist; give the path of a CSV file.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is compressed, but damaged.") from error
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror}.") from error
    if not content.strip():
        raise DataError(f"{path} is empty; a header and a row for every person are expected.")
    advice = "save it as CSV in UTF-8, with a header and a row for every person"
    for mark, kind in _FORMATS:
        if content.startswith(mark):
            raise DataError(f"{path} {kind}, not a CSV file; {advice}.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path} is not text in UTF-8 (line {line}); {advice}.") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path} is not a text: line {line} has a zero byte; {advice}.")
    return text


def _separator(text: str) -> str:
    header = re.sub(r'"[^"]*"', "", text.lstrip("\r\n").partition("\n")[0])
    return max(_SEPARATORS, key=header.count)


def _rows(path: Path, text: str, separator: str) -> tuple[list[str], list[list[str]]]:
    """Split into header and rows of the same number of fields; empty lines are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header: list[str] = []
    rows: list[list[str]] = []
    try:
        for fields in reader:
            if not header:
                header = [field.strip() for field in fields]
            elif fields:
                _require_length(path, reader.line_num, fields, header)
                rows.append(fields)
    except csv.Error as error:
        raise DataError(
            f"{path} can't be read as CSV, line {reader.line_num}: {error}. A quotation mark is"
            " opened and not closed, or the file is no table."
        ) from error
    if not rows:
        raise DataError(f"{path} has a header but no rows.")
    if sum(bool(_NUMBER.fullmatch(name)) for name in header) * 2 > len(header):
        raise DataError(f"{path} begins with numbers; its first line must name the columns.")
    return header, rows


def _require_length(path: Path, line: int, fields: list[str], header: list[str]) -> None:
    if len(fields) != len(header):
        raise DataError(
            f"{path}, line {line}: {len(fields)} field(s), but the header names {len(header)}"
            " column(s). Texts with a separator in them need quotation marks."
        )
