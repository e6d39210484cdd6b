"""How long to wait before a message is tried again, and how often."""

from __future__ import annotations

from datetime import timedelta

MOST_ATTEMPTS = 48
"""About two days, after which a message that could not be sent is given up."""

_FIRST = timedelta(minutes=4)
_LONGEST = timedelta(hours=1)
_SPREAD = 0.25


def back_off(attempts: int, draw: float) -> timedelta:
    """Return how long to wait after an attempt that failed for now.

    The waits double from four minutes to an hour. Each is shortened by up to a quarter, by
    chance: what a server refused together does not come back together.

    Parameters
    ----------
    attempts
        How many attempts there were, at least 1.
    draw
        A random number from 0 to 1.
    """
    longest = min(_FIRST * (1 << min(attempts - 1, 9)), _LONGEST)
    return longest * (1 - _SPREAD * draw)
