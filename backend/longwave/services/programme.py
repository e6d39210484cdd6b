"""Arms over time: what an arm means from randomisation on, and what it means after a crossover.

Each meaning is a period, and periods are history: a crossover ends one and begins the next.
Stopping a programme ends no period and is no withdrawal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.permissions import Action
from longwave.domain.protocol.model import Arm, Crossover
from longwave.domain.schedule import instant, wall_clock
from longwave.keys import KeyRing
from longwave.services import courses
from longwave.services.dealing import deal
from longwave.services.participant import hold_open, move, record, required_reason
from longwave.services.planning import plan_from
from longwave.services.study import current_protocol
from longwave.storage import programme as periods
from longwave.storage import study as studies
from longwave.storage.tables import ArmPeriod, Participant, Study
from longwave.storage.tables.base import key

_CLOCKWORK = "clockwork"
_PARTICIPANT = "participant"


def start_arm(
    session: Session,
    study: Study,
    participant: Participant,
    arm: str,
    *,
    keys: KeyRing,
    now: datetime,
) -> None:
    """Begin the first period of an arm, and plan what counts from randomisation.

    A crossover whose time has passed already, since a cluster or a study began long ago,
    follows at once. The participant is locked, and her allocation is written.
    """
    meaning = current_protocol(session, study).arms[arm]
    plan_from(session, participant, "randomisation", now, keys=keys)
    _begin_period(session, participant, arm, meaning.programme, number=1, at=now)
    if meaning.programme is not None:
        move(participant, lifecycle.start_programme)
        _started(session, participant, meaning.programme, 1, keys, now)
    due = _crossover_due(session, study, participant, meaning, now)
    if due is not None and due <= now:
        cross_over(session, participant, keys=keys, at=now)
    else:
        participant.crossover_due_at = due
    session.flush()


def cross_over(session: Session, participant: Participant, *, keys: KeyRing, at: datetime) -> None:
    """End the period of waiting, and begin the programme that was waited for.

    Waves that count from the programme now count from ``at``; those that opened before stay.
    The participant is locked.
    """
    before = periods.current(session, key(participant))
    study = studies.by_id(session, participant.study_id)
    crossover = current_protocol(session, study).arms[before.arm].crossover
    if crossover is None:
        raise InvalidInputError(f"There is no crossover in the arm {before.arm}.")
    move(participant, lifecycle.cross_over)
    participant.crossover_at = at
    participant.crossover_due_at = None
    before.ends_at = at
    if before.programme is not None:
        courses.end(session, participant, actor=_CLOCKWORK, now=at)
    number = before.number + 1
    _begin_period(session, participant, before.arm, crossover.programme, number=number, at=at)
    payload = {"programme": crossover.programme}
    record(session, participant, "participant.crossed_over", payload, actor=_CLOCKWORK, now=at)
    _started(session, participant, crossover.programme, number, keys, at)


def cross_over_after(
    session: Session,
    study: Study,
    participant: Participant,
    wave: str,
    *,
    keys: KeyRing,
    at: datetime,
) -> None:
    """Bring about the crossover that the protocol plans for the end of ``wave``, if any."""
    if participant.randomised_at is None or participant.crossover_at is not None:
        return
    if not lifecycle.may_cross_over(participant.follow_up):
        return
    arm = periods.current(session, key(participant)).arm
    crossover = current_protocol(session, study).arms[arm].crossover
    if crossover is not None and crossover.after == wave:
        cross_over(session, participant, keys=keys, at=at)


def cross_over_due(session: Session, *, keys: KeyRing, now: datetime, limit: int) -> int:
    """Bring about the crossovers whose time has come; return how many were dealt with.

    Those whose participant is busy are left to the next sweep.
    """

    def cross_all(part: Sequence[Participant]) -> None:
        for participant in part:
            _cross_over_one(session, participant, keys, now)
        session.flush()

    due = periods.crossovers_due(session, now, limit)
    return deal(session, due, cross_all, whose=lambda participant: participant, now=now)


def stop(
    session: Session, participant: Participant, *, reason: str, viewer: Viewer, now: datetime
) -> None:
    """Take a participant out of the programme; follow-up goes on.

    ``reason`` enters the trail as it is: it must name nobody.
    """
    viewer.require(Action.RUN_PROGRAMME, site=participant.site)
    reason = required_reason(reason)
    _stop(session, participant, {"reason": reason}, actor=viewer.name, now=now)


def stop_own(session: Session, participant: Participant, *, now: datetime) -> None:
    """Let a participant leave the programme; she is asked on, and needs no reason."""
    _stop(session, participant, {}, actor=_PARTICIPANT, now=now)


def complete(session: Session, participant: Participant, *, viewer: Viewer, now: datetime) -> None:
    """Note that a participant has had the whole programme."""
    viewer.require(Action.RUN_PROGRAMME, site=participant.site)
    participant, _ = hold_open(session, participant)
    move(participant, lifecycle.complete_programme)
    record(session, participant, "programme.completed", {}, actor=viewer.name, now=now)
    courses.rest_is_cancelled(session, participant, now=now)


def _stop(
    session: Session,
    participant: Participant,
    payload: Mapping[str, str],
    *,
    actor: str,
    now: datetime,
) -> None:
    participant, _ = hold_open(session, participant)
    move(participant, lifecycle.stop_programme)
    record(session, participant, "programme.stopped", payload, actor=actor, now=now)
    courses.end(session, participant, actor=actor, now=now)


def _cross_over_one(
    session: Session, participant: Participant, keys: KeyRing, now: datetime
) -> None:
    due = participant.crossover_due_at
    if due is None or due > now or not lifecycle.may_cross_over(participant.follow_up):
        return
    if lifecycle.takes_data(studies.hold_state(session, participant.study_id)):
        cross_over(session, participant, keys=keys, at=due)


def _crossover_due(
    session: Session, study: Study, participant: Participant, arm: Arm, now: datetime
) -> datetime | None:
    """Return when a crossover is due that no wave brings about."""
    crossover = arm.crossover
    if crossover is None or crossover.at is None:
        return None
    origin = _origin(session, study, participant, crossover, now)
    zone = participant.zone_at(now)
    return instant(crossover.at.after(wall_clock(origin, zone)), zone)


def _origin(
    session: Session, study: Study, participant: Participant, crossover: Crossover, now: datetime
) -> datetime:
    """Return the instant that a crossover counts from; a cluster's members have one in common."""
    if crossover.origin == "opening":
        return study.opened_at or now
    return periods.cluster_allocated_at(session, key(participant)) or now


def _begin_period(
    session: Session,
    participant: Participant,
    arm: str,
    programme: str | None,
    *,
    number: int,
    at: datetime,
) -> None:
    session.add(
        ArmPeriod(
            participant_id=key(participant),
            number=number,
            arm=arm,
            programme=programme,
            starts_at=at,
        )
    )


def _started(
    session: Session,
    participant: Participant,
    programme: str,
    number: int,
    keys: KeyRing,
    at: datetime,
) -> None:
    payload = {"programme": programme, "number": number}
    record(session, participant, "programme.started", payload, actor=_CLOCKWORK, now=at)
    plan_from(session, participant, "programme", at, keys=keys)
    courses.begin(session, participant, programme, at=at)
