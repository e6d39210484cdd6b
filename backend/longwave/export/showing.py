"""What was shown to whom, and at which place: by the rules and the orders of each assessment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from longwave.domain.branching import Place, others_in, visibility
from longwave.domain.instrument import Instrument
from longwave.domain.ordering import in_order
from longwave.domain.protocol.model import Protocol
from longwave.domain.rules import mentions
from longwave.export.content import instruments_of

Matrix = NDArray[np.int32]
Flags = NDArray[np.bool_]


def hidden_items(
    protocol: Protocol,
    wave: str,
    items: Sequence[Place],
    stored: Sequence[str],
    values: Matrix,
    recorded: Flags,
    submitted: Flags,
) -> Flags:
    """Return which items were not shown, in assessments of one version of a protocol.

    Parameters
    ----------
    items
        (instrument, item) of each column.
    stored
        The values that the codes stand for.
    values
        Code of each answer, or -1; shape (assessments, items).
    recorded
        Whether there is an answer or a reason.
    submitted
        Whether nothing more is to come; shape (assessments,). Otherwise an item whose rule hangs
        on what was not reached is not reached either.
    """
    hidden = np.zeros(values.shape, dtype=bool)
    asked = instruments_of(protocol, wave)
    ruled = {(one.id, item.id) for one in asked for item in one.items if item.when is not None}
    if not ruled:
        return hidden
    looked_at = _looked_at(asked)
    columns = [number for number, place in enumerate(items) if place in looked_at]
    under_rules = [number for number, place in enumerate(items) if place in ruled]
    decide = _decider(protocol, wave, items, stored, columns, under_rules)
    for row in range(len(values)):
        answers = tuple(
            int(code) if known else None
            for code, known in zip(values[row, columns], recorded[row, columns], strict=True)
        )
        hidden[row, under_rules] = decide(answers, bool(submitted[row]))
    return hidden


def positions(
    asked: Sequence[Instrument],
    items: Sequence[Place],
    orders: Sequence[Mapping[str, Sequence[str]] | None],
) -> Matrix:
    """Return the place of each item within its instrument, from 1; shape (assessments, items).

    It is 0 for items that this version does not ask. Information counts as well.
    """
    column = {place: number for number, place in enumerate(items)}
    found = np.zeros((len(orders), len(items)), dtype=np.int32)
    for instrument in asked:
        found[:, [column[instrument.id, item.id] for item in instrument.asked]] = [
            number for number, item in enumerate(instrument.items, 1) if item.is_asked
        ]
        if instrument.item_order != "random":
            continue
        for row, order in enumerate(orders):
            if order and instrument.id in order:
                shown = in_order(instrument, order[instrument.id])
                for number, item in enumerate(shown, 1):
                    if item.is_asked:
                        found[row, column[instrument.id, item.id]] = number
    return found


def _looked_at(asked: Sequence[Instrument]) -> set[Place]:
    """Return the items on which any rule hangs, by their answers or their scores."""
    own = {one.id: one for one in asked}
    found: set[Place] = set()
    for instrument in asked:
        for item in instrument.items:
            if item.when is None:
                continue
            found |= {(instrument.id, name) for name in mentions(item.when)}
            for other in others_in(item.when):
                # A score hangs on items, and is known only when none is open.
                found |= {(other, one.id) for one in own[other].asked} if other in own else set()
    return found


_Decider = Callable[[tuple[int | None, ...], bool], Flags]


def _decider(
    protocol: Protocol,
    wave: str,
    items: Sequence[Place],
    stored: Sequence[str],
    columns: Sequence[int],
    under_rules: Sequence[int],
) -> _Decider:
    """Return a function from the answers that rules look at to what is hidden; it remembers."""
    known: dict[tuple[tuple[int | None, ...], bool], Flags] = {}
    asked = protocol.wave(wave).instruments

    def decide(answers: tuple[int | None, ...], at_the_end: bool) -> Flags:
        key = (answers, at_the_end)
        if key not in known:
            settled = {
                items[column]: None if code < 0 else stored[code]
                for column, code in zip(columns, answers, strict=True)
                if code is not None
            }
            found = visibility(protocol.instruments, asked, settled, at_the_end=at_the_end)
            known[key] = np.array([found[items[column]] is False for column in under_rules])
        return known[key]

    return decide
