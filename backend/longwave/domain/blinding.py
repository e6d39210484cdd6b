"""Who may learn which arm a participant is in. Decided here, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from longwave.domain.lifecycle import Role


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who looks at a study's data.

    ``blinded`` keeps the arm, and all from which it follows, from this person.
    """

    name: str
    role: Role
    blinded: bool

    @property
    def sees_arms(self) -> bool:
        """Whether this person may learn which arm a participant is in."""
        return not self.blinded
