"""What tells an arm, and so what those who are blinded do not receive.

Everything is judged by name, and what is not named here is kept back: a new kind of event or
message reaches the blinded only once somebody has decided that it may.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from longwave.domain.lifecycle import FollowUp
from longwave.domain.protocol.model import Protocol, Wave

_PROGRAMME = "programme"
_WAVE = "wave:"
_NOTHING: frozenset[str] = frozenset()


def waves_that_tell(*versions: Protocol) -> frozenset[str]:
    """Return the waves whose time depends on the arm: those that count from the programme.

    So do waves that count from such a wave. Whether and when they come says who started the
    programme, and when.
    """
    anchors = {wave.id: wave.anchor for protocol in versions for wave in protocol.waves}
    found: set[str] = set()
    while True:
        more = {
            wave
            for wave, anchor in anchors.items()
            if anchor == _PROGRAMME or anchor.removeprefix(_WAVE) in found
        }
        if more == found:
            return frozenset(found)
        found = more


def waves_shown(protocol: Protocol, *, blinded: bool) -> tuple[Wave, ...]:
    """Return the waves of a protocol that somebody may hear of."""
    hidden = waves_that_tell(protocol) if blinded else _NOTHING
    return tuple(wave for wave in protocol.waves if wave.id not in hidden)


def follow_up_shown(follow_up: str, hidden_waves: Collection[str], *, blinded: bool) -> str:
    """Return the state of somebody's follow-up as somebody may see it.

    Who still has a wave before them that counts from the programme has not come to the end,
    which the blinded must not see.
    """
    if blinded and hidden_waves and follow_up == FollowUp.COMPLETED:
        return FollowUp.ACTIVE
    return follow_up


EVENTS: Mapping[str, frozenset[str] | None] = {
    # the study
    "study.added": frozenset({"hash"}),
    "study.approved": frozenset(
        {"reference", "approver", "approved_on", "registry", "exemption", "hash", "commitment"}
    ),
    "study.opened": frozenset({"mode", "hash", "analysis_hash", "commitment"}),
    "study.closed": _NOTHING,
    "study.locked": frozenset({"reason"}),
    "study.archived": _NOTHING,
    "study.amended": frozenset({"number", "hash", "consent"}),
    # before anybody has an arm
    "screening.entered": frozenset({"outcome", "site", "reason"}),
    "participant.screened": frozenset({"eligible", "site", "reason"}),
    "participant.full": frozenset({"cap"}),
    "participant.duplicate": frozenset({"of"}),
    "participant.enrolled": frozenset({"consent", "document", "language", "statements", "zone"}),
    "participant.consented_again": frozenset({"consent", "document", "language", "statements"}),
    "participant.choice": frozenset({"use", "allowed"}),
    "contact.verified": _NOTHING,
    "contact.changed": frozenset({"fields"}),
    "code.asked": frozenset({"purpose"}),
    "code.worn_out": frozenset({"purpose"}),
    # that somebody has an arm, not which
    "cluster.allocated": frozenset({"cluster"}),
    "participant.randomised": frozenset({"stratum", "cluster"}),
    "randomisation.list_ended": frozenset({"list"}),
    # only some arms have these
    "programme.started": None,
    "programme.stopped": None,
    "programme.completed": None,
    "participant.crossed_over": None,
    "group.added": None,
    "group.started": None,
    "group.closed": None,
    "group.joined": None,
    "group.left": None,
    "dose.recorded": None,
    "dose.corrected": None,
    # reasons are free text, and whoever wrote it may have known the arm
    "participant.withdrew": _NOTHING,
    "participant.lost": _NOTHING,
    "participant.found": _NOTHING,
    "participant.deceased": _NOTHING,
    "participant.completed": _NOTHING,
    "participant.continued": _NOTHING,
    "participant.zone_changed": frozenset({"zone", "since"}),
    "participant.language_changed": frozenset({"language"}),
    "participant.erasure_requested": _NOTHING,
    "participant.downloaded": _NOTHING,
    "participant.erased": _NOTHING,
    "participant.messages_on": _NOTHING,
    "participant.messages_paused": _NOTHING,
    "participant.stratum_corrected": frozenset({"from", "to"}),
    "participant.randomised_in_error": _NOTHING,
    "answer.corrected": frozenset({"wave", "occurrence", "instrument", "item"}),
    "assessment.requested": frozenset({"wave", "occurrence"}),
    "assessment.opened": frozenset({"wave", "occurrence"}),
    "assessment.completed": frozenset({"wave", "occurrence", "answered", "items"}),
    "assessment.partial": frozenset({"wave", "occurrence", "answered", "items", "reason"}),
    "assessment.expired": frozenset({"wave", "occurrence", "reason"}),
    "assessment.cancelled": frozenset({"wave", "occurrence"}),
    "message.sent": frozenset({"message", "step", "attempts"}),
    "message.failed": frozenset({"message", "step", "attempts"}),
    "message.uncertain": frozenset({"message", "step", "attempts"}),
    # what came back, and what is to be done about it: the message and its step say of what
    "message.bounced": frozenset({"message", "step", "kind", "status", "source", "suppressed"}),
    "task.added": frozenset({"kind", "message", "step"}),
    "task.done": frozenset({"kind", "message", "step"}),
    "safety.alert": frozenset({"wave", "occurrence", "number"}),
    "safety.reminded": frozenset({"wave", "occurrence", "number", "steps", "escalated"}),
    "safety.acknowledged": frozenset({"wave", "occurrence", "number"}),
    "unblinding.requested": _NOTHING,
    "unblinding.confirmed": _NOTHING,
    "randomisation.disclosed": _NOTHING,
    "export.unblinded": frozenset({"role"}),
    "export.identifying": frozenset({"role", "includes"}),
    "export.downloaded": frozenset({"cut_off", "role"}),
    # the installation
    "staff.added": frozenset({"staff", "role", "blinded", "study", "site"}),
    "staff.granted": frozenset({"staff", "role", "blinded", "study", "site"}),
    "staff.token_issued": frozenset({"staff", "scopes", "study"}),
    "staff.token_revoked": frozenset({"staff", "tokens"}),
    "staff.removed": frozenset({"staff"}),
}
"""Of each kind of event the fields that the blinded receive; None if they may not know of it."""

MESSAGES: Mapping[str, bool] = {
    "invitation": True,
    "reminder": True,
    "consent_copy": True,
    "code": True,
    "new_address_code": True,
    "old_address_notice": True,
    "unblinding_notice": True,
    "safety_alert": True,
    "programme_prompt": False,
}
"""Whether the blinded may know that a kind of message went to a participant.

