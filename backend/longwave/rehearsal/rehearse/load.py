"""How many messages go out, when, and to whom; and which do not, with the reason."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from longwave.domain.lifecycle import MessageState
from longwave.domain.protocol.model import Protocol
from longwave.domain.schedule import outside_quiet_hours, wall_clock
from longwave.rehearsal.rehearse.facts import Facts, MessageFact

_PEAKS = 5


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean, 95th percentile (nearest rank) and maximum of a count."""

    mean: float
    p95: int
    most: int

    @classmethod
    def of(cls, counts: Sequence[int]) -> Spread:
        """Sum up counts; of none, all is 0."""
        if not counts:
            return cls(0.0, 0, 0)
        rank = math.ceil(0.95 * len(counts)) - 1
        return cls(round(sum(counts) / len(counts), 4), sorted(counts)[rank], max(counts))


@dataclass(frozen=True, slots=True)
class Day:
    """What left on one day of the study's calendar, by kind."""

    day: date
    kinds: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many messages that were."""
        return sum(self.kinds.values())


@dataclass(frozen=True, slots=True)
class Unsent:
    """Messages that never left, of one kind and for one reason."""

    kind: str
    state: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Quiet:
    """Messages that waited for the end of quiet hours; ``hours`` is the longest wait."""

    shifted: Mapping[str, int]
    hours: float


@dataclass(frozen=True, slots=True)
class Crowded:
    """Days on which one person got more messages than ``limit``; ``most`` is the worst."""

    limit: int
    days: int
    people: int
    most: int


@dataclass(frozen=True, slots=True)
class Load:
    """The messages of a rehearsal.

    ``by_day`` has every day from the first message to the last; ``peaks`` the fullest days;
    ``peak_hour`` the fullest hour, as its beginning in the study's zone and the number.
    ``by_arm`` is the load per person in each arm; of those without one under ``""``.
    """

    sent: Mapping[str, int]
    to_staff: int
    by_day: tuple[Day, ...]
    per_day: Spread
    per_person: Spread
    by_arm: Mapping[str, Spread]
    peaks: tuple[Day, ...]
    peak_hour: tuple[str, int]
    quiet: Quiet
    unsent: tuple[Unsent, ...]
    crowded: Crowded


def message_load(facts: Facts, protocol: Protocol, *, most_a_day: int) -> Load:
    """Count the messages of a rehearsal."""
    sent = [found for found in facts.messages if found.sent_at is not None]
    by_day = _by_day(sent, protocol.study.timezone)
    received = Counter(found.person for found in sent)
    return Load(
        sent=_sorted(Counter(found.kind for found in sent)),
        to_staff=received[None],
        by_day=by_day,
        per_day=Spread.of([day.total for day in by_day]),
        per_person=Spread.of([received[who.number] for who in facts.people]),
        by_arm=_by_arm(facts, received),
        peaks=tuple(sorted(by_day, key=lambda day: (-day.total, day.day))[:_PEAKS]),
        peak_hour=_peak_hour(sent, protocol.study.timezone),
        quiet=_quiet(facts, sent, protocol.messages.quiet_hours),
        unsent=_unsent(facts.messages),
        crowded=_crowded(facts, sent, most_a_day),
    )


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted((str(name), number) for name, number in counts.items()))


def _by_day(sent: Iterable[MessageFact], zone: str) -> tuple[Day, ...]:
    days: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for found in sent:
        days[_local(found, zone).date()][found.kind] += 1
    if not days:
        return ()
    first, last = min(days), max(days)
    every = (first + timedelta(days=place) for place in range((last - first).days + 1))
    return tuple(Day(day, _sorted(days.get(day, Counter()))) for day in every)


def _local(found: MessageFact, zone: str) -> datetime:
    assert found.sent_at is not None
    return wall_clock(found.sent_at, zone)


def _by_arm(facts: Facts, received: Mapping[int | None, int]) -> dict[str, Spread]:
    counts: defaultdict[str, list[int]] = defaultdict(list)
    for who in facts.people:
        counts[who.arm or ""].append(received.get(who.number, 0))
    return {arm: Spread.of(found) for arm, found in sorted(counts.items())}


def _peak_hour(sent: Iterable[MessageFact], zone: str) -> tuple[str, int]:
    hours = Counter(
        _local(found, zone).replace(minute=0, second=0, microsecond=0) for found in sent
    )
    if not hours:
        return "", 0
    hour, number = min(hours.items(), key=lambda pair: (-pair[1], pair[0]))
    return hour.isoformat(timespec="minutes"), number


def _quiet(facts: Facts, sent: Iterable[MessageFact], quiet: tuple[str, str] | None) -> Quiet:
    """Find the messages that were planned within their person's quiet hours, and waited."""
    zones = {who.number: who.zone for who in facts.people}
    shifted: Counter[str] = Counter()
    longest = timedelta()
    for found in sent:
        if found.person is None or found.at_once:
            continue
        until = outside_quiet_hours(found.planned_at, zones[found.person], quiet)
        if until > found.planned_at:
            shifted[found.kind] += 1
            longest = max(longest, until - found.planned_at)
    return Quiet(_sorted(shifted), round(longest.total_seconds() / 3600, 2))


def _unsent(messages: Iterable[MessageFact]) -> tuple[Unsent, ...]:
    counts = Counter(
        (found.kind, found.state, found.reason or "")
        for found in messages
        if found.state != MessageState.SENT
    )
    return tuple(Unsent(*place, number) for place, number in sorted(counts.items()))


def _crowded(facts: Facts, sent: Iterable[MessageFact], limit: int) -> Crowded:
    zones = {who.number: who.zone for who in facts.people}
    counts = Counter(
        (found.person, _local(found, zones[found.person]).date())
        for found in sent
        if found.person is not None
    )
    over = [(person, number) for (person, _), number in counts.items() if number > limit]
    return Crowded(
        limit=limit,
        days=len(over),
        people=len({person for person, _ in over}),
        most=max(counts.values(), default=0),
    )
