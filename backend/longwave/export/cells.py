"""Answers as matrices: for each wave, one row per assessment begun, one column per item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longwave.domain.dataset import AnswerColumns, Dataset
from longwave.domain.errors import LongwaveError
from longwave.domain.missingness import ItemGap
from longwave.export.content import instruments_of, wave_items
from longwave.export.occasions import Occasion, Protocols
from longwave.export.showing import hidden_items, positions

Codes = NDArray[np.int32]

_MOST_ITEMS = 100_000
"""More than any instrument has: a protocol's file is too short for them."""

ITEM_GAPS: tuple[str, ...] = tuple(ItemGap)
"""What the codes in ``WaveCells.gap`` stand for."""


@dataclass(frozen=True)
class WaveCells:
    """The answers to one wave.

    Attributes
    ----------
    rows
        Positions in ``AnswerCells.begun``, shape (assessments,).
    versions
        The protocol version of each assessment, shape (assessments,).
    items
        (instrument, item) of each column.
    value
        Codes into ``AnswerCells.values``, or -1; shape (assessments, items).
    gap
        Codes into `ITEM_GAPS`, or -1 where there is a value; shape (assessments, items).
    position
        Place within its instrument, from 1; -1 where it was not shown; shape as above.
    milliseconds
        For how long the item was in sight, or -1.
    other
        Codes into ``AnswerCells.others``, or -1.
    """

    wave: str
    rows: NDArray[np.int64]
    versions: NDArray[np.int64]
    items: list[tuple[str, str]]
    value: Codes
    gap: Codes
    position: Codes
    milliseconds: Codes
    other: Codes


@dataclass(frozen=True, slots=True)
class _Given:
    """The columns of all answers, as codes."""

    item: Codes
    value: Codes
    reason: Codes
    milliseconds: Codes
    other: Codes


