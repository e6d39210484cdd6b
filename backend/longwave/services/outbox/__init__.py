"""Messages: written with what causes them, claimed once, settled by what became of them."""

from longwave.services.outbox.claiming import LEASE, Batch, Claimed, claim
from longwave.services.outbox.queueing import (
    forget_assessment,
    forget_participant,
    queue_answer,
    queue_consent_copy,
    queue_invitation,
    queue_link_again,
    queue_notice,
    release,
)
from longwave.services.outbox.rates import NO_LIMITS, Limits
from longwave.services.outbox.recovering import recover_stalled
from longwave.services.outbox.settling import Sent, begin, settle

__all__ = [
    "LEASE",
    "NO_LIMITS",
    "Batch",
    "Claimed",
    "Limits",
    "Sent",
    "begin",
    "claim",
    "forget_assessment",
    "forget_participant",
    "queue_answer",
    "queue_consent_copy",
    "queue_invitation",
    "queue_link_again",
    "queue_notice",
    "recover_stalled",
    "release",
    "settle",
]
