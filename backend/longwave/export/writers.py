"""One writer for each format. The same table and cut-off give the same bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.csv as arrow_csv  # type: ignore[import-untyped]
import pyreadstat
from pyarrow import parquet

from longwave.domain.errors import InvalidInputError

_RUNNABLE = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet may run as a formula."""

_QUOTED = ('"', ",", "\n", "\r")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STATA_118 = 14
_STATA_LABEL = 80
_SAV_CREATED = 92
_SAV_TIME = re.compile(rb"\d\d [A-Z][a-z][a-z] \d\d\d\d:\d\d:\d\d")
_DTA_CREATED = b"<timestamp>\x11"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table to write. ``labels`` and ``values`` describe its columns, by name."""

    name: str
    frame: pd.DataFrame
    labels: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]


Writer = Callable[[Sheet, Path, datetime], list[Path]]
"""Writes a sheet into a folder, stamped with the cut-off; returns the files it made."""


def write_csv(sheet: Sheet, folder: Path, _cut_off: datetime) -> list[Path]:
    """Write UTF-8 CSV, and beside it a copy for spreadsheets if a cell could run as a formula."""
    path = folder / f"{sheet.name}.csv"
    _write_plain_csv(sheet.frame, path)
    runnable = [str(name) for name in sheet.frame if _may_run(sheet.frame[name])]
    if not runnable:
        return [path]
    safe = sheet.frame.assign(**{name: _defused(sheet.frame[name]) for name in runnable})
    safe_path = folder / f"{sheet.name}.spreadsheet.csv"
    _write_plain_csv(safe, safe_path)
    return [path, safe_path]


def write_parquet(sheet: Sheet, folder: Path, _cut_off: datetime) -> list[Path]:
    """Write Apache Parquet."""
    path = folder / f"{sheet.name}.parquet"
    parquet.write_table(_arrow(sheet.frame).replace_schema_metadata(None), path)
    return [path]


def write_sav(sheet: Sheet, folder: Path, cut_off: datetime) -> list[Path]:
    """Write an SPSS file with labels of columns and values."""
    path = folder / f"{sheet.name}.sav"
    frame = _plain(sheet.frame)
    pyreadstat.write_sav(
        frame,
        path,
        column_labels=dict(sheet.labels),
        variable_value_labels=_value_labels(sheet, texts=True),
        row_compress=True,
    )
    _stamp_sav(path, cut_off)
    return [path]


def write_dta(sheet: Sheet, folder: Path, cut_off: datetime) -> list[Path]:
    """Write a Stata file (format 118, which every Stata since 14 reads)."""
    path = folder / f"{sheet.name}.dta"
    # Stata knows no missing text but the empty one, and the writer stumbles over None beside a
    # text of more than 2045 bytes.
    frame = _plain(sheet.frame)
    texts = frame.select_dtypes("object").columns
    frame[texts] = frame[texts].fillna("")
    pyreadstat.write_dta(
        frame,
        path,
        column_labels={name: label[:_STATA_LABEL] for name, label in sheet.labels.items()},
        variable_value_labels=_value_labels(sheet, texts=False),
        version=_STATA_118,
    )
    _stamp_dta(path, cut_off)
    return [path]


WRITERS: dict[str, Writer] = {
    "csv": write_csv,
    "parquet": write_parquet,
    "sav": write_sav,
    "dta": write_dta,
}


def check_formats(formats: Iterable[str]) -> tuple[str, ...]:
    """Return the formats in the order in which they are written, each once.

    Raises
    ------
    InvalidInputError
        Naming those that are not known.
    """
    wanted = set(formats)
    unknown = sorted(wanted - set(WRITERS))
    if "psych-ds" in unknown:
        raise InvalidInputError(
            "This version does not write Psych-DS.",
            "Its tables and data package are those of --format csv; convert from there.",
        )
    if unknown or not wanted:
        raise InvalidInputError(
            f"Not a format: {', '.join(unknown) or 'none given'}.",
            f"Choose among {', '.join(WRITERS)}.",
        )
    return tuple(name for name in WRITERS if name in wanted)


def _write_plain_csv(frame: pd.DataFrame, path: Path) -> None:
    table = _arrow(frame)
    names = [*map(str, frame.columns)]
    quoted = any(_needs_quotes(frame[name]) for name in frame) or any(map(_is_special, names))
    options = arrow_csv.WriteOptions(
        include_header=False, quoting_style="needed" if quoted else "none"
    )
    with path.open("wb") as file:
        file.write((",".join(map(_quote, names)) + "\n").encode())
        arrow_csv.write_csv(table, file, options)


def _arrow(frame: pd.DataFrame) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return table.cast(
        pa.schema(
            [
                pa.field(field.name, pa.string() if _is_text(field.type) else field.type)
                for field in table.schema
            ]
        )
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_dictionary(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string(kind)
        or pa.types.is_null(kind)
    )


def _texts(column: pd.Series) -> list[str]:
    """Return the distinct texts of a column; none if it holds numbers."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [str(text) for text in column.cat.categories]
    if pd.api.types.is_numeric_dtype(column.dtype):
        return []
    return [str(text) for text in column.dropna().unique()]


