"""What follows from the audit trail: the tables must say the same."""

from longwave.domain.replay.person import PersonState
from longwave.domain.replay.study import StudyRecord

__all__ = ["PersonState", "StudyRecord"]
