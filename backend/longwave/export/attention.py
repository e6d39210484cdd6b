"""How often items that check attention were answered otherwise than whoever reads them does."""

from __future__ import annotations

import numpy as np

from longwave.export.cells import AnswerCells, WaveCells
from longwave.export.content import instruments_of


def attention_failed(cells: AnswerCells) -> list[int | None]:
    """Return for each of ``cells.begun`` how many checks failed; None where none was asked.

    Items that were skipped, refused or not shown do not count.
    """
    found: list[int | None] = [None] * len(cells.begun)
    for wave in cells.waves:
        for version in np.unique(wave.versions):
            expected = _expected(cells, wave, int(version))
            if not expected:
                continue
            failed = np.zeros(len(wave.rows), dtype=np.int64)
            for column, code in expected.items():
                failed += (wave.value[:, column] >= 0) & (wave.value[:, column] != code)
            for place in np.flatnonzero(wave.versions == version):
                found[wave.rows[place]] = int(failed[place])
    return found


def _expected(cells: AnswerCells, wave: WaveCells, version: int) -> dict[int, int]:
    """Return the code of the expected value by column; -2, which is none, if nobody gave it."""
    column = {pair: number for number, pair in enumerate(wave.items)}
    code = {value: number for number, value in enumerate(cells.values)}
    return {
        column[instrument.id, item.id]: code.get(item.attention, -2)
        for instrument in instruments_of(cells.protocols[version], wave.wave)
        for item in instrument.items
        if item.attention is not None
    }
