"""What each role may do, and what a token is good for. Decided here, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from longwave.domain.lifecycle import Role


class Action(StrEnum):
    """Something that staff may be allowed to do."""

    SEE_STUDY = "see the study"
    SEE_PARTICIPANTS = "see participants"
    SEE_COUNTS = "see the flow of participants"
    SEE_TRAIL = "read the audit trail"
    SEE_MESSAGES = "see what was sent"
    SEE_TASKS = "see what is to be done"
    DO_TASKS = "settle what is to be done"
    SEE_ALERTS = "see alerts about participants"
    LOOK_AFTER_ALERTS = "look after alerts about participants"
    REPORT_BOUNCES = "report messages that came back"
    EXPORT = "export data"
    RUN_STUDY = "approve, open, close, lock or archive the study"
    SEE_REGISTER = "see the screening register"
    KEEP_REGISTER = "keep the screening register"
    FOLLOW_UP = "record what became of a participant"
    SEE_PROGRAMME = "see groups and doses"
    RUN_PROGRAMME = "record what happened in the programme"
    CORRECT = "correct what was entered"
    UNBLIND = "unblind a participant in an emergency"
    ERASE = "erase a participant's personal values"
    VERIFY = "verify the randomisation and the audit trail"
    DISCLOSE = "disclose the randomisation after the lock"
    MANAGE_STAFF = "manage staff"


_EVERYBODY = frozenset({Role.OWNER, Role.COORDINATOR, Role.FACILITATOR, Role.ANALYST, Role.MONITOR})
_TEAM = frozenset({Role.OWNER, Role.COORDINATOR})
_OWNER = frozenset({Role.OWNER})

MAY: Mapping[Action, frozenset[Role]] = {
    Action.SEE_STUDY: _EVERYBODY,
    Action.SEE_PARTICIPANTS: _EVERYBODY - {Role.ANALYST},
    Action.SEE_COUNTS: _EVERYBODY - {Role.FACILITATOR},
    Action.SEE_TRAIL: frozenset({Role.OWNER, Role.MONITOR}),
    Action.SEE_MESSAGES: _TEAM | {Role.MONITOR},
    Action.SEE_TASKS: _TEAM | {Role.MONITOR},
    Action.DO_TASKS: _TEAM,
    Action.SEE_ALERTS: _TEAM | {Role.FACILITATOR, Role.MONITOR},
    Action.LOOK_AFTER_ALERTS: _TEAM | {Role.FACILITATOR},
    Action.REPORT_BOUNCES: _TEAM,
    Action.EXPORT: frozenset({Role.OWNER, Role.ANALYST}),
    Action.RUN_STUDY: _OWNER,
    Action.SEE_REGISTER: _TEAM | {Role.MONITOR},
    Action.KEEP_REGISTER: _TEAM,
    Action.FOLLOW_UP: _TEAM,
    Action.SEE_PROGRAMME: _TEAM | {Role.FACILITATOR, Role.MONITOR},
    Action.RUN_PROGRAMME: _TEAM | {Role.FACILITATOR},
    Action.CORRECT: _TEAM,
    Action.UNBLIND: _TEAM,
    Action.ERASE: _OWNER,
    Action.VERIFY: frozenset({Role.OWNER, Role.MONITOR}),
    Action.DISCLOSE: _OWNER,
    Action.MANAGE_STAFF: _OWNER,
}
"""The roles that may do each thing, within the studies and sites they were granted."""


class Scope(StrEnum):
    """What a token is good for; ``all`` is everything that its holder may do."""

    READ = "read"
    WRITE = "write"
    EXPORT = "export"
    BOUNCES = "bounces"
    ALL = "all"


_READS = frozenset(
    {
        Action.SEE_STUDY,
        Action.SEE_PARTICIPANTS,
        Action.SEE_COUNTS,
        Action.SEE_TRAIL,
        Action.SEE_REGISTER,
        Action.SEE_PROGRAMME,
        Action.SEE_MESSAGES,
        Action.SEE_TASKS,
        Action.SEE_ALERTS,
        Action.VERIFY,
    }
)


def scope_of(action: Action) -> Scope:
    """Return the scope that a token needs for an action."""
    if action in _READS:
        return Scope.READ
    return _OWN_SCOPES.get(action, Scope.WRITE)


_OWN_SCOPES = {Action.EXPORT: Scope.EXPORT, Action.REPORT_BOUNCES: Scope.BOUNCES}


UNBLINDED_ONLY: frozenset[Action] = frozenset(
    {Action.SEE_PROGRAMME, Action.RUN_PROGRAMME, Action.DISCLOSE}
)
"""What nobody who is blinded may do, since doing it (or being refused) tells the arm."""