One about a wave that tells the arm is kept back all the same."""


_END_OF_FOLLOW_UP = ("participant.completed", "participant.continued")
"""These tell whether a wave that counts from the programme is over, where there is one."""


def message_is_shown(kind: str, wave: str | None, hidden_waves: Collection[str]) -> bool:
    """Whether the blinded may know of a message."""
    return MESSAGES.get(kind, False) and wave not in hidden_waves


def shown_payload(
    kind: str, payload: Mapping[str, Any], hidden_waves: Iterable[str], *, blinded: bool
) -> dict[str, Any] | None:
    """Return what somebody may see of an event's payload; None if not even that it happened.

    Parameters
    ----------
    kind, payload
        The event.
    hidden_waves
        The study's `waves_that_tell`.
    blinded
        Whether it is for somebody who is blinded.
    """
    if not blinded:
        return dict(payload)
    hidden = frozenset(hidden_waves)
    fields = EVENTS.get(kind)
    if fields is None or _wave_of(payload) in hidden:
        return None
    if not MESSAGES.get(payload.get("message", "invitation"), False):
        return None
    if kind in _END_OF_FOLLOW_UP and hidden:
        return None
    return {name: value for name, value in payload.items() if name in fields}


def _wave_of(payload: Mapping[str, Any]) -> str:
    """Return the wave that an event is about; a message's step begins with it."""
    return str(payload.get("wave") or str(payload.get("step", "")).partition(":")[0])