def _needs_quotes(column: pd.Series) -> bool:
    return any(map(_is_special, _texts(column)))


def _is_special(text: str) -> bool:
    return any(mark in text for mark in _QUOTED)


def _quote(text: str) -> str:
    escaped = text.replace('"', '""')
    return f'"{escaped}"' if _is_special(text) else text


def _may_run(column: pd.Series) -> bool:
    return any(text.startswith(_RUNNABLE) and not _is_number(text) for text in _texts(column))


def _defused(column: pd.Series) -> pd.Series:
    texts = column.astype(object)
    return texts.map(lambda text: f"'{text}" if _runs(text) else text)


def _runs(text: object) -> bool:
    return isinstance(text, str) and text.startswith(_RUNNABLE) and not _is_number(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return plain columns: texts as objects (None where absent), numbers as floats."""
    return pd.DataFrame({name: _plain_column(frame[name]) for name in frame}, index=frame.index)


def _plain_column(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.astype("float64")
    texts = column.astype(object)
    return texts.where(column.notna(), None)


def _value_labels(sheet: Sheet, *, texts: bool) -> dict[str, Any]:
    labelled: dict[str, Any] = {}
    for name, labels in sheet.values.items():
        if name not in sheet.frame or not labels:
            continue
        if pd.api.types.is_numeric_dtype(sheet.frame[name].dtype):
            labelled[name] = {float(value): label for value, label in labels.items()}
        elif texts:
            labelled[name] = dict(labels)
    return labelled


def _stamp_sav(path: Path, cut_off: datetime) -> None:
    """Set the header's time of writing ("dd mmm yyhh:mm:ss", at bytes 92 to 108)."""
    text = f"{cut_off:%d} {_MONTHS[cut_off.month - 1]} {cut_off:%y%H:%M:%S}"
    with path.open("r+b") as file:
        file.seek(_SAV_CREATED)
        if not _SAV_TIME.fullmatch(file.read(len(text))):
            raise RuntimeError(f"{path.name} has no time stamp where an SPSS file has it.")
        file.seek(_SAV_CREATED)
        file.write(text.encode("ascii"))


def _stamp_dta(path: Path, cut_off: datetime) -> None:
    """Set the header's time of writing ("dd Mon yyyy hh:mm", after its length of 17)."""
    text = f"{cut_off:%d} {_MONTHS[cut_off.month - 1]} {cut_off:%Y %H:%M}"
    with path.open("r+b") as file:
        place = file.read(4096).find(_DTA_CREATED)
        if place < 0:
            raise RuntimeError(f"{path.name} has no time stamp where a Stata file has it.")
        file.seek(place + len(_DTA_CREATED))
        file.write(text.encode("ascii"))
