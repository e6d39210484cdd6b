"""How long to wait before a message is tried again, and how often."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

MOST_ATTEMPTS = 48
"""About two days, after which a message that could not be sent is given up."""

MOST_IN_DOUBT = 3
"""Attempts after which what may have arrived is not sent once more."""

_FIRST = timedelta(minutes=4)
_LONGEST = timedelta(hours=1)
_SPREAD = 0.25


def back_off(attempts: int, draw: float) -> timedelta:
    """Return how long to wait after an attempt that failed for now.

    The waits double from four minutes to an hour. Each is shortened by up to a quarter: what
    a server refused together does not come back together.

    Parameters
    ----------
    attempts
        How many attempts there were, at least 1.
    draw
        A number from 0 to 1, such as `drawn_for` returns.
    """
    longest = min(_FIRST * (1 << min(attempts - 1, 9)), _LONGEST)
    return longest * (1 - _SPREAD * draw)


def drawn_for(mail_id: str, attempts: int) -> float:
    """Return a number from 0 to 1 for an attempt: as good as drawn by chance, yet always the same.

    Message-IDs are random, so the numbers are too.
    """
    drawn = sha256(f"{mail_id}/{attempts}".encode()).digest()
    return int.from_bytes(drawn[:4], "big") / (1 << 32)
