"""A member of staff in one study: what may be seen and done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from longwave.domain.errors import NotAllowedError, NotFoundError
from longwave.domain.lifecycle import Role
from longwave.domain.permissions import MAY, UNBLINDED_ONLY, Action, Scope, scope_of

_EVERYTHING = frozenset({Scope.ALL})
_NOT_HERE = "There is no such participant at your sites."


@dataclass(frozen=True, slots=True)
class Grant:
    """One role at one site, or at all of them (None)."""

    role: Role
    site: str | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """A member of staff in one study: what may be seen and done.

    ``blinded`` keeps the arm, and all from which it follows, from this person. ``sites`` are
    those that were granted, None for all. ``staff_id`` is None on the command line of the
    server itself. ``scopes`` is what the token they came with is good for.

    Somebody with several roles in a study has them as ``grants``: each holds at its own site
    only. Without any, ``role`` holds at all of ``sites``.
    """

    name: str
    role: Role
    blinded: bool
    sites: frozenset[str] | None = None
    staff_id: int | None = None
    scopes: frozenset[Scope] = _EVERYTHING
    grants: tuple[Grant, ...] = ()

    @classmethod
    def of(
        cls,
        name: str,
        grants: Iterable[Grant],
        *,
        blinded: bool,
        staff_id: int | None = None,
        scopes: frozenset[Scope] = _EVERYTHING,
    ) -> Viewer:
        """Return somebody with these grants; the role shown is the one with the most rights."""
        held = tuple(sorted(grants, key=lambda grant: (_rank(grant.role), grant.site or "")))
        return cls(
            name=name,
            role=held[0].role,
            blinded=blinded,
            sites=_joined(held),
            staff_id=staff_id,
            scopes=scopes,
            grants=held,
        )

    @property
    def sees_arms(self) -> bool:
        """Whether this person may learn which arm a participant is in."""
        return not self.blinded

    def may(self, action: Action) -> bool:
        """Whether this person may do ``action`` somewhere in the study."""
        return (
            not (self.blinded and action in UNBLINDED_ONLY)
            and not self.scopes.isdisjoint({Scope.ALL, scope_of(action)})
            and bool(self._grants_for(action))
        )

    def sites_for(self, action: Action) -> frozenset[str] | None:
        """Return the sites at which this person may do ``action``; None for all."""
        return _joined(self._grants_for(action)) if self.may(action) else frozenset()

    def require(self, action: Action, *, site: str | None = None) -> None:
        """Let pass whoever may do ``action``, for somebody at ``site`` where one is given.

        Raises
        ------
        NotAllowedError
            If neither role nor token allow it, or blinding forbids it.
        NotFoundError
            If the site is not among those granted: what lies there does not exist for them.
        """
        if not self.may(action):
            if site is not None and self.sites is not None and site not in self.sites:
                raise NotFoundError(_NOT_HERE)
            raise NotAllowedError(*self._refusal(action))
        sites = self.sites_for(action)
        if site is None or sites is None or site in sites:
            return
        if self.sites is not None and site not in self.sites:
            raise NotFoundError(_NOT_HERE)
        raise NotAllowedError(
            f"You may {action} at {', '.join(sorted(sites))} only.",
            "Ask an owner of the study to do it.",
        )

    def require_everywhere(self, action: Action) -> None:
        """Let pass whoever may do ``action`` for the study as a whole.

        Raises
        ------
        NotAllowedError
            If this person may not, or only at some sites.
        """
        self.require(action)
        if self.sites_for(action) is not None:
            raise NotAllowedError(
                f"To {action} concerns every site, and you were granted some of them.",
                "Ask an owner of the study to do it.",
            )

    def _grants_for(self, action: Action) -> tuple[Grant, ...]:
        return tuple(grant for grant in self._all_grants if grant.role in MAY[action])

    @property
    def _all_grants(self) -> tuple[Grant, ...]:
        if self.grants:
            return self.grants
        if self.sites is None:
            return (Grant(self.role),)
        return tuple(Grant(self.role, site) for site in sorted(self.sites))

    def _refusal(self, action: Action) -> tuple[str, str]:
        roles = list(dict.fromkeys(grant.role for grant in self._all_grants))
        if not any(role in MAY[action] for role in roles):
            return (
                f"As {' and '.join(roles)} you may not {action}.",
                "Ask an owner of the study to do it.",
            )
        if self.blinded and action in UNBLINDED_ONLY:
            return (
                f"Nobody who is blinded may {action}: it would tell the arm.",
                "Ask an unblinded member of the team to do it.",
            )
        return (
            f"This token is not good for that: to {action} needs the scope {scope_of(action)}.",
            "Ask an owner for a token with this scope.",
        )


def _rank(role: Role) -> int:
    """Return how many things a role may not do, and its place: the most rights come first."""
    allowed = sum(role in roles for roles in MAY.values())
    return 100 * (len(MAY) - allowed) + list(Role).index(role)


def _joined(grants: tuple[Grant, ...]) -> frozenset[str] | None:
    sites = {grant.site for grant in grants}
    return None if None in sites else frozenset(site for site in sites if site is not None)
