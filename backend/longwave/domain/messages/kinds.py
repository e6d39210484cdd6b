"""Kinds of message, and what is decided by kind alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from longwave.domain import codes


class Kind(StrEnum):
    """What a message is for."""

    INVITATION = "invitation"
    REMINDER = "reminder"
    CONSENT_COPY = "consent_copy"
    CODE = "code"
    NEW_ADDRESS_CODE = "new_address_code"
    OLD_ADDRESS_NOTICE = "old_address_notice"
    UNBLINDING_NOTICE = "unblinding_notice"
    SAFETY_ALERT = "safety_alert"
    PROGRAMME_PROMPT = "programme_prompt"


class Counted(StrEnum):
    """A contact budget that a protocol may set; its values are the names of its fields."""

    REMINDERS = "reminders"
    PROMPTS = "prompts"


@dataclass(frozen=True, slots=True)
class Policy:
    """How messages of one kind are treated.

    Attributes
    ----------
    priority
        What has a lower one leaves first.
    resend
        Whether a message that may or may not have arrived goes out again, under the same
        Message-ID: where a second one does less harm than none. Otherwise it stays uncertain.
    budget
        The contact budget that it counts towards; None if it is exempt.
    fresh
        How long after it was due it is still of use; None for as long as there is something to
        say. So after an outage nobody is told to practise yesterday.
    while_paused
        Whether it goes out although its reader paused messages: she asked for it just now.
    elsewhere
        Whether it goes to another address than the one that messages go to: one that was not
        proved yet, or that counts no more. What comes back from there says nothing of the other.
    """

    priority: int
    resend: bool
    budget: Counted | None = None
    fresh: timedelta | None = None
    while_paused: bool = False
    elsewhere: bool = False


URGENT = 0
ANSWERING = 1
"""The priority of a message that answers what somebody just did."""

_POLICIES: Mapping[str, Policy] = {
    Kind.SAFETY_ALERT: Policy(URGENT, resend=True),
    Kind.UNBLINDING_NOTICE: Policy(URGENT, resend=True),
    Kind.CONSENT_COPY: Policy(ANSWERING, resend=True),
    Kind.CODE: Policy(ANSWERING, resend=True, fresh=codes.LIFE, while_paused=True),
    Kind.NEW_ADDRESS_CODE: Policy(
        ANSWERING, resend=True, fresh=codes.LIFE, while_paused=True, elsewhere=True
    ),
    Kind.OLD_ADDRESS_NOTICE: Policy(ANSWERING, resend=True, while_paused=True, elsewhere=True),
    Kind.INVITATION: Policy(2, resend=True),
    Kind.REMINDER: Policy(3, resend=False, budget=Counted.REMINDERS),
    Kind.PROGRAMME_PROMPT: Policy(
        4, resend=False, budget=Counted.PROMPTS, fresh=timedelta(hours=12)
    ),
}

COUNTED: Mapping[str, Counted] = {
    kind: policy.budget for kind, policy in _POLICIES.items() if policy.budget is not None
}
"""The contact budget that each kind of message counts towards, if it does."""

PRIORITIES = range(URGENT, 5)
"""Every priority, in the order in which messages leave."""


WHILE_PAUSED = tuple(kind for kind, policy in _POLICIES.items() if policy.while_paused)
"""The kinds that go out although their reader paused messages."""

ELSEWHERE = tuple(kind for kind, policy in _POLICIES.items() if policy.elsewhere)
"""The kinds that go to another address than the one that messages go to."""


def policy_of(kind: str) -> Policy:
    """Return how a kind of message is treated."""
    return _POLICIES[kind]


def priority_of(kind: str, *, at_once: bool) -> int:
    """Return a message's priority; what somebody waits for goes before what is only due."""
    planned = policy_of(kind).priority
    return min(planned, ANSWERING) if at_once else planned
