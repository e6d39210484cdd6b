"""Attendance, as facilitators enter it, and what was entered wrongly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.domain.permissions import Action
from longwave.keys import KeyRing
from longwave.services import personal
from longwave.services.courses.clockwork import programme_of
from longwave.services.courses.groups import get_group, require_group
from longwave.services.courses.recording import checked_minutes, write
from longwave.services.participant import hold_open, required_reason
from longwave.storage import course
from longwave.storage.tables import CourseGroup, Dose, Participant, Study
from longwave.storage.tables.base import key

_STAFF: Literal["staff"] = "staff"


def attend(
    session: Session,
    study: Study,
    programme: str,
    name: str,
    number: int,
    *,
    present: Mapping[str, float | None],
    absent: Iterable[str] = (),
    viewer: Viewer,
    now: datetime,
) -> int:
    """Write down who was at a session of a group, and who was not.

    To say the same again changes nothing, and to say something else takes a correction.

    Parameters
    ----------
    number
        The session, from 1.
    present
        By public id the minutes of those who were there; None for the length of the session.
    absent
        The public ids of those who were not.

    Returns
    -------
    int
        How many lines are new.

    Raises
    ------
    InvalidInputError
        If somebody is in both lists, or not one of the group at that session.
    RefusedTransitionError
        If the session is still to come, or something else was written down before.
    """
    viewer.require(Action.RUN_PROGRAMME)
    group = get_group(session, study, programme, name)
    require_group(viewer, group)
    missing = list(dict.fromkeys(absent))
    _check_lists(present, missing)
    planned = {who.public_id: (dose, who) for dose, who in _planned(session, study, group, number)}
    unknown = [who for who in (*present, *missing) if who not in planned]
    if unknown:
        raise InvalidInputError(
            f"Not of {name} at session {number}: {', '.join(sorted(unknown))}.",
            "`longwave course list` shows who is in which group.",
            dict.fromkeys(unknown, "is not of this group at this session"),
        )
    entries: dict[str, tuple[bool, float | None]] = {
        **{who: (True, checked_minutes(minutes)) for who, minutes in present.items()},
        **dict.fromkeys(missing, (False, None)),
    }
    new = 0
    # People are locked in the order of their ids, whoever else enters the same session.
    for public_id in sorted(entries, key=lambda who: key(planned[who][1])):
        attended, minutes = entries[public_id]
        _, participant = planned[public_id]
        new += _enter(session, participant, programme, number, attended, minutes, viewer, now)
    return new


def correct(
    session: Session,
    participant: Participant,
    programme: str,
    number: int,
    *,
    attended: bool,
    minutes: float | None,
    reason: str,
    viewer: Viewer,
    keys: KeyRing,
    now: datetime,
) -> None:
    """Replace what was written down of a dose; the trail keeps both, encrypted.

    Raises
    ------
    NotFoundError
        If there is no such dose.
    RefusedTransitionError
        If its time has not come.
    """
    viewer.require(Action.RUN_PROGRAMME, site=participant.site)
    reason = required_reason(reason)
    participant, _ = hold_open(session, participant)
    dose = _dose(session, participant, programme, number)
    if dose.group_id is not None:
        require_group(viewer, course.group_by_id(session, dose.group_id))
    _require_past(dose, now)
    taken = checked_minutes(minutes)
    if attended and taken is None:
        taken = _length(session, participant, dose)
    values = {
        "attended_before": dose.done_at is not None,
        "minutes_before": dose.minutes,
        "attended": attended,
        "minutes": taken if attended else None,
    }
    sealed = personal.encrypt(session, participant, keys, values, kind="dose.corrected")
    write(
        session,
        participant,
        dose,
        done_at=(dose.done_at or dose.planned_at) if attended else None,
        minutes=taken,
        source=_STAFF,
        actor=viewer.name,
        now=now,
        kind="dose.corrected",
        more={"reason": reason, "values": sealed},
    )


def _enter(
    session: Session,
    participant: Participant,
    programme: str,
    number: int,
    attended: bool,
    minutes: float | None,
    viewer: Viewer,
    now: datetime,
) -> bool:
    viewer.require(Action.RUN_PROGRAMME, site=participant.site)
    participant, _ = hold_open(session, participant)
    dose = _dose(session, participant, programme, number)
    _require_past(dose, now)
    if attended and minutes is None:
        minutes = _length(session, participant, dose)
    if dose.source is not None:
        if (dose.done_at is not None, dose.minutes) == (attended, minutes):
            return False
        raise RefusedTransitionError(
            f"Something else was written down of {participant.public_id} at session {number}.",
            "Correct it, with a reason.",
        )
    write(
        session,
        participant,
        dose,
        done_at=dose.planned_at if attended else None,
        minutes=minutes,
        source=_STAFF,
        actor=viewer.name,
        now=now,
    )
    return True


def _planned(
    session: Session, study: Study, group: CourseGroup, number: int
) -> list[tuple[Dose, Participant]]:
    """Return the doses of a group at a session, of whoever is or was in it then."""
    found = course.of_session(session, key(study), key(group), number)
    if not found:
        raise NotFoundError(
            f"There is no session {number} of {group.name}.",
            "Sessions are planned a moment after the group has got its start.",
        )
    return found


def _dose(session: Session, participant: Participant, programme: str, number: int) -> Dose:
    found = course.dose(session, key(participant), programme, number)
    if found is None or found.cancelled_at is not None:
        raise NotFoundError(
            f"There is no session {number} of {programme} for {participant.public_id}.",
            "`longwave course doses` shows those there are.",
        )
    return found


def _require_past(dose: Dose, now: datetime) -> None:
    if dose.planned_at > now:
        raise RefusedTransitionError(
            f"Session {dose.session} is still to come.", "Enter it when it has begun."
        )


def _length(session: Session, participant: Participant, dose: Dose) -> float | None:
    return checked_minutes(
        programme_of(session, participant, dose.programme).minutes_of(dose.session)
    )


def _check_lists(present: Mapping[str, float | None], absent: list[str]) -> None:
    both = sorted(set(present) & set(absent))
    if both:
        raise InvalidInputError(
            f"Both present and absent: {', '.join(both)}.",
            "Name each once.",
            dict.fromkeys(both, "is both present and absent"),
        )
    if not present and not absent:
        raise InvalidInputError("Nobody is named.", "Name who was there, or who was not.")
