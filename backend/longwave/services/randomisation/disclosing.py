"""The sealed settings made public after the lock, so that anybody can replay the allocations."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import InvalidInputError, NotAllowedError, RefusedTransitionError
from longwave.domain.lifecycle import StudyState
from longwave.domain.permissions import Action
from longwave.domain.randomisation import list_of_members
from longwave.keys import KeyRing
from longwave.services import audit
from longwave.services.study import get_study, sealed_settings
from longwave.storage import allocation as allocations
from longwave.storage.allocation import Allocated
from longwave.storage.tables.base import key

_OVER = (StudyState.LOCKED, StudyState.ARCHIVED)


@dataclass(frozen=True, slots=True, repr=False)
class DisclosedAllocation:
    """One allocation: of a participant (public id), or of a cluster.

    ``stratum`` is that of the participant at randomisation, or of a cluster's first member.
    """

    list: str
    position: int
    arm: str
    participant: str | None
    cluster: str | None
    stratum: str | None
    allocated_at: str


@dataclass(frozen=True, slots=True, repr=False)
class Disclosure:
    """All that a replay needs. ``commitment`` is the SHA-256 of the text ``settings``."""

    study: str
    commitment: str
    settings: str
    allocations: tuple[DisclosedAllocation, ...]

    def to_json(self) -> str:
        """Return this as JSON; docs/randomisation.md shows how to replay it."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


def disclose(
    session: Session, slug: str, *, keys: KeyRing, viewer: Viewer, reason: str, now: datetime
) -> Disclosure:
    """Return seed, settings and allocations of a study that is locked, and note it in the trail.

    Raises
    ------
    NotAllowedError
        If the viewer may not, or is blinded.
    RefusedTransitionError
        If the study is not locked yet, or does not randomise.
    InvalidInputError
        If no reason is given.
    """
    viewer.require(Action.DISCLOSE)
    if not viewer.sees_arms:
        raise NotAllowedError(
            "A disclosure shows every arm, and you are blinded.",
            "Ask somebody who is not.",
        )
    reason = reason.strip()
    if not reason:
        raise InvalidInputError(
            "A reason is missing.", "Say in a few words why.", {"reason": "Say why."}
        )
    study = get_study(session, slug)
    if study.state not in _OVER:
        raise RefusedTransitionError(
            f"The study {slug} is {study.state}: who knows its randomisation could foresee arms.",
            f"Lock it first: longwave study lock {slug}",
        )
    settings = sealed_settings(study, keys)
    firsts = allocations.first_strata(session, key(study))
    rows = [
        row._replace(stratum=firsts.get(list_of_members(row.cluster or "")))
        for row in allocations.of_clusters(session, key(study))
    ]
    rows.extend(allocations.by_list(session, key(study)))
    audit.record(
        session,
        study,
        "randomisation.disclosed",
        {"reason": reason},
        actor=viewer.name,
        now=now,
    )
    return Disclosure(
        study=slug,
        commitment=settings.commitment(),
        settings=settings.to_json(),
        allocations=tuple(_disclosed(row) for row in rows),
    )


def _disclosed(row: Allocated) -> DisclosedAllocation:
    return DisclosedAllocation(
        list=row.list,
        position=row.position,
        arm=row.arm,
        participant=row.public_id,
        cluster=row.cluster,
        stratum=row.stratum,
        allocated_at=row.allocated_at.isoformat(),
    )
