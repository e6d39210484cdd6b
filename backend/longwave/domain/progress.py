"""How much of an assessment is left, given what was answered and what the rules hide."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from longwave.domain.branching import Settled, Visibility
from longwave.domain.instrument import Instrument, Item, ItemKind

_SECONDS: Mapping[ItemKind, float] = {
    "likert": 8,
    "choice": 10,
    "choices": 15,
    "number": 12,
    "slider": 12,
    "text": 20,
    "date": 15,
    "time": 12,
    "information": 10,
    "consent": 15,
}
_LONG_TEXT = 60.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Where somebody is: the ``page`` of how many ``pages``, and what is open on all of them.

    ``minutes_left`` is 0 when nothing is open, and whole minutes, rounded up, otherwise. What
    still hangs on open answers counts in full, so that the promise is not broken by a long way.
    """

    page: int
    pages: int
    items_left: int
    minutes_left: int


def progress(
    instruments: Sequence[Instrument], visible: Visibility, settled: Settled, at: str
) -> Progress:
    """Return how far an assessment is on the page of the instrument ``at``.

    An instrument has a page if any of its items is shown or may still be. Its minutes, as its
    file states them, are shared out among its items in the ratio of what such items take; these
    ratios are Longwave's own estimate.
    """
    pages = [
        one.id
        for one in instruments
        if one.id == at or any(visible[one.id, item.id] is not False for item in one.items)
    ]
    left = [
        (one, item)
        for one in instruments
        for item in one.asked
        if visible[one.id, item.id] is not False and (one.id, item.id) not in settled
    ]
    minutes = sum(minutes_of(one, item) for one, item in left)
    return Progress(pages.index(at) + 1, len(pages), len(left), math.ceil(minutes - 1e-9))


def minutes_of(instrument: Instrument, item: Item) -> float:
    """Return about how long an item takes."""
    return instrument.minutes * _seconds(item) / sum(_seconds(one) for one in instrument.items)


def _seconds(item: Item) -> float:
    return _LONG_TEXT if item.is_long else _SECONDS[item.kind]
