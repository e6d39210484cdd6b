"""Sending rates, shared by all workers: each message that must wait is given its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from longwave.config import Settings
from longwave.domain.lifecycle import Channel
from longwave.domain.messages import Reason
from longwave.domain.messages.kinds import ANSWERING
from longwave.domain.messages.rate import PAID, Lane
from longwave.keys import KeyRing, Purpose
from longwave.storage import rate as rates
from longwave.storage.rate import Way
from longwave.storage.tables import Message

ALL = "*"


@dataclass(frozen=True, slots=True)
class Limits:
    """How many messages a minute may go through each channel, and by e-mail to each domain.

    What is not limited is not counted.
    """

    per_channel: Mapping[Channel, int] = field(default_factory=dict)
    per_domain: int | None = None

    @classmethod
    def set_by(cls, settings: Settings) -> Limits:
        """Return the limits that an installation decides."""
        chosen = {
            Channel.EMAIL: settings.email_per_minute,
            Channel.SMS: settings.sms_per_minute,
        }
        return cls(
            {channel: most for channel, most in chosen.items() if most is not None},
            settings.email_per_minute_and_domain,
        )


NO_LIMITS = Limits()


class Wish(NamedTuple):
    """A message that could go now, and to whom."""

    message: Message
    recipient: str


def places(
    session: Session, wishes: Sequence[Wish], limits: Limits, *, keys: KeyRing, now: datetime
) -> list[datetime]:
    """Return when each message may go, in the order of the messages.

    What is urgent, or answers what somebody just did, is counted and goes at once. One that comes
    back at its place is let through.
    """
    ways = [_ways(wish, limits, keys) for wish in wishes]
    if not any(ways):
        return [now] * len(wishes)
    held = rates.hold(session, (way for each in ways for way in each), now)
    lanes = {way: Lane(_limit(way, limits), at) for way, at in held.items()}
    given = [
        _place(wish.message, [lanes[way] for way in each], now)
        for wish, each in zip(wishes, ways, strict=True)
    ]
    rates.move(session, {way: lane.next_at for way, lane in lanes.items()})
    return given


def _place(message: Message, lanes: Sequence[Lane], now: datetime) -> datetime:
    if message.reason == Reason.RATE and now <= message.due_at + PAID:
        return now
    at = max((lane.place(now) for lane in lanes), default=now)
    for lane in lanes:
        lane.give(now)
    return now if message.priority <= ANSWERING else at


def _ways(wish: Wish, limits: Limits, keys: KeyRing) -> tuple[Way, ...]:
    channel = Channel(wish.message.channel)
    ways = [Way(channel, ALL)] if channel in limits.per_channel else []
    if limits.per_domain is not None and channel is Channel.EMAIL:
        domain = wish.recipient.rpartition("@")[2].lower()
        ways.append(Way(channel, keys.mac(Purpose.RATE, domain)))
    return tuple(ways)


def _limit(way: Way, limits: Limits) -> int:
    if way.domain == ALL:
        return limits.per_channel[Channel(way.channel)]
    assert limits.per_domain is not None
    return limits.per_domain
