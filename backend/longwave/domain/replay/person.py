"""The state of a participant as it follows from the events of the audit trail, and from them alone.

Events are taken as they come. Those of version 0.1 say less: where a statement, a language or a
digest is not in them, nothing follows for it, and it stays None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from longwave.domain.lifecycle import AssessmentStatus, FollowUp, Messages, ProgrammeState, Stage
from longwave.domain.replay import course
from longwave.domain.replay.course import CourseState
from longwave.domain.trail import Allocated, Happened, take


class Signed(NamedTuple):
    """A signature under a consent document; None where the event does not tell."""

    version: str
    language: str | None
    document: str
    statements: Mapping[str, bool] | None
    at: str


class Chosen(NamedTuple):
    """A further use, allowed or not."""

    use: str
    allowed: bool
    at: str


class Started(NamedTuple):
    """A programme that began: as the ``number``-th meaning of the arm."""

    number: int
    programme: str
    at: str


class Ended(NamedTuple):
    """How and when an assessment ended; the digest of its answers where they were proved.

    ``reason`` is the rule by which it closed, where the event tells one.
    """

    status: AssessmentStatus
    answers: str | None
    at: str
    reason: str | None = None


class Alerted(NamedTuple):
    """An alert: the digest of its rule, how often it was brought to mind, and who looked after it.

    ``salted`` is what proves the rule.
    """

    salted: str
    at: str
    steps: int = 0
    acknowledged_at: str | None = None
    acknowledged_by: str | None = None


@dataclass(slots=True)
class PersonState:
    """What follows from a participant's events.

    ``zone`` and ``language`` are what was last noted, None if they are those of the enrolment.
    """

    screened_at: str | None = None
    site: str | None = None
    zone: str | None = None
    language: str | None = None
    stage: Stage | None = None
    ineligible_reason: str | None = None
    programme: ProgrammeState = ProgrammeState.NOT_STARTED
    follow_up: FollowUp = FollowUp.ACTIVE
    messages: Messages = Messages.ON
    is_duplicate: bool = False
    duplicate_of: str | None = None
    stratum: str | None = None
    stratum_actual: str | None = None
    enrolled_at: str | None = None
    verified_at: str | None = None
    randomised_at: str | None = None
    randomised_in_error_at: str | None = None
    crossover_at: str | None = None
    withdrawn_at: str | None = None
    erased_at: str | None = None
    allocations: list[Allocated] = field(default_factory=list)
    tells_programmes: bool = True
    started: list[Started] = field(default_factory=list)
    stopped: bool = False
    suppressed_at: dict[str, str] = field(default_factory=dict)
    requested: list[str] = field(default_factory=list)
    unblinded: list[str] = field(default_factory=list)
    erasure_asked: list[str] = field(default_factory=list)
    consents: list[Signed] = field(default_factory=list)
    choices: list[Chosen] = field(default_factory=list)
    assessments: dict[tuple[str, int], Ended] = field(default_factory=dict)
    course: CourseState = field(default_factory=CourseState)
    alerts: dict[tuple[str, int, int], Alerted] = field(default_factory=dict)

    @property
    def excluded_as(self) -> str | None:
        """Why this person did not enrol, or None."""
        if self.stage is not Stage.INELIGIBLE:
            return None
        return "duplicate" if self.is_duplicate else self.ineligible_reason or "rule"


def replay(events: Iterable[Happened]) -> PersonState:
    """Return the state that follows from a participant's events, given in the order of their ids.

    Raises
    ------
    ValueError
        If an event does not hold what one of its kind holds; it names the event.
    """
    state = PersonState()
    for event in events:
        apply(state, event)
    return state


def apply(state: PersonState, event: Happened) -> None:
    """Take one further event into ``state``; see `replay`. Kinds that change nothing pass."""
    take(_STEPS, state, event)


def _screened(state: PersonState, event: Happened) -> None:
    state.screened_at = event.at
    state.site = event.payload["site"]
    state.stage = Stage.SCREENED if event.payload["eligible"] else Stage.INELIGIBLE
    state.ineligible_reason = event.payload.get("reason")


def _full(state: PersonState, _: Happened) -> None:
    state.stage, state.ineligible_reason = Stage.INELIGIBLE, "full"


def _duplicate(state: PersonState, event: Happened) -> None:
    state.stage = Stage.INELIGIBLE
    state.is_duplicate, state.duplicate_of = True, event.payload.get("of")


def _enrolled(state: PersonState, event: Happened) -> None:
    state.stage, state.enrolled_at = Stage.ENROLLED, event.at
    _consented(state, event)


def _consented(state: PersonState, event: Happened) -> None:
    told = event.payload
    state.consents.append(
        Signed(
            told["consent"],
            told.get("language"),
            told["document"],
            told.get("statements"),
            event.at,
        )
    )


def _choice(state: PersonState, event: Happened) -> None:
    state.choices.append(Chosen(event.payload["use"], bool(event.payload["allowed"]), event.at))


def _verified(state: PersonState, event: Happened) -> None:
    state.verified_at = event.at


def _bounced(state: PersonState, event: Happened) -> None:
    if "suppressed" in event.payload:
        state.suppressed_at[event.payload["suppressed"]] = event.at


def _contact_changed(state: PersonState, event: Happened) -> None:
    for fact in event.payload["fields"]:
        state.suppressed_at.pop(fact, None)
        if fact == "email":
            state.verified_at = None


def _randomised(state: PersonState, event: Happened) -> None:
    told = event.payload
    state.stage, state.randomised_at = Stage.RANDOMISED, event.at
    state.allocations.append(Allocated.of(event))
    state.tells_programmes = "stratum" in told
    state.stratum = told.get("stratum", told["list"])


def _started(state: PersonState, event: Happened) -> None:
    state.programme = ProgrammeState.ON
    state.started.append(Started(event.payload["number"], event.payload["programme"], event.at))


def _stopped(state: PersonState, _: Happened) -> None:
    state.programme, state.stopped = ProgrammeState.STOPPED, True


def _programme_completed(state: PersonState, _: Happened) -> None:
    state.programme = ProgrammeState.COMPLETED


def _crossed_over(state: PersonState, event: Happened) -> None:
    state.crossover_at, state.programme = event.at, ProgrammeState.ON


def _withdrew(state: PersonState, event: Happened) -> None:
    state.follow_up, state.withdrawn_at = FollowUp.WITHDRAWN, event.at


def _lost(state: PersonState, _: Happened) -> None:
    state.follow_up = FollowUp.LOST


def _found(state: PersonState, _: Happened) -> None:
    state.follow_up = FollowUp.ACTIVE


def _deceased(state: PersonState, _: Happened) -> None:
    state.follow_up = FollowUp.DECEASED


def _completed(state: PersonState, _: Happened) -> None:
    state.follow_up = FollowUp.COMPLETED


def _continued(state: PersonState, _: Happened) -> None:
    state.follow_up = FollowUp.ACTIVE


def _zone_changed(state: PersonState, event: Happened) -> None:
    state.zone = event.payload["zone"]


def _language_changed(state: PersonState, event: Happened) -> None:
    state.language = str(event.payload["language"])


def _erased(state: PersonState, event: Happened) -> None:
    state.erased_at, state.messages = event.at, Messages.PAUSED
    state.alerts.clear()


def _stratum_corrected(state: PersonState, event: Happened) -> None:
    state.stratum_actual = event.payload["to"]


def _in_error(state: PersonState, event: Happened) -> None:
    state.randomised_in_error_at = event.at


def _paused(state: PersonState, _: Happened) -> None:
    state.messages = Messages.PAUSED


def _resumed(state: PersonState, _: Happened) -> None:
    state.messages = Messages.ON


def _ended(state: PersonState, event: Happened) -> None:
    status = AssessmentStatus(event.kind.removeprefix("assessment."))
    told = event.payload
    state.assessments[_occasion(event)] = Ended(
        status, told.get("answers"), event.at, told.get("reason")
    )


def _corrected(state: PersonState, event: Happened) -> None:
    occasion = _occasion(event)
    state.assessments[occasion] = state.assessments[occasion]._replace(
        answers=event.payload["answers"]
    )


def _occasion(event: Happened) -> tuple[str, int]:
    return str(event.payload["wave"]), int(event.payload["occurrence"])


def _alerted(state: PersonState, event: Happened) -> None:
    state.alerts[_alert(event)] = Alerted(event.payload["rule"], event.at)


def _reminded(state: PersonState, event: Happened) -> None:
    place = _alert(event)
    state.alerts[place] = state.alerts[place]._replace(steps=int(event.payload["steps"]))


def _acknowledged(state: PersonState, event: Happened) -> None:
    place = _alert(event)
    state.alerts[place] = state.alerts[place]._replace(
        acknowledged_at=event.at, acknowledged_by=event.actor
    )


def _alert(event: Happened) -> tuple[str, int, int]:
    return (*_occasion(event), int(event.payload["number"]))


def _requested(state: PersonState, event: Happened) -> None:
    state.requested.append(event.at)


def _unblinded(state: PersonState, event: Happened) -> None:
    state.unblinded.append(event.at)


def _erasure_asked(state: PersonState, event: Happened) -> None:
    state.erasure_asked.append(event.at)


def _of_course(state: PersonState, event: Happened) -> None:
    course.STEPS[event.kind](state.course, event)


_STEPS: Mapping[str, Callable[[PersonState, Happened], None]] = {
    "participant.screened": _screened,
    "participant.full": _full,
    "participant.duplicate": _duplicate,
    "participant.enrolled": _enrolled,
    "participant.consented_again": _consented,
    "participant.choice": _choice,
    "contact.verified": _verified,
    "contact.changed": _contact_changed,
    "message.bounced": _bounced,
    "participant.randomised": _randomised,
    "programme.started": _started,
    "programme.stopped": _stopped,
    "programme.completed": _programme_completed,
    "participant.crossed_over": _crossed_over,
    "participant.withdrew": _withdrew,
    "participant.lost": _lost,
    "participant.found": _found,
    "participant.deceased": _deceased,
    "participant.completed": _completed,
    "participant.continued": _continued,
    "participant.zone_changed": _zone_changed,
    "participant.language_changed": _language_changed,
    "participant.erased": _erased,
    "participant.stratum_corrected": _stratum_corrected,
    "participant.randomised_in_error": _in_error,
    f"participant.messages_{Messages.PAUSED}": _paused,
    f"participant.messages_{Messages.ON}": _resumed,
    "assessment.completed": _ended,
    "assessment.partial": _ended,
    "assessment.expired": _ended,
    "assessment.cancelled": _ended,
    "answer.corrected": _corrected,
    "safety.alert": _alerted,
    "safety.reminded": _reminded,
    "safety.acknowledged": _acknowledged,
    "participant.erasure_requested": _erasure_asked,
    "unblinding.requested": _requested,
    "unblinding.confirmed": _unblinded,
    **dict.fromkeys(course.STEPS, _of_course),
}

KINDS = frozenset(_STEPS)
"""The kinds of events from which something follows for a participant."""