class AnswerCells:
    """Every answer of a study, with the reason where there is none.

    Parameters
    ----------
    dataset
        The study's rows.
    protocols
        Every version of the protocol.
    occasions
        Every wave of every participant.
    """

    def __init__(
        self, dataset: Dataset, protocols: Protocols, occasions: Sequence[Occasion]
    ) -> None:
        self.protocols = protocols
        self.occasions = occasions
        self.begun = [found for found in occasions if found.was_begun and found.assessment]
        self.values = dataset.answers.values
        self.others = dataset.answers.others
        self.numbers = np.array([_number(value) for value in self.values] + [np.nan])
        self.waves = list(self._fill(dataset.answers))

    def _fill(self, answers: AnswerColumns) -> list[WaveCells]:
        rows_of: dict[str, list[int]] = defaultdict(list)
        for row, occasion in enumerate(self.begun):
            rows_of[occasion.wave].append(row)
        place = self._places(answers)
        given = _Given(
            item=np.frombuffer(answers.item, dtype=np.int32),
            value=np.frombuffer(answers.value, dtype=np.int32),
            reason=_reason_codes(answers),
            milliseconds=np.frombuffer(answers.milliseconds, dtype=np.int32),
            other=np.frombuffer(answers.other, dtype=np.int32),
        )
        return [
            self._wave(wave, np.array(rows), place, answers.items, given)
            for wave, rows in sorted(rows_of.items())
        ]

    def _places(self, answers: AnswerColumns) -> NDArray[np.int64]:
        """Return for each answer the position of its assessment in ``begun``, or -1."""
        ids = np.array(
            [found.assessment.id for found in self.begun if found.assessment], dtype=np.int64
        )
        order = np.argsort(ids)
        wanted = np.frombuffer(answers.assessment, dtype=np.int64)
        if not len(ids):
            return np.full(len(wanted), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(ids[order], wanted), len(ids) - 1)
        found = order[at]
        return np.where(ids[found] == wanted, found, -1)

    def _wave(
        self,
        wave: str,
        rows: NDArray[np.int64],
        place: NDArray[np.int64],
        known_items: Sequence[tuple[str, str]],
        given: _Given,
    ) -> WaveCells:
        items = wave_items(self.protocols, wave)
        row_of = np.full(len(self.begun) + 1, -1, dtype=np.int64)
        row_of[rows] = np.arange(len(rows))
        here = np.flatnonzero(row_of[place] >= 0)
        column = {pair: number for number, pair in enumerate(items)}
        column_of = np.array([column.get(pair, -1) for pair in known_items] or [-1])
        target = (row_of[place[here]], column_of[given.item[here]])
        self._check_known(wave, target[1], given.item[here], known_items)

        def spread(codes: Codes) -> Codes:
            matrix = np.full((len(rows), len(items)), -1, np.int32)
            matrix[target] = codes[here]
            return matrix

        values, reasons = spread(given.value), spread(given.reason)
        versions = np.array([self._version(row) for row in rows], dtype=np.int64)
        position = self._positions(wave, rows, versions, items)
        gap = self._gaps(wave, rows, versions, items, values, reasons, position)
        values[gap >= 0] = -1
        other, milliseconds = spread(given.other), spread(given.milliseconds)
        other[gap >= 0] = -1
        unseen = (gap == _code(ItemGap.NOT_SHOWN)) | (gap == _code(ItemGap.NOT_IN_VERSION))
        position[unseen], milliseconds[unseen] = -1, -1
        return WaveCells(wave, rows, versions, items, values, gap, position, milliseconds, other)

    def _positions(
        self,
        wave: str,
        rows: NDArray[np.int64],
        versions: NDArray[np.int64],
        items: list[tuple[str, str]],
    ) -> Codes:
        found = np.zeros((len(rows), len(items)), dtype=np.int32)
        for version in np.unique(versions):
            here = np.flatnonzero(versions == version)
            asked = instruments_of(self.protocols[int(version)], wave)
            orders = [self._orders(rows[place]) for place in here]
            found[here] = positions(asked, items, orders)
        return found

    def _gaps(
        self,
        wave: str,
        rows: NDArray[np.int64],
        versions: NDArray[np.int64],
        items: list[tuple[str, str]],
        values: Codes,
        reasons: Codes,
        position: Codes,
    ) -> Codes:
        """Decide as `longwave.domain.missingness.item_gap` does, for a whole wave."""
        recorded = (values >= 0) | (reasons >= 0)
        # By the order of asking: that of the columns, with that of chance within an instrument.
        number = _places(items)[None, :] * _MOST_ITEMS + position
        last = np.where(recorded, number, -1).max(axis=1, initial=-1)
        submitted = np.array([self._was_submitted(row) for row in rows], dtype=bool)
        passed = submitted[:, None] | (number < last[:, None])
        gap = np.where(passed, _code(ItemGap.SKIPPED), _code(ItemGap.NOT_REACHED))
        gap = np.where(values >= 0, -1, np.where(reasons >= 0, reasons, gap))
        for version in np.unique(versions):
            here = versions == version
            protocol = self.protocols[int(version)]
            hidden = hidden_items(
                protocol, wave, items, self.values, values[here], recorded[here], submitted[here]
            )
            gap[here] = np.where(hidden, _code(ItemGap.NOT_SHOWN), gap[here])
            absent = (position[here] == 0).all(axis=0)
            gap[np.ix_(here, absent)] = _code(ItemGap.NOT_IN_VERSION)
        return gap.astype(np.int32)

    def _version(self, row: int) -> int:
        assessment = self.begun[row].assessment
        return assessment.version_id if assessment else -1

    def _orders(self, row: int) -> Mapping[str, Sequence[str]] | None:
        assessment = self.begun[row].assessment
        return assessment.item_orders if assessment else None

    def _was_submitted(self, row: int) -> bool:
        assessment = self.begun[row].assessment
        return assessment is not None and assessment.submitted_at is not None

    @staticmethod
    def _check_known(
        wave: str, columns: NDArray[np.int64], item: Codes, known: Sequence[tuple[str, str]]
    ) -> None:
        strangers = item[columns < 0]
        if len(strangers):
            instrument, name = known[int(strangers[0])]
            raise LongwaveError(
                f"There are answers to {instrument}.{name} at wave {wave}, which no version of "
                "the protocol asks there.",
                "Check the study's protocol versions with `longwave doctor`.",
            )


def _places(items: Sequence[tuple[str, str]]) -> NDArray[np.int64]:
    """Return for each column the place of its instrument, from 0."""
    place = {name: number for number, name in enumerate(dict.fromkeys(name for name, _ in items))}
    return np.array([place[instrument] for instrument, _ in items], dtype=np.int64)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _reason_codes(answers: AnswerColumns) -> Codes:
    known = np.array([_code(reason) for reason in answers.reasons] + [-1], dtype=np.int32)
    return known[np.frombuffer(answers.reason, dtype=np.int32)]


def _code(reason: str) -> int:
    return ITEM_GAPS.index(reason)
