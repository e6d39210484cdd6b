"""When an assessment closes, and by which rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from longwave.domain.protocol.model import Expiry
from longwave.domain.schedule.clock import elapsed


class ClosingReason(StrEnum):
    """The rule by which an assessment closes.

    ``missed``: its whole window had passed before the clockwork could open it.
    """

    WINDOW = "window"
    UNOPENED = "unopened"
    IDLE = "idle"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Closing:
    """When an assessment closes, unless something happens before, and why."""

    at: datetime
    reason: ClosingReason


def closing(
    rules: Expiry | None,
    hard_close: datetime,
    zone: str,
    *,
    invited_at: datetime | None = None,
    opened_at: datetime | None = None,
    saved_at: datetime | None = None,
) -> Closing:
    """Return when an assessment closes and why: by the earliest rule that applies to it.

    Whoever has opened it, or saved an answer, is idle from the latest of these on; who has not is
    counted from the invitation. The window's end comes first among equals, and is never passed.
    What was answered until then is kept.

    Parameters
    ----------
    hard_close
        When the window closes.
    invited_at, opened_at, saved_at
        When the invitation went out, the link was opened, and the last answer was saved; None if
        that has not happened.
    """
    window = Closing(hard_close, ClosingReason.WINDOW)
    if rules is None:
        return window
    active = [at for at in (opened_at, saved_at) if at is not None]
    reason = ClosingReason.IDLE if active else ClosingReason.UNOPENED
    span = rules.idle if active else rules.unopened
    since = max(active) if active else invited_at
    if span is None or since is None:
        return window
    at = elapsed(span, since, zone)
    return Closing(at, reason) if at < hard_close else window
