"""The states that studies and participants can be in, and the transitions between them."""

from longwave.domain.lifecycle.states import (
    AssessmentStatus,
    FollowUp,
    Messages,
    MessageState,
    ProgrammeState,
    Role,
    ScreeningOutcome,
    Stage,
    StudyMode,
    StudyState,
)

__all__ = [
    "AssessmentStatus",
    "FollowUp",
    "MessageState",
    "Messages",
    "ProgrammeState",
    "Role",
    "ScreeningOutcome",
    "Stage",
    "StudyMode",
    "StudyState",
]
