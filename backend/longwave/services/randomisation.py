"""Randomisation: one irrevocable allocation, in the transaction of what led to it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.lifecycle import FollowUp, ProgrammeState, Stage
from longwave.domain.protocol.model import RandomisationPlan
from longwave.domain.randomisation import arm_at
from longwave.keys import KeyRing
from longwave.services import audit, timeline
from longwave.services.study import current_protocol, sealed_settings
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Allocation, Participant, Study
from longwave.storage.tables.base import key


def randomise_after(
    session: Session,
    study: Study,
    participant: Participant,
    wave: str,
    *,
    keys: KeyRing,
    now: datetime,
) -> None:
    """Randomise a participant if the protocol says so after this wave; once, for ever."""
    protocol = current_protocol(session, study)
    plan = protocol.randomisation
    if (
        plan is None
        or plan.after != wave
        or participant.stage != Stage.ENROLLED
        or participant.follow_up != FollowUp.ACTIVE
    ):
        return
    locked = studies.lock(session, key(study))
    stratum = stratum_of(plan, participant)
    position = participants.next_position(session, key(study), stratum)
    arm = arm_at(sealed_settings(locked, keys), stratum, position)
    session.add(
        Allocation(
            study_id=key(study),
            participant_id=key(participant),
            list=stratum,
            position=position,
            arm=arm,
            allocated_at=now,
        )
    )
    participant.stage = Stage.RANDOMISED
    participant.stratum = stratum
    participant.randomised_at = now
    if protocol.arms[arm].programme is not None:
        participant.programme = ProgrammeState.ON
    audit.record(
        session,
        study,
        "participant.randomised",
        {"list": stratum, "position": position, "arm": arm},
        actor="clockwork",
        now=now,
        participant=participant,
    )
    session.flush()
    timeline.plan_from(session, participant, "randomisation", now, keys=keys)


def stratum_of(plan: RandomisationPlan, participant: Participant) -> str:
    """Return the stratum, as ``factor=level`` joined by ``|``, in the protocol's order."""
    screening = participant.screening or {}
    levels = {**screening, "site": participant.site}
    return "|".join(f"{factor}={levels[factor]}" for factor in plan.strata) or "all"
