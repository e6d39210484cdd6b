"""The arithmetic of contact budgets: when there is room for one more message."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from longwave.domain.duration import Duration
from longwave.domain.schedule import elapsed


def room_at(
    count: int, per: Duration, sent: Iterable[datetime], zone: str, now: datetime
) -> datetime:
    """Return the first instant from ``now`` on at which one more message stays in the budget.

    Parameters
    ----------
    count, per
        At most ``count`` messages within any span ``per``, counted on the person's calendar.
    sent
        When messages that count were sent, in any order.
    zone
        IANA name of the person's time zone.
    """
    leaving = sorted(at for at in (elapsed(per, found, zone) for found in sent) if at > now)
    return now if len(leaving) < count else leaving[len(leaving) - count]
