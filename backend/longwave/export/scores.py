"""The scores table: one row for every scale of every wave of every participant."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from longwave.domain.instrument import Instrument
from longwave.domain.missingness import AssessmentGap, ScoreGap
from longwave.domain.scoring import score_columns
from longwave.export.cells import AnswerCells, WaveCells
from longwave.export.content import instruments_of, wave_scales

_GAPS: tuple[str, ...] = (*AssessmentGap, ScoreGap.NOT_IN_VERSION, ScoreGap.TOO_FEW_ITEMS)


@dataclass
class _WaveScores:
    """The scores of one wave; each matrix has shape (occasions, scales)."""

    rows: NDArray[np.int64]
    scales: list[tuple[str, str]]
    value: NDArray[np.float64]
    answered: NDArray[np.int64]
    gap: NDArray[np.int64]


def scores_frame(cells: AnswerCells, occasion: dict[str, object]) -> dict[str, object]:
    """Return the table's columns.

    Parameters
    ----------
    cells
        The answers as matrices.
    occasion
        The columns that name an occasion, one value for each of ``cells.occasions``.
    """
    waves = _all_waves(cells)
    rows = np.concatenate([np.repeat(wave.rows, len(wave.scales)) for wave in waves] or [_NONE])
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    gap = np.concatenate([wave.gap.ravel() for wave in waves] or [_NONE])[order]
    columns: dict[str, object] = {
        name: pd.Series(column).array.take(rows) for name, column in occasion.items()
    }
    columns["instrument"] = _names(waves, 0, order)
    columns["scale"] = _names(waves, 1, order)
    columns["value"] = np.concatenate([wave.value.ravel() for wave in waves] or [np.empty(0)])[
        order
    ]
    answered = np.concatenate([wave.answered.ravel() for wave in waves] or [_NONE])[order]
    columns["items_answered"] = pd.array(answered, dtype="Int64")
    columns["missing_reason"] = pd.Categorical.from_codes(
        gap, categories=pd.Index(_GAPS, dtype=str)
    )
    return columns


_NONE = np.empty(0, dtype=np.int64)


def _all_waves(cells: AnswerCells) -> list[_WaveScores]:
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, occasion in enumerate(cells.occasions):
        rows_of[occasion.wave].append(row)
    answered = {wave.wave: wave for wave in cells.waves}
    return [
        _score_wave(cells, wave, np.array(rows), answered.get(wave))
        for wave, rows in rows_of.items()
    ]


def _score_wave(
    cells: AnswerCells, wave: str, rows: NDArray[np.int64], answers: WaveCells | None
) -> _WaveScores:
    scales = wave_scales(cells.protocols, wave)
    shape = (len(rows), len(scales))
    scores = _WaveScores(
        rows=rows,
        scales=scales,
        value=np.full(shape, np.nan),
        answered=np.zeros(shape, dtype=np.int64),
        gap=np.full(shape, _GAPS.index(ScoreGap.NOT_IN_VERSION)),
    )
    begun = [place for place, row in enumerate(rows) if cells.occasions[row].was_begun]
    if answers is not None:
        for version in np.unique(answers.versions):
            _score_version(cells, answers, int(version), np.array(begun), scores)
    for place, row in enumerate(rows):
        gap = cells.occasions[row].gap
        if gap is not None:
            scores.gap[place] = _GAPS.index(gap)
    return scores


def _score_version(
    cells: AnswerCells,
    answers: WaveCells,
    version: int,
    begun: NDArray[np.int64],
    scores: _WaveScores,
) -> None:
    here = answers.versions == version
    column = {pair: number for number, pair in enumerate(scores.scales)}
    for instrument in instruments_of(cells.protocols[version], answers.wave):
        values = _numbers(cells, answers, here, instrument)
        for scale, (score, answered) in score_columns(instrument, values).items():
            target = (begun[here], column[instrument.id, scale])
            scores.value[target] = score
            scores.answered[target] = answered
            few = _GAPS.index(ScoreGap.TOO_FEW_ITEMS)
            scores.gap[target] = np.where(np.isnan(score), few, -1)


def _numbers(
    cells: AnswerCells, answers: WaveCells, here: NDArray[np.bool_], instrument: Instrument
) -> NDArray[np.float64]:
    """Return the answers to all items of an instrument; NaN where there is no number."""
    place = {pair: number for number, pair in enumerate(answers.items)}
    codes = np.full((int(here.sum()), len(instrument.items)), -1, dtype=np.int64)
    for number, item in enumerate(instrument.items):
        if item.is_asked:
            codes[:, number] = answers.value[here, place[instrument.id, item.id]]
    return cells.numbers[codes]


def _names(waves: list[_WaveScores], part: int, order: NDArray[np.int64]) -> pd.Categorical[str]:
    known = sorted({pair[part] for wave in waves for pair in wave.scales})
    codes = [
        np.tile([known.index(pair[part]) for pair in wave.scales], len(wave.rows)) for wave in waves
    ]
    joined = np.concatenate(codes or [_NONE]).astype(np.int64)
    return pd.Categorical.from_codes(joined[order], categories=pd.Index(known, dtype=str))
