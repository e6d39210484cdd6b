"""A clock that stands still until it is moved."""

from __future__ import annotations

from datetime import datetime


class VirtualClock:
    """Give the virtual instant when called; see `longwave.clock.Clock`."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def __call__(self) -> datetime:
        """Return the virtual instant."""
        return self._now

    def move_to(self, at: datetime) -> None:
        """Move forward; a clock that ran backwards would make every window meaningless."""
        if at < self._now:
            raise ValueError(f"The clock is at {self._now} and cannot go back to {at}.")
        self._now = at
