"""One irrevocable allocation, in the transaction of what led to it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.errors import ListEndedError
from longwave.domain.lifecycle import FollowUp, Stage
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.protocol.model import RandomisationPlan
from longwave.domain.randomisation import (
    SealedSettings,
    levels_of,
    list_of,
    list_of_members,
    next_arm,
    stratum_of,
)
from longwave.keys import KeyRing
from longwave.services import audit, programme
from longwave.services.participant import move
from longwave.services.study import current_protocol, sealed_settings
from longwave.storage import allocation as allocations
from longwave.storage import assessment as assessments
from longwave.storage import participant as participants
from longwave.storage import study as studies
from longwave.storage.tables import Allocation, Participant, Study
from longwave.storage.tables.base import key

_ACTOR = "clockwork"


def randomise_if_due(
    session: Session, study: Study, participant: Participant, *, keys: KeyRing, now: datetime
) -> None:
    """Randomise a participant for whom all is done that comes before; once, for ever.

    Her wave ``after`` is complete and her address is verified; she is enrolled, and followed.
    Nothing happens otherwise. The participant is locked; the study is locked here, so that
    each position of a list is given out once and none is left free.

    Where an uploaded list has come to its end nobody is allocated, and the trail says so. That is
    no failure of what led here: what she answered must be kept.
    """
    plan = current_protocol(session, study).randomisation
    if plan is None or not _is_due(session, plan, participant):
        return
    settings = sealed_settings(studies.lock(session, key(study)), keys)
    levels = {**(participant.screening or {}), "site": participant.site}
    stratum = stratum_of(plan.strata, levels)
    cluster = None if plan.cluster is None else stratum_of((plan.cluster,), levels)
    try:
        allocation = _next(session, study, settings, plan, cluster, stratum, now)
    except ListEndedError:
        ended = {"list": list_of(plan, stratum)}
        kind = "randomisation.list_ended"
        audit.record(session, study, kind, ended, actor=_ACTOR, now=now, participant=participant)
        return
    allocation.participant_id = key(participant)
    session.add(allocation)
    move(participant, lifecycle.randomise)
    participant.stratum = stratum
    participant.randomised_at = now
    session.flush()
    audit.record(
        session,
        study,
        "participant.randomised",
        told(allocation, stratum, cluster),
        actor=_ACTOR,
        now=now,
        participant=participant,
    )
    programme.start_arm(session, study, participant, allocation.arm, keys=keys, now=now)


def told(allocation: Allocation, stratum: str, cluster: str | None) -> dict[str, object]:
    """Return what the trail tells of a participant's allocation."""
    payload = {
        "list": allocation.list,
        "position": allocation.position,
        "arm": allocation.arm,
        "stratum": stratum,
    }
    return payload if cluster is None else {**payload, "cluster": cluster}


def _is_due(session: Session, plan: RandomisationPlan, participant: Participant) -> bool:
    return (
        participant.stage == Stage.ENROLLED
        and participant.follow_up == FollowUp.ACTIVE
        and participant.duplicate_of is None
        and assessments.is_completed(session, key(participant), plan.after)
        and participants.is_verified(session, key(participant))
    )


def _next(
    session: Session,
    study: Study,
    settings: SealedSettings,
    plan: RandomisationPlan,
    cluster: str | None,
    stratum: str,
    now: datetime,
) -> Allocation:
    """Return the allocation of who is next, herself or as a member of a cluster."""
    if cluster is None:
        return _draw(session, study, settings, list_of(plan, stratum), stratum, now)
    arm = _arm_of_cluster(session, study, settings, plan, cluster, stratum, now)
    allocation = _next_on(session, study, list_of_members(cluster), now)
    allocation.arm = arm
    return allocation


def _arm_of_cluster(
    session: Session,
    study: Study,
    settings: SealedSettings,
    plan: RandomisationPlan,
    cluster: str,
    stratum: str,
    now: datetime,
) -> str:
    """Return a cluster's arm; whoever is its first member brings about its allocation."""
    known = allocations.of_cluster(session, key(study), cluster)
    if known is not None:
        return known.arm
    allocation = _draw(session, study, settings, list_of(plan, stratum), stratum, now)
    allocation.cluster = cluster
    session.add(allocation)
    session.flush()
    payload = {
        "cluster": cluster,
        "list": allocation.list,
        "position": allocation.position,
        "arm": allocation.arm,
    }
    audit.record(session, study, "cluster.allocated", payload, actor=_ACTOR, now=now)
    return allocation.arm


def _draw(
    session: Session,
    study: Study,
    settings: SealedSettings,
    list_name: str,
    stratum: str,
    now: datetime,
) -> Allocation:
    """Return the next allocation of a list, which is nobody's yet."""
    allocation = _next_on(session, study, list_name, now)
    factors = tuple(settings.weights)
    before = allocations.tally(session, key(study), list_name) if factors else ()
    allocation.arm = next_arm(
        settings,
        list_name,
        allocation.position,
        levels_of(factors, stratum) if factors else {},
        [(levels_of(factors, there), arm, number) for there, arm, number in before],
    )
    return allocation


def _next_on(session: Session, study: Study, list_name: str, now: datetime) -> Allocation:
    position = allocations.next_position(session, key(study), list_name)
    return Allocation(
        study_id=key(study), list=list_name, position=position, arm="", allocated_at=now
    )
