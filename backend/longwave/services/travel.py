"""Participants who live by another clock from a day on: local times stay, instants follow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time

from sqlmodel import Session

from longwave.domain.errors import InvalidInputError
from longwave.domain.lifecycle import AssessmentStatus
from longwave.domain.protocol.faults import suggest
from longwave.domain.schedule import Planned, instant, moved_to_zone, wall_clock
from longwave.domain.zones import known_zones
from longwave.services import planning
from longwave.services.participant import hold_open, record
from longwave.storage import assessment as assessments
from longwave.storage import travel as reminders
from longwave.storage.tables import Assessment, Participant
from longwave.storage.tables.base import key

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)


def change_zone(
    session: Session,
    participant: Participant,
    zone: str,
    *,
    actor: str,
    now: datetime,
    since: date | None = None,
) -> None:
    """Let a participant live by another time zone.

    What has not opened and is due on that day or later moves: it comes at the same local time.
    So do reminders of what is open, if they are due by then; what is open closes as it would
    have. A change that was noted for a later day gives way to this one.

    Parameters
    ----------
    zone
        An IANA name, such as ``Europe/Istanbul``.
    since
        The first day in the zone; today if not given. A day that is past means today.

    Raises
    ------
    InvalidInputError
        If there is no such zone, or if the participant lives by it already.
    RefusedTransitionError
        If the study is locked or archived.
    """
    participant, _ = hold_open(session, participant)
    _check_zone(zone)
    here = participant.zone_at(now)
    today = wall_clock(now, zone).date()
    day = today if since is None else max(since, today)
    if zone == here and participant.zone_at(_END_OF_TIME) == here:
        raise InvalidInputError(
            f"Participant {participant.public_id} lives by {zone} already.",
            "Nothing to do.",
            {"zone": "is the present one"},
        )
    moves = [(zone, day)]
    if participant.zone_changes_at is not None and now < participant.zone_changes_at:
        moves.insert(0, (here, wall_clock(now, here).date()))  # the journey that gives way
    _move(assessments.of_participant(session, key(participant)), moves)
    _move_reminders(session, participant, zone, day, now)
    participant.zone, participant.next_zone = here, zone
    midnight = instant(datetime.combine(day, time()), zone)
    participant.zone_changes_at = now if day == today else midnight
    told = {"zone": zone, "since": day.isoformat()}
    record(session, participant, "participant.zone_changed", told, actor=actor, now=now)


def _check_zone(zone: str) -> None:
    known = known_zones()
    if zone not in known:
        raise InvalidInputError(
            f"There is no time zone {zone[:60]!r}.",
            f"Write its IANA name, such as Europe/Istanbul.{suggest(zone[:60], sorted(known))}",
            {"zone": "is no IANA name of a time zone"},
        )


def _move(found: Sequence[Assessment], moves: Iterable[tuple[str, date]]) -> None:
    planned = [
        Planned(
            each.wave,
            each.occurrence,
            planning.window_of(each),
            opened=each.status != AssessmentStatus.SCHEDULED,
        )
        for each in found
    ]
    for zone, since in moves:
        planned = moved_to_zone(planned, zone, since)
    for each, one in zip(found, planned, strict=True):
        if not one.opened:
            planning.move(each, one.window)


def _move_reminders(
    session: Session, participant: Participant, zone: str, day: date, now: datetime
) -> None:
    """Let reminders of what is open come at the same local time."""
    for reminder, planned_in in reminders.pending_reminders(session, key(participant)):
        wall = wall_clock(reminder.due_at, planned_in)
        if wall.date() >= day:
            reminder.due_at = max(instant(wall, zone), now)
    session.flush()
