"""Who is in an export, and when messages could reach them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlalchemy import func, select
from sqlmodel import Session, col

from longwave.domain.blinding import follow_up_shown
from longwave.domain.dataset import (
    DatasetParticipant,
    DatasetPause,
    DatasetReach,
)
from longwave.domain.lifecycle import Messages, Stage
from longwave.domain.randomisation import list_of_members
from longwave.storage.tables import (
    Allocation,
    Consent,
    Event,
    Participant,
)

_CONSENTED = (Stage.CONSENTED, Stage.ENROLLED, Stage.RANDOMISED)
_BOUNCED = "message.bounced"
_CHANGED = "contact.changed"
_PAUSED = f"participant.messages_{Messages.PAUSED}"
_RESUMED = f"participant.messages_{Messages.ON}"


def read_participants(
    session: Session, study_id: int, arms: bool, hidden_waves: Collection[str]
) -> Iterable[DatasetParticipant]:
    """Return everyone who consented, in the order of their public ids."""
    consented = (
        select(
            col(Consent.participant_id).label("participant_id"),
            func.min(col(Consent.signed_at)).label("signed_at"),
        )
        .group_by(col(Consent.participant_id))
        .subquery()
    )
    statement = (
        select(
            col(Participant.id),
            col(Participant.public_id),
            col(Participant.site),
            col(Participant.language),
            col(Participant.zone),
            col(Participant.stage),
            col(Participant.follow_up),
            col(Participant.messages),
            col(Participant.stratum),
            consented.c.signed_at,
            col(Participant.enrolled_at),
            col(Participant.randomised_at),
            col(Participant.withdrawn_at),
            col(Participant.stratum_actual),
            col(Participant.randomised_in_error_at).is_not(None),
            col(Participant.erased_at).is_not(None),
            col(Allocation.list),
        )
        .outerjoin(consented, consented.c.participant_id == col(Participant.id))
        .outerjoin(Allocation, col(Allocation.participant_id) == col(Participant.id))
        .where(col(Participant.study_id) == study_id, col(Participant.stage).in_(_CONSENTED))
        .order_by(col(Participant.public_id))
    )
    if arms:
        statement = statement.add_columns(col(Participant.crossover_at), col(Allocation.arm))
    rows = session.execute(statement)
    people = (DatasetParticipant(*row) for row in rows)
    shown = (
        replace(
            who,
            follow_up=follow_up_shown(who.follow_up, hidden_waves, blinded=not arms),
            cluster=_cluster(who.cluster),
        )
        for who in people
    )
    # The order is that of the code points, whatever the database's collation says.
    return sorted(shown, key=lambda found: found.public_id)


def _cluster(list_name: str | None) -> str | None:
    """Return the cluster whose members stand on a list, if it is such a list."""
    prefix = list_of_members("")
    if list_name is None or not list_name.startswith(prefix):
        return None
    return list_name.removeprefix(prefix)


def read_pauses(session: Session, study_id: int) -> Iterable[DatasetPause]:
    """Give when participants wanted no messages, or wanted them again."""
    statement = (
        select(col(Event.participant_id), col(Event.at), col(Event.kind))
        .where(col(Event.study_id) == study_id, col(Event.kind).in_((_PAUSED, _RESUMED)))
        .order_by(col(Event.id))
    )
    return (DatasetPause(who, at, kind == _PAUSED) for who, at, kind in session.execute(statement))


def read_reach(session: Session, study_id: int) -> Iterable[DatasetReach]:
    """Give from when on whose address was dead, or was another one, by the trail."""
    statement = (
        select(col(Event.participant_id), col(Event.at), col(Event.kind), col(Event.payload))
        .where(
            col(Event.study_id) == study_id,
            col(Event.kind).in_((_BOUNCED, _CHANGED)),
            col(Event.participant_id).is_not(None),
        )
        .order_by(col(Event.id))
    )
    for who, at, kind, payload in session.execute(statement):
        if kind == _CHANGED or "suppressed" in payload:
            yield DatasetReach(who, at, dead=kind == _BOUNCED)
