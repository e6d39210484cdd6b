"""Every allocation replayed from the sealed settings, and held against the audit trail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby, zip_longest
from operator import attrgetter

from sqlmodel import Session

from longwave.domain.errors import RefusedTransitionError
from longwave.domain.protocol.model import RandomisationPlan
from longwave.domain.randomisation import (
    SealedSettings,
    levels_of,
    list_of,
    list_of_members,
    replay,
)
from longwave.keys import KeyRing
from longwave.services.study import current_protocol, get_study, sealed_settings
from longwave.storage import allocation as allocations
from longwave.storage.allocation import Allocated, Told
from longwave.storage.database import snapshot
from longwave.storage.tables import Study
from longwave.storage.tables.base import key

_BY_LIST = attrgetter("list")

# A stratum of other factors, a place beyond the end of a list, a value that is no date or no JSON.
_UNREADABLE = (RefusedTransitionError, ValueError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether a randomisation proves itself, and of how many allocations. It tells no more."""

    passed: bool
    allocations: int

    def __bool__(self) -> bool:
        return self.passed


def verify(session: Session, slug: str, *, keys: KeyRing) -> Verification:
    """Replay every allocation of a study that is committed now.

    It passes only if the sealed settings are those that were committed to at approval and at
    opening; if each list has every position once, with the arm that the settings give; if
    people stand on the list of their stratum, or of their cluster, and have its arm; and if
    allocations, participants and the trail tell the same, each of all that the others have.
    Time grows in proportion to the number of allocations, memory does not.

    Raises
    ------
    RefusedTransitionError
        If the study does not randomise, or has not been approved or opened yet.
    """
    with snapshot(session) as frozen:
        study = get_study(frozen, slug)
        number = allocations.count(frozen, key(study))
        if study.sealed is None and any(allocations.told_commitments(frozen, key(study))):
            return Verification(passed=False, allocations=number)
        settings = sealed_settings(study, keys)
        plan = current_protocol(frozen, study).randomisation
        try:
            passed = (
                plan is not None
                and _is_committed(frozen, study, settings)
                and _is_replayed(frozen, study, plan, settings)
                and _is_told(frozen, study)
            )
        except _UNREADABLE:
            passed = False
        return Verification(passed, number)


def _is_committed(session: Session, study: Study, settings: SealedSettings) -> bool:
    told = allocations.told_commitments(session, key(study))
    return bool(told) and {study.commitment, *told} == {settings.commitment()}


def _is_replayed(
    session: Session, study: Study, plan: RandomisationPlan, settings: SealedSettings
) -> bool:
    clusters = allocations.of_clusters(session, key(study))
    members = allocations.by_list(session, key(study))
    if plan.cluster is None:
        return not clusters and _follow_settings(members, plan, settings)
    firsts = allocations.first_strata(session, key(study))
    of_first = [
        row._replace(stratum=firsts.get(list_of_members(row.cluster or ""))) for row in clusters
    ]
    return _follow_settings(of_first, plan, settings) and _inherit(
        members, {list_of_members(row.cluster or ""): row.arm for row in clusters}
    )


def _follow_settings(
    rows: Iterable[Allocated], plan: RandomisationPlan, settings: SealedSettings
) -> bool:
    """Whether each list is the one that the settings give, and holds who belongs on it."""
    factors = tuple(settings.weights)
    for name, on_list in groupby(rows, key=_BY_LIST):
        following = replay(settings, name)
        for position, row in enumerate(on_list):
            if row.stratum is None or name != list_of(plan, row.stratum):
                return False
            arm = following(levels_of(factors, row.stratum) if factors else {})
            if (row.position, row.arm) != (position, arm):
                return False
    return True


def _inherit(rows: Iterable[Allocated], arms: Mapping[str, str]) -> bool:
    """Whether each cluster's members have its arm, in the order of joining without a gap."""
    found = set()
    for name, on_list in groupby(rows, key=_BY_LIST):
        found.add(name)
        for position, row in enumerate(on_list):
            if (row.position, row.arm) != (position, arms.get(name)):
                return False
    return found == set(arms)


def _is_told(session: Session, study: Study) -> bool:
    """Whether the trail tells of every allocation and of no other, and so do the participants."""
    people = zip_longest(
        allocations.by_person(session, key(study)),
        allocations.told_by_person(session, key(study)),
        fillvalue=(None, None),
    )
    number = 0
    for (person, row), (person_told, told) in people:
        if person != person_told or row is None or told is None or not _agree(row, told):
            return False
        number += 1
    return number == allocations.count_randomised(session, key(study)) and _are_clusters_told(
        session, study
    )


def _agree(row: Allocated, told: Told) -> bool:
    expected = {
        "list": row.list,
        "position": row.position,
        "arm": row.arm,
        "stratum": row.stratum,
    }
    if row.list.startswith(list_of_members("")):
        expected["cluster"] = row.list.removeprefix(list_of_members(""))
    # Before there were other lists than those of strata, events named the list alone.
    payload = {"stratum": told.payload.get("list"), **told.payload}
    return (payload, told.at) == (expected, row.allocated_at) and row.randomised_at == told.at


def _are_clusters_told(session: Session, study: Study) -> bool:
    rows = [
        (row.cluster or "", row.list, row.position, row.arm, row.allocated_at)
        for row in allocations.of_clusters(session, key(study))
    ]
    told = [
        (*(event.payload.get(name) for name in ("cluster", "list", "position", "arm")), event.at)
        for event in allocations.told_of_clusters(session, key(study))
    ]
    return sorted(rows) == sorted(told)
