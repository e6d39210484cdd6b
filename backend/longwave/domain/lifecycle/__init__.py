"""The states that studies and participants can be in, and the transitions between them.

The transitions stand in `study` and `participant`, and are used by those names.
"""

from longwave.domain.lifecycle.states import (
    AssessmentStatus,
    BounceKind,
    Channel,
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
    "BounceKind",
    "Channel",
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
