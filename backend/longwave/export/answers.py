"""The answers table: one row for every item of every assessment that was begun."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from longwave.domain.instrument import Item
from longwave.export.cells import ITEM_GAPS, AnswerCells, WaveCells
from longwave.export.content import newest_instruments
from longwave.export.occasions import Protocols
from longwave.export.schema import ColumnType

_NO_CODES = np.empty(0, dtype=np.int64)


def value_type(protocols: Protocols) -> ColumnType:
    """Return the type of ``answers.value``, as the protocol (not the data) has it.

    It is a number where every item of the study is answered by one.
    """
    items = [
        item
        for protocol in protocols.values()
        for instrument in protocol.instruments.values()
        for item in instrument.asked
    ]
    types = {_item_type(item) for item in items}
    if "string" in types or not types:
        return "string"
    return "number" if "number" in types else "integer"


def answers_frame(cells: AnswerCells, occasion: dict[str, object]) -> pd.DataFrame:
    """Return the table.

    Parameters
    ----------
    cells
        The answers as matrices.
    occasion
        The columns that name an occasion, one value for each of ``cells.begun``.
    """
    rows = _joined([np.repeat(wave.rows, len(wave.items)) for wave in cells.waves])
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    value = _joined([wave.value.ravel() for wave in cells.waves])[order]
    gap = _joined([wave.gap.ravel() for wave in cells.waves])[order]
    table = {name: _take(column, rows) for name, column in occasion.items()}
    table |= _item_columns(cells, order)
    table["value"] = _values(cells, value, value_type(cells.protocols))
    table["missing_reason"] = pd.Categorical.from_codes(
        gap, categories=pd.Index(ITEM_GAPS, dtype=str)
    )
    table["position"] = _whole(_joined([wave.position.ravel() for wave in cells.waves])[order])
    table["milliseconds"] = _whole(
        _joined([wave.milliseconds.ravel() for wave in cells.waves])[order]
    )
    other = _joined([wave.other.ravel() for wave in cells.waves])[order]
    table["other"] = _texts(cells.others, other)
    names = ["instrument", "instrument_version", "item", "value", "missing_reason"]
    names += ["position", "milliseconds", "other"]
    return pd.DataFrame({name: table[name] for name in [*occasion, *names]})


def _item_columns(cells: AnswerCells, order: NDArray[np.int64]) -> dict[str, object]:
    names = {
        "instrument": [[instrument for instrument, _ in wave.items] for wave in cells.waves],
        "item": [[item for _, item in wave.items] for wave in cells.waves],
    }
    columns: dict[str, object] = {}
    for column, by_wave in names.items():
        known = sorted({name for wave in by_wave for name in wave})
        code = {name: number for number, name in enumerate(known)}
        codes = [
            np.tile([code[name] for name in wave], len(cells.waves[number].rows))
            for number, wave in enumerate(by_wave)
        ]
        columns[column] = pd.Categorical.from_codes(
            _joined(codes)[order], categories=pd.Index(known, dtype=str)
        )
    columns["instrument_version"] = _version_column(cells, order)
    return columns


def _version_column(cells: AnswerCells, order: NDArray[np.int64]) -> pd.Categorical[str]:
    newest = newest_instruments(cells.protocols)
    known = sorted(
        {
            instrument.version
            for protocol in cells.protocols.values()
            for instrument in protocol.instruments.values()
        }
    )

    def codes(wave: WaveCells) -> NDArray[np.int64]:
        matrix = np.empty(wave.value.shape, dtype=np.int64)
        for version in np.unique(wave.versions):
            here = cells.protocols[int(version)].instruments
            used = [here.get(name, newest[name]).version for name, _ in wave.items]
            matrix[wave.versions == version] = [known.index(version) for version in used]
        return matrix.ravel()

    joined = _joined([codes(wave) for wave in cells.waves])
    return pd.Categorical.from_codes(joined[order], categories=pd.Index(known, dtype=str))


def _values(cells: AnswerCells, codes: NDArray[np.int64], kind: ColumnType) -> object:
    if kind == "string":
        return _texts(cells.values, codes)
    numbers = cells.numbers[codes]
    if kind == "number":
        return numbers
    absent = np.isnan(numbers)
    return pd.arrays.IntegerArray(np.where(absent, 0, numbers).astype(np.int64), absent)


def _texts(values: Sequence[str], codes: NDArray[np.int64]) -> pd.Categorical[str]:
    known = sorted(set(values))
    rank = {value: number for number, value in enumerate(known)}
    ranks = np.array([rank[value] for value in values] + [-1], dtype=np.int64)
    return pd.Categorical.from_codes(ranks[codes], categories=pd.Index(known, dtype=str))


def _whole(numbers: NDArray[np.int64]) -> pd.arrays.IntegerArray:
    """Return whole numbers, of which those below 0 are absent."""
    absent = numbers < 0
    return pd.arrays.IntegerArray(np.where(absent, 0, numbers).astype(np.int64), absent)


def _take(column: object, rows: NDArray[np.int64]) -> object:
    return pd.Series(column).array.take(rows)


def _joined(parts: Sequence[NDArray[np.integer[Any]]]) -> NDArray[np.int64]:
    return np.concatenate(parts).astype(np.int64) if parts else _NO_CODES


def _item_type(item: Item) -> ColumnType:
    if item.kind in ("number", "slider"):
        return "number"
    if item.kind in ("choices", "text", "date", "time"):
        return "string"
    values = [option.value for option in item.options]
    return "integer" if all(_is_integer(value) for value in values) else "string"


def _is_integer(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()
