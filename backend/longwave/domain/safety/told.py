"""Who of the team is told of an alert, by roles, sites and blinding."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from longwave.domain.lifecycle import Role
from longwave.domain.permissions import MAY, Action
from longwave.domain.protocol.alerting import Alerting
from longwave.domain.protocol.model import Protocol


@dataclass(frozen=True, slots=True)
class Holding:
    """A role that somebody holds, at one site or (None) at all."""

    staff_id: int
    role: str
    site: str | None = None
    blinded: bool = False


@dataclass(frozen=True, slots=True)
class _Member:
    staff_id: int
    roles: frozenset[str]
    blinded: bool


def told(
    holdings: Iterable[Holding], site: str, roles: Iterable[str], *, tells_arm: bool
) -> tuple[int, ...]:
    """Return who has one of these roles at a site; for a role that nobody has, the owners.

    What would tell the blinded an arm goes to those who see the arms, if there are any who may
    look after it: at first with that role, else with another.
    """
    members = _members(holdings, site)
    seeing = [member for member in members if not (member.blinded and tells_arm)]
    chosen: dict[int, None] = {}
    for role in roles:
        found = (
            _with(seeing, {role})
            or _with(seeing, {Role.OWNER})
            or (_with(seeing, MAY[Action.LOOK_AFTER_ALERTS]) if tells_arm else [])
            or _with(members, {role})
            or _with(members, {Role.OWNER})
        )
        chosen |= dict.fromkeys(member.staff_id for member in found)
    return tuple(chosen)


@dataclass(frozen=True, slots=True)
class Uncovered:
    """A rule whose alerts about participants at some sites would reach nobody as a role."""

    rule: str
    role: str
    sites: tuple[str, ...]

    def __str__(self) -> str:
        """Say it within a sentence."""
        lacking = "" if self.role == Role.OWNER else f"no {self.role} and "
        return (
            f"an alert of {self.rule} at {', '.join(self.sites)} would reach nobody: there is "
            f"{lacking}no owner (longwave staff add)"
        )


def uncovered(protocol: Protocol, holdings: Collection[Holding]) -> Iterator[Uncovered]:
    """Yield the roles that safety rules tell and that neither they nor an owner would fill.

    That is of whom is told at once, out of hours, and when nobody has looked.
    """
    for rule in protocol.safety:
        for role in _roles(rule.alert):
            sites = [
                site for site in protocol.sites if not told(holdings, site, [role], tells_arm=False)
            ]
            if sites:
                yield Uncovered(rule.id, role, tuple(sites))


def _roles(alert: Alerting) -> tuple[str, ...]:
    roles = [alert.role]
    if alert.out_of_hours is not None and alert.out_of_hours.role is not None:
        roles.append(alert.out_of_hours.role)
    if alert.escalate is not None:
        roles.append(alert.escalate.role)
    return tuple(dict.fromkeys(roles))


def _with(members: Iterable[_Member], roles: Collection[str]) -> list[_Member]:
    return [member for member in members if not member.roles.isdisjoint(roles)]


def _members(holdings: Iterable[Holding], site: str) -> list[_Member]:
    held: dict[int, list[Holding]] = {}
    for holding in holdings:
        held.setdefault(holding.staff_id, []).append(holding)
    return [
        _Member(
            staff_id,
            frozenset(one.role for one in own if one.site in (None, site)),
            any(one.blinded for one in own),
        )
        for staff_id, own in held.items()
    ]
