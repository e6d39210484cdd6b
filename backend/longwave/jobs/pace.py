"""How much a batch takes on, so that nobody waits long for its end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_LEAST = 4
"""A smaller batch ends little sooner: what each costs besides its assessments is as much."""


@dataclass(slots=True)
class Pace:
    """The size of the next batch: as much as the last ones show to fit into the time.

    The real time counts, and not that of the clockwork: people wait in real time.

    Parameters
    ----------
    hold
        For how many seconds a batch may keep others from writing.
    rest
        How many seconds pass before the next one, so that others write.
    most
        The largest batch.
    """

    hold: float
    rest: float
    most: int
    size: int = _LEAST

    @contextmanager
    def batch(self) -> Iterator[int]:
        """Give the size of a batch, which lasts as long as the block; then let others write."""
        begun = time.perf_counter()
        yield self.size
        self.adapt(time.perf_counter() - begun)
        time.sleep(self.rest)

    def adapt(self, took: float) -> None:
        """Choose the next size after a batch that took so many seconds; at most twice the last."""
        fits = int(self.size * self.hold / max(took, 1e-9))
        self.size = min(max(fits, _LEAST), self.size * 2, self.most)


def pace_for(*, one_writer: bool, most: int) -> Pace:
    """Return the pace for a database where but one may write at a time, or for another.

    On PostgreSQL a batch keeps only those waiting whom it deals with. On SQLite it keeps all, and
    rests longer than a writer of another process sleeps before it looks again.
    """
    return Pace(0.03, 0.005, most) if one_writer else Pace(0.25, 0, most)
