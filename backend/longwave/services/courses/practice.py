"""A participant's own programme: what is there for her now, and what she has done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlmodel import Session

from longwave.domain.errors import NotFoundError, RefusedTransitionError
from longwave.domain.lifecycle import FollowUp, ProgrammeState, StudyState
from longwave.domain.protocol.programme import Material, Programme
from longwave.services.courses.clockwork import is_practising, programme_of
from longwave.services.courses.recording import checked_minutes, write
from longwave.services.participant import hold_open
from longwave.storage import course
from longwave.storage import programme as periods
from longwave.storage import study as studies
from longwave.storage.tables import Dose, Participant
from longwave.storage.tables.base import key

BACK = timedelta(days=7)
"""How long afterwards somebody can still say that she practised."""

_PARTICIPANT = "participant"
_SELF: Literal["self"] = "self"
_MAY_READ = (ProgrammeState.ON, ProgrammeState.COMPLETED)
_GONE = (FollowUp.WITHDRAWN, FollowUp.DECEASED)


@dataclass(frozen=True, slots=True)
class PracticeSession:
    """One session or day's practice that is there. ``may_log``: she can still say it was done."""

    number: int
    planned_at: datetime
    opened: bool
    done_at: datetime | None
    minutes: float | None
    length: int | None
    may_log: bool
    material: Material | None


@dataclass(frozen=True, slots=True)
class OwnProgramme:
    """A participant's programme: sessions so far, the newest first, and when the next one is."""

    programme: Programme
    sessions: tuple[PracticeSession, ...]
    next_at: datetime | None
    ended: bool

    def session(self, number: int) -> PracticeSession:
        """Return one session; what is not there yet is not found."""
        for found in self.sessions:
            if found.number == number:
                return found
        raise _nothing()


def own_programme(session: Session, participant: Participant, *, now: datetime) -> OwnProgramme:
    """Return what a participant's programme has for her at this moment.

    Raises
    ------
    NotFoundError
        If her arm has none at this moment, as if there were none in the study.
    """
    plan = _plan(session, participant)
    if plan is None:
        raise _nothing()
    doses = [
        dose
        for dose in course.doses(session, key(participant), plan.id)
        if dose.cancelled_at is None
    ]
    there = [dose for dose in doses if dose.released_at is not None]
    to_come = [dose.planned_at for dose in doses if dose.released_at is None]
    may_log = plan.kind == "daily" and is_practising(participant)
    return OwnProgramme(
        programme=plan,
        sessions=tuple(
            _session(plan, dose, may_log and now < dose.planned_at + BACK)
            for dose in reversed(there)
        ),
        next_at=min(to_come, default=None),
        ended=participant.programme == ProgrammeState.COMPLETED,
    )


def has_programme(session: Session, participant: Participant) -> bool:
    """Whether a participant's pages may speak of a programme."""
    return _plan(session, participant) is not None


def open_session(session: Session, participant: Participant, number: int, *, now: datetime) -> None:
    """Note that a participant looks at a session for the first time."""
    own = own_programme(session, participant, now=now)
    if own.session(number).opened:
        return
    if studies.by_id(session, participant.study_id).state in (
        StudyState.LOCKED,
        StudyState.ARCHIVED,
    ):
        return  # it may still be read
    participant, _ = hold_open(session, participant)
    dose = _released(session, participant, own.programme, number)
    dose.opened_at = dose.opened_at or now
    session.flush()


def log(
    session: Session,
    participant: Participant,
    number: int,
    minutes: float | None,
    *,
    now: datetime,
) -> None:
    """Note that a participant has practised; without minutes, as long as was planned.

    To press the button twice changes nothing.

    Raises
    ------
    RefusedTransitionError
        If it is too late, or her programme is over.
    """
    participant, _ = hold_open(session, participant)
    own = own_programme(session, participant, now=now)
    found = own.session(number)
    if found.done_at is not None:
        return
    if not found.may_log:
        raise RefusedTransitionError(
            "This practice can no longer be entered.", "Go on with today's practice."
        )
    taken = checked_minutes(minutes)
    dose = _released(session, participant, own.programme, number)
    dose.opened_at = dose.opened_at or now
    write(
        session,
        participant,
        dose,
        done_at=now,
        minutes=taken if taken is not None else checked_minutes(found.length),
        source=_SELF,
        actor=_PARTICIPANT,
        now=now,
    )


def _plan(session: Session, participant: Participant) -> Programme | None:
    if (
        participant.randomised_at is None
        or participant.erased_at is not None
        or participant.programme not in _MAY_READ
        or participant.follow_up in _GONE
    ):
        return None
    programme = periods.current(session, key(participant)).programme
    return None if programme is None else programme_of(session, participant, programme)


def _released(
    session: Session, participant: Participant, programme: Programme, number: int
) -> Dose:
    found = course.dose(session, key(participant), programme.id, number)
    if found is None or found.released_at is None or found.cancelled_at is not None:
        raise _nothing()
    return found


def _session(plan: Programme, dose: Dose, may_log: bool) -> PracticeSession:
    return PracticeSession(
        number=dose.session,
        planned_at=dose.planned_at,
        opened=dose.opened_at is not None,
        done_at=dose.done_at,
        minutes=dose.minutes,
        length=plan.minutes_of(dose.session),
        may_log=may_log and dose.source is None,
        material=plan.material(dose.session),
    )


def _nothing() -> NotFoundError:
    return NotFoundError("There is no such page.", "Open the link from your message again.")
