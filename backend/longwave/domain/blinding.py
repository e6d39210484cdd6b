"""Who may learn which arm a participant is in. Decided here, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from longwave.domain.errors import NotAllowedError, NotFoundError
from longwave.domain.lifecycle import Role
from longwave.domain.permissions import MAY, Action


@dataclass(frozen=True, slots=True)
class Viewer:
    """A member of staff in one study: what may be seen and done.

    ``blinded`` keeps the arm, and all from which it follows, from this person. ``sites`` are
    those that were granted, None for all. ``staff_id`` is None on the command line of the
    server itself.
    """

    name: str
    role: Role
    blinded: bool
    sites: frozenset[str] | None = None
    staff_id: int | None = None

    @property
    def sees_arms(self) -> bool:
        """Whether this person may learn which arm a participant is in."""
        return not self.blinded

    def may(self, action: Action) -> bool:
        """Whether the role of this person allows an action."""
        return self.role in MAY[action]

    def require(self, action: Action, *, site: str | None = None) -> None:
        """Let pass whoever may do ``action``, for somebody at ``site`` where one is given.

        Raises
        ------
        NotAllowedError
            If the role does not allow it.
        NotFoundError
            If the site is not among those granted: what lies there does not exist for them.
        """
        if not self.may(action):
            raise NotAllowedError(
                f"A {self.role} may not {action}.", "Ask an owner of the study to do it."
            )
        if site is not None and self.sites is not None and site not in self.sites:
            raise NotFoundError("There is no such participant at your sites.")
