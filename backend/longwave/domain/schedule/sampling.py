"""Random times of day with a minimum distance, every admissible set of them equally likely."""

from __future__ import annotations

from collections.abc import Callable

Below = Callable[[int], int]
"""A source of whole numbers from 0 below a bound, each equally likely."""


def drawn_times(count: int, last: int, apart: int, below: Below) -> tuple[int, ...]:
    """Draw ``count`` minutes from 0 to ``last`` (included), each ``apart`` from the next or more.

    Taking away ``apart - 1`` minutes for each earlier time turns the admissible sets, one to one,
    into the sets of ``count`` different minutes of a shorter interval. Of these one is drawn by
    Floyd's method (doi:10.1145/30401.315746), so that each is equally likely.

    Parameters
    ----------
    count, last, apart
        The number of times, the length of the interval and the least distance, in minutes.
    below
        Called ``count`` times, for growing bounds; the same numbers give the same times.

    Raises
    ------
    ValueError
        If the interval is too short for so many times.
    """
    places = last + 1 - (count - 1) * (apart - 1)
    if places < count:
        raise ValueError(f"{count} times {apart} minutes apart do not fit in {last} minutes.")
    chosen: set[int] = set()
    for place in range(places - count, places):
        drawn = below(place + 1)
        chosen.add(place if drawn in chosen else drawn)
    return tuple(place + index * (apart - 1) for index, place in enumerate(sorted(chosen)))
