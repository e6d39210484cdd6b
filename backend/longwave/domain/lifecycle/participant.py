"""What may become of a participant: each transition with its guard.

A transition takes the facts of a person and returns those that hold afterwards. It knows no
row and no clock; the service that calls it stores what it returns, with an event.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from longwave.domain.errors import RefusedTransitionError
from longwave.domain.lifecycle.states import (
    FollowUp,
    Messages,
    ProgrammeState,
    Stage,
    StudyState,
)


@dataclass(frozen=True, slots=True)
class Person:
    """The independent facts of one participant; ``erased`` says that nothing personal is left."""

    stage: Stage = Stage.SCREENED
    programme: ProgrammeState = ProgrammeState.NOT_STARTED
    follow_up: FollowUp = FollowUp.ACTIVE
    messages: Messages = Messages.ON
    erased: bool = False


_TAKING_PART = (Stage.CONSENTED, Stage.ENROLLED, Stage.RANDOMISED)
_FROZEN = (StudyState.LOCKED, StudyState.ARCHIVED)
_LEFT = (FollowUp.WITHDRAWN, FollowUp.DECEASED)


def enrol(person: Person) -> Person:
    """Let a person who was screened and found eligible take part, having signed."""
    if person.stage != Stage.SCREENED:
        raise RefusedTransitionError(
            "Consent was given already.", "Follow the link in the message that we sent you."
        )
    return replace(person, stage=Stage.ENROLLED)


def exclude(person: Person) -> Person:
    """Leave out a person who was screened; for want of eligibility, room, or a first address."""
    if person.stage != Stage.SCREENED:
        raise RefusedTransitionError(
            f"Somebody who is {person.stage} cannot be excluded any more.",
            "Record a withdrawal, or that it was an error to randomise.",
        )
    return replace(person, stage=Stage.INELIGIBLE)


def randomise(person: Person) -> Person:
    """Give a person who is enrolled an arm; once, for ever."""
    if person.stage != Stage.ENROLLED:
        raise RefusedTransitionError(
            f"Somebody who is {person.stage} cannot be randomised.",
            "Only who is enrolled can be, and once.",
        )
    _require_active(person)
    return replace(person, stage=Stage.RANDOMISED)


def sign_again(person: Person) -> Person:
    """Let a person who takes part sign a newer version of the consent document."""
    _require_taking_part(person)
    if person.follow_up in _LEFT or person.erased:
        raise RefusedTransitionError(
            "You have left the study already.", "There is nothing to sign any more."
        )
    return person


def be_reached(person: Person) -> Person:
    """Let a person who takes part say how she is reached."""
    _require_taking_part(person)
    if person.follow_up in _LEFT or person.erased:
        raise RefusedTransitionError(
            "You have left the study already.", "No messages come any more."
        )
    return person


def start_programme(person: Person) -> Person:
    """Put a randomised person into the programme of the arm."""
    if person.stage != Stage.RANDOMISED:
        raise RefusedTransitionError(
            f"Somebody who is {person.stage} cannot start a programme.",
            "Programmes follow from randomisation.",
        )
    if person.programme != ProgrammeState.NOT_STARTED:
        raise RefusedTransitionError(
            f"The programme cannot start: it is {person.programme}.", "A programme starts once."
        )
    _require_not_left(person)
    return replace(person, programme=ProgrammeState.ON)


def cross_over(person: Person) -> Person:
    """Put a person who waited, or was in another programme, into that of the crossover."""
    if person.stage != Stage.RANDOMISED:
        raise RefusedTransitionError(
            f"Somebody who is {person.stage} cannot cross over.",
            "Only who was randomised can.",
        )
    if not may_cross_over(person.follow_up):
        raise RefusedTransitionError(
            f"Somebody whose follow-up is {person.follow_up} cannot cross over.",
            "Record first that she was found again, if she was.",
        )
    return replace(person, programme=ProgrammeState.ON)


def may_cross_over(follow_up: str) -> bool:
    """Whether a person with this follow-up still receives the programme that was waited for.

    Who has answered the last wave does; who is lost does once she is found.
    """
    return follow_up in (FollowUp.ACTIVE, FollowUp.COMPLETED)


def stop_programme(person: Person) -> Person:
    """Take a person out of the programme. Follow-up goes on: this is not withdrawal."""
    return _leave_programme(person, ProgrammeState.STOPPED)


def complete_programme(person: Person) -> Person:
    """Note that a person has had the whole programme."""
    return _leave_programme(person, ProgrammeState.COMPLETED)


def complete_follow_up(person: Person) -> Person:
    """Note that nothing more is to be asked."""
    _require_taking_part(person)
    _require_active(person)
    return replace(person, follow_up=FollowUp.COMPLETED)


def continue_follow_up(person: Person) -> Person:
    """Ask more of a person of whom nothing more was to be asked: the protocol was amended."""
    if person.follow_up != FollowUp.COMPLETED:
        raise RefusedTransitionError(
            f"The follow-up is {person.follow_up}, not completed.", "There is nothing to continue."
        )
    if person.erased:
        raise RefusedTransitionError(
            "This participant's data were erased.", "There is nobody to ask any more."
        )
    return replace(person, follow_up=FollowUp.ACTIVE)


def lose(person: Person) -> Person:
    """Give up looking for a person; `find` undoes it."""
    _require_taking_part(person)
    _require_active(person)
    return replace(person, follow_up=FollowUp.LOST)


def find(person: Person) -> Person:
    """Take up again the follow-up of a person who was lost."""
    if person.follow_up != FollowUp.LOST:
        raise RefusedTransitionError(
            f"The follow-up is {person.follow_up}, not lost.", "There is nobody to find."
        )
    return replace(person, follow_up=FollowUp.ACTIVE)


def withdraw(person: Person) -> Person:
    """Let a person leave the study; what was answered is kept."""
    if person.follow_up in _LEFT:
        raise RefusedTransitionError("You have left the study already.", "Nothing more to do.")
    _require_taking_part(person)
    return replace(person, follow_up=FollowUp.WITHDRAWN)


def die(person: Person) -> Person:
    """Note that a person has died."""
    if person.follow_up == FollowUp.DECEASED:
        raise RefusedTransitionError("This death is recorded already.", "Nothing more to do.")
    _require_taking_part(person)
    return replace(person, follow_up=FollowUp.DECEASED)


def want_messages(person: Person, wanted: Messages) -> Person:
    """Pause messages, or have them again; this is not withdrawal."""
    if wanted == Messages.ON and (person.follow_up in _LEFT or person.erased):
        raise RefusedTransitionError(
            "You have left the study already.", "No messages come any more."
        )
    return replace(person, messages=wanted)


def erase(person: Person) -> Person:
    """Let go of all that is personal; who still takes part leaves the study by it."""
    if person.erased:
        raise RefusedTransitionError(
            "This participant's data were erased already.", "Nothing more to do."
        )
    follow_up = person.follow_up
    if person.stage in _TAKING_PART and follow_up in (FollowUp.ACTIVE, FollowUp.LOST):
        follow_up = FollowUp.WITHDRAWN
    return replace(person, follow_up=follow_up, messages=Messages.PAUSED, erased=True)


def takes_data(state: str) -> bool:
    """Whether the data of a study in this state may still change."""
    return state not in _FROZEN


def require_data_open(state: str) -> None:
    """Let pass only a study whose data may still change.

    Raises
    ------
    RefusedTransitionError
        If the study is locked or archived. Leaving and erasure stay possible even then.
    """
    if not takes_data(state):
        raise RefusedTransitionError(
            "This study has come to its end, and nothing can be entered any more.",
            "Please ask the study team.",
        )


def _leave_programme(person: Person, state: ProgrammeState) -> Person:
    if person.programme != ProgrammeState.ON:
        raise RefusedTransitionError(
            f"The programme cannot become {state}: it is {person.programme}.",
            "Only somebody who is in a programme can leave it.",
        )
    _require_not_left(person)
    return replace(person, programme=state)


def _require_taking_part(person: Person) -> None:
    if person.stage not in _TAKING_PART:
        raise RefusedTransitionError(
            f"Somebody who is {person.stage} does not take part.", "Check the participant's id."
        )


def _require_active(person: Person) -> None:
    if person.follow_up != FollowUp.ACTIVE:
        raise RefusedTransitionError(
            f"The follow-up is {person.follow_up}, not active.",
            "Record first that the participant was found again, if that is so.",
        )


def _require_not_left(person: Person) -> None:
    if person.follow_up in _LEFT:
        raise RefusedTransitionError(
            f"The follow-up is {person.follow_up}.", "Nothing is recorded after that."
        )
