"""Scores of questionnaires: means, sums and counts of items, reversed items, means of scales.

Missing items: a scale has a score when the share of its items that must be answered was
answered (``Scale.minimum_answered``; by the platform's convention 80 %). Its mean is that of the
answered items; its sum is that mean times the number of items, and so is a count, whose items are
1 or 0. A scale made of parts needs all of them. Scores are never rounded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from longwave.domain.errors import InvalidInputError
from longwave.domain.instrument import Instrument, Scale

TOO_FEW_ITEMS: Literal["too_few_items"] = "too_few_items"
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Score:
    """The value of one scale, or the reason why there is none."""

    scale: str
    value: float | None
    items_answered: int
    missing_reason: Literal["too_few_items"] | None


def score(instrument: Instrument, answers: Mapping[str, float | None]) -> tuple[Score, ...]:
    """Score one person's answers, scale by scale.

    Parameters
    ----------
    instrument
        The questionnaire with its scoring key.
    answers
        Value by item; None (or NaN, or nothing) where there is no answer. Items that are not
        scored are passed over.

    Raises
    ------
    InvalidInputError
        If an answer lies outside the instrument's response scale.
    """
    row = np.array([[_number(answers.get(item.id)) for item in instrument.items]])
    return tuple(
        Score(
            scale=scale,
            value=None if math.isnan(values[0]) else float(values[0]),
            items_answered=int(answered[0]),
            missing_reason=TOO_FEW_ITEMS if math.isnan(values[0]) else None,
        )
        for scale, (values, answered) in score_columns(instrument, row).items()
    )


def score_array(
    instrument: Instrument, answers: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Score many people at once.

    Parameters
    ----------
    instrument
        The questionnaire with its scoring key.
    answers
        Shape (n, items), in the order of ``instrument.items``; NaN where there is no answer.

    Returns
    -------
    dict
        For each scale its scores, of shape (n,); NaN where too few items were answered.

    Raises
    ------
    InvalidInputError
        If the shape does not fit, or an answer lies outside the response scale.
    """
    return {name: values for name, (values, _) in score_columns(instrument, answers).items()}


def items_needed(scale: Scale) -> int:
    """Return how many items of a scale must be answered, at least."""
    return max(1, math.ceil(scale.minimum_answered * len(scale.items) - _ROUNDING))


def possible_range(instrument: Instrument, scale: Scale) -> tuple[float, float]:
    """Return the lowest and the highest score that a scale can have; perhaps infinite."""
    if scale.parts:
        bounds = [possible_range(instrument, instrument.scale(part)) for part in scale.parts]
    elif scale.method == "count":
        bounds = [(0.0, 1.0)] * len(scale.items)
    else:
        bounds = [_answer_range(instrument, item) for item in scale.items]
    share = len(bounds) if scale.method == "mean" else 1
    low, high = (scale.multiplier * sum(side) / share for side in zip(*bounds, strict=True))
    return low, high


def score_columns(
    instrument: Instrument, answers: NDArray[np.float64]
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Do what `score_array` does, and also count the items answered, scale by scale."""
    if answers.ndim != 2 or answers.shape[1] != len(instrument.items):
        raise InvalidInputError(
            f"Answers of shape {answers.shape} do not fit {instrument.id}.",
            f"Give one row per person and {len(instrument.items)} columns, one per item.",
        )
    column = {item.id: place for place, item in enumerate(instrument.items)}
    scored: dict[str, tuple[NDArray[np.float64], NDArray[np.int64]]] = {}
    for scale in instrument.scales:
        if scale.parts:
            scored[scale.id] = _score_parts(instrument, scale, scored)
        else:
            taken = answers[:, [column[item] for item in scale.items]]
            _check_range(instrument, scale, taken)
            scored[scale.id] = _score_items(instrument, scale, taken)
    return scored


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _answer_range(instrument: Instrument, item_id: str) -> tuple[float, float]:
    item = instrument.item(item_id)
    if item.kind == "likert":
        return instrument.minimum, instrument.maximum
    low = -math.inf if item.minimum is None else item.minimum
    return low, math.inf if item.maximum is None else item.maximum


def _check_range(instrument: Instrument, scale: Scale, values: NDArray[np.float64]) -> None:
    bounds = np.array([_answer_range(instrument, item) for item in scale.items])
    outside = (values < bounds[:, 0]) | (values > bounds[:, 1])
    if outside.any():
        row, place = (int(index) for index in np.argwhere(outside)[0])
        raise InvalidInputError(
            f"The answer {values[row, place]:g} to item {scale.items[place]} of {instrument.id} "
            f"lies outside {bounds[place, 0]:g} to {bounds[place, 1]:g}.",
            "Correct the answer, or leave it out if there is none.",
        )


def _score_items(
    instrument: Instrument, scale: Scale, values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    values = _reverse(instrument, scale, scale.items, values)
    present = ~np.isnan(values)
    if scale.method == "count":
        values = np.isin(values, list(scale.counted)).astype(np.float64)
    answered = present.sum(axis=1)
    total = np.where(present, values, 0.0).sum(axis=1)
    # The product comes first, so that a complete sum stays a whole number.
    factor = 1 if scale.method == "mean" else len(scale.items)
    result = scale.multiplier * (total * factor / np.maximum(answered, 1))
    return np.where(answered >= items_needed(scale), result, np.nan), answered


def _score_parts(
    instrument: Instrument,
    scale: Scale,
    scored: Mapping[str, tuple[NDArray[np.float64], NDArray[np.int64]]],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    parts = np.stack([scored[part][0] for part in scale.parts], axis=1)
    parts = _reverse(instrument, scale, scale.parts, parts)
    answered = np.sum([scored[part][1] for part in scale.parts], axis=0)
    result = parts.mean(axis=1) if scale.method == "mean" else parts.sum(axis=1)
    return scale.multiplier * result, answered


def _reverse(
    instrument: Instrument, scale: Scale, names: tuple[str, ...], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    turned = np.array([name in scale.reversed for name in names])
    return np.where(turned, instrument.minimum + instrument.maximum - values, values)
