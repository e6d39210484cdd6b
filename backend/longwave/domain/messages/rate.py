"""The arithmetic of sending rates: each message has a place, an interval after the one before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

PAID = timedelta(minutes=2)
"""How long after its place a message may still use it; later, it gets another one.

So a place is kept until the next tick, and what piled up while nothing was sent does not leave at
once."""

_PERIOD = timedelta(minutes=1)
_MOST_AT_ONCE = 5
"""Places of a minute that may be used at once: a sender works in small batches."""


@dataclass(slots=True)
class Lane:
    """One way that messages go, at most ``per_minute`` of them.

    This is the generic cell rate algorithm: ``next_at`` is when the place after the last one given
    begins, and up to five places may be used before their time.
    """

    per_minute: float
    next_at: datetime

    def place(self, now: datetime) -> datetime:
        """Return when the next message may go, from ``now`` on."""
        early = min(_MOST_AT_ONCE - 1, self.per_minute - 1) * self._interval
        return max(now, self.next_at - max(early, timedelta()))

    def give(self, now: datetime) -> None:
        """Give the next place away."""
        self.next_at = max(now, self.next_at) + self._interval

    @property
    def _interval(self) -> timedelta:
        return _PERIOD / self.per_minute
