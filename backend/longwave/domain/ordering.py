"""The order in which the items of a questionnaire are shown, where chance decides it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from longwave.domain.instrument import Instrument, Item

Below = Callable[[int], int]
"""A source of whole numbers from 0 below a bound, each equally likely."""


def drawn_order(instrument: Instrument, below: Below) -> tuple[str, ...]:
    """Draw an order of an instrument's items, each that keeps its first items equally likely.

    Parameters
    ----------
    below
        Called once for each item but the last that may move (Fisher and Yates' method, from the
        end); the same numbers give the same order.

    Returns
    -------
    tuple of str
        The ids of all items, each once.
    """
    ids = [item.id for item in instrument.items]
    for place in range(len(ids) - 1, instrument.keep_first, -1):
        other = instrument.keep_first + below(place + 1 - instrument.keep_first)
        ids[place], ids[other] = ids[other], ids[place]
    return tuple(ids)


def in_order(instrument: Instrument, order: Sequence[str] | None) -> tuple[Item, ...]:
    """Return the items as they are shown: in a recorded order, else in that of the instrument.

    Items that the record does not know come last; what it knows beyond them is passed over.
    """
    if not order:
        return instrument.items
    place = {name: number for number, name in enumerate(order)}
    return tuple(sorted(instrument.items, key=lambda item: place.get(item.id, len(place))))
