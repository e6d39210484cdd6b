"""Assessments out of turn: a wave that comes when somebody of the team asks for it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError, NotFoundError, RefusedTransitionError
from longwave.domain.lifecycle import FollowUp
from longwave.domain.lifecycle import participant as lifecycle
from longwave.domain.permissions import Action
from longwave.domain.protocol.anchors import REQUEST
from longwave.domain.protocol.model import Protocol, Wave
from longwave.keys import KeyRing
from longwave.services import planning, timeline
from longwave.services.participant import hold_open, move, record
from longwave.services.study import current_protocol
from longwave.storage import occasion as occasions
from longwave.storage.tables import Assessment, Participant
from longwave.storage.tables.base import key


def request_wave(
    session: Session,
    participant: Participant,
    wave: str,
    *,
    viewer: Viewer,
    keys: KeyRing,
    now: datetime,
) -> Assessment:
    """Ask a participant a wave that comes on request; its window counts from now.

    If it opens now, as it does without a delay in the protocol, the invitation is queued. Whoever
    had answered everything is followed again until this is over.

    Raises
    ------
    NotFoundError
        If the protocol has no such wave.
    InvalidInputError
        If the wave does not come on request.
    RefusedTransitionError
        If the participant is not followed, if the wave was requested as often as it may be or is
        still to be answered, or if the study is locked.
    """
    viewer.require(Action.FOLLOW_UP, site=participant.site)
    participant, study = hold_open(session, participant)
    protocol = current_protocol(session, study)
    asked = _wave(protocol, wave)
    if participant.follow_up not in (FollowUp.ACTIVE, FollowUp.COMPLETED):
        raise RefusedTransitionError(
            f"The follow-up of participant {participant.public_id} is {participant.follow_up}.",
            "Only who is followed is asked more.",
        )
    before = occasions.waves_of(session, key(participant)).get(wave)
    if before is not None and not before.is_over:
        raise RefusedTransitionError(
            f"Participant {participant.public_id} has wave {wave} before them already.",
            "Wait until it was answered or has closed.",
        )
    number = 1 if before is None else before.planned + 1
    if number > asked.at_most:
        raise RefusedTransitionError(
            f"Wave {wave} was requested {asked.at_most} times, which is as often as it may be.",
            "The protocol says so, with at_most.",
        )
    if participant.follow_up == FollowUp.COMPLETED:
        # A refusal would tell the blinded that the last wave is over, which can tell the arm.
        move(participant, lifecycle.continue_follow_up)
        record(session, participant, "participant.continued", {}, actor=viewer.name, now=now)
    planned = planning.plan_request(session, participant, asked, number, keys=keys, now=now)
    told = {"wave": wave, "occurrence": number}
    record(session, participant, "assessment.requested", told, actor=viewer.name, now=now)
    if planned.opens_at <= now:
        timeline.open_assessment(session, study, participant, planned, now=now)
    session.flush()
    return planned


def _wave(protocol: Protocol, wave: str) -> Wave:
    on_request = [found.id for found in protocol.waves if found.anchor == REQUEST]
    known = ", ".join(on_request) or "none"
    if wave not in [found.id for found in protocol.waves]:
        raise NotFoundError(
            f"There is no wave {wave[:40]!r}.", f"Those that come on request: {known}."
        )
    if wave not in on_request:
        raise InvalidInputError(
            f"The wave {wave} comes by itself, not on request.",
            f"Those that come on request: {known}.",
            {"wave": "does not come on request"},
        )
    return protocol.wave(wave)
