"""Where time comes from. A clock is made at the edge and handed down; nothing else reads one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""A function that returns the current instant, in UTC."""


def system_clock() -> datetime:
    """Return the computer's current time in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that reads the computer's clock
