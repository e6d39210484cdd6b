"""Short secrets that are sent to a participant and typed back: how long, how often, what they are.

Whoever holds a forwarded link is not thereby the person whom it belongs to; whoever reads a code at
the known address, or at the new one, is taken for its owner.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

DIGITS = 6
LIFE = timedelta(minutes=30)
"""How long a code can be typed; mail may be slow."""

MOST_WRONG = 5
"""After so many wrong ones a code is good for nothing."""

MOST_PER_HOUR = 5
MOST_PER_DAY = 10
"""How many codes a person can ask for; with `MOST_WRONG`, 50 guesses of a million a day."""

KEPT = timedelta(days=2)
"""How long anything of a code is kept."""


class CodePurpose(StrEnum):
    """What is proved by a code, and nothing else by it."""

    EMAIL = "email"
    PHONE = "phone"
    DOWNLOAD = "download"
    ERASURE = "erasure"


MOVES = (CodePurpose.EMAIL, CodePurpose.PHONE)
"""What a code moves to where it was read.

For as long as such a code is kept, no other is sent there: a link alone is enough to enter an
address, and whoever read messages at the old one must have time to object.
"""


class Tried(StrEnum):
    """What came of typing a code. It is no failure: whatever it was, it has been counted."""

    RIGHT = "right"
    WRONG = "wrong"
    WORN_OUT = "worn_out"
    GONE = "gone"


def as_code(digest: str) -> str:
    """Return the digits that stand for a digest, given in hexadecimal."""
    return str(int(digest, 16) % 10**DIGITS).zfill(DIGITS)


def typed_code(text: str) -> str:
    """Return what was typed in digits 0 to 9 alone; digits of every script count."""
    return "".join(str(unicodedata.digit(letter)) for letter in text[:40] if letter.isdecimal())


def next_code_at(asked: Sequence[datetime], now: datetime) -> datetime | None:
    """Return from when on a person may ask for another code; None if at once.

    Parameters
    ----------
    asked
        When codes were asked for, in any order.
    """
    waits = [
        times[-most] + span
        for most, span in ((MOST_PER_HOUR, timedelta(hours=1)), (MOST_PER_DAY, timedelta(days=1)))
        if len(times := sorted(at for at in asked if at > now - span)) >= most
    ]
    return max(waits, default=None)
