"""Who somebody is: found by a token, and what they may see and do in a study."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from longwave.domain.blinding import Grant, Viewer
from longwave.domain.errors import NotAllowedError, NotFoundError
from longwave.domain.lifecycle import Role
from longwave.domain.permissions import Scope
from longwave.keys import token_hash
from longwave.services.staff.members import find_staff, is_good
from longwave.services.study import get_study, list_studies
from longwave.storage import staff as staff_rows
from longwave.storage.tables import StaffGrant, Study
from longwave.storage.tables.base import key


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who brought a token that is known and still good.

    ``study_id`` is the only study that the token is good for, None for all.
    """

    staff_id: int
    name: str
    scopes: frozenset[Scope]
    study_id: int | None
    grants: tuple[StaffGrant, ...]


def authenticate(session: Session, token: str, *, now: datetime) -> Who | None:
    """Return who holds a token; None if nobody does, or it has expired or been revoked."""
    found = staff_rows.by_token(session, token_hash(token))
    if found is None:
        return None
    member, held = found
    if member.removed_at is not None or not is_good(held, now):
        return None
    return Who(
        staff_id=key(member),
        name=member.email,
        scopes=frozenset(Scope(scope) for scope in held.scopes),
        study_id=held.study_id,
        grants=tuple(staff_rows.grants(session, key(member))),
    )


def who_is(session: Session, email: str) -> Who:
    """Return a member of staff who is at the server's own command line, without a token."""
    member = find_staff(session, email)
    return Who(
        staff_id=key(member),
        name=member.email,
        scopes=frozenset({Scope.ALL}),
        study_id=None,
        grants=tuple(staff_rows.grants(session, key(member))),
    )


def viewer_in(who: Who, study: Study) -> Viewer:
    """Return what somebody may see and do in a study.

    With several roles they may do what any of them allows, each at its own site; they see the
    arms only if none of these roles is blinded.

    Raises
    ------
    NotFoundError
        If neither they nor their token were granted this study: it does not exist for them.
    """
    fitting = [grant for grant in who.grants if grant.study_id in (None, study.id)]
    if not fitting or who.study_id not in (None, study.id):
        raise NotFoundError(f"There is no study called {study.slug}.", "Check the address.")
    return Viewer.of(
        who.name,
        (Grant(Role(grant.role), grant.site) for grant in fitting),
        blinded=any(grant.blinded for grant in fitting),
        staff_id=who.staff_id,
        scopes=who.scopes,
    )


def study_for(session: Session, who: Who, slug: str) -> tuple[Study, Viewer]:
    """Return a study with what somebody may see and do in it; see `viewer_in`."""
    try:
        study = get_study(session, slug)
    except NotFoundError:
        # Whoever may not know of a study must not tell one from none.
        raise NotFoundError(f"There is no study called {slug}.", "Check the address.") from None
    return study, viewer_in(who, study)


def studies_for(session: Session, who: Who) -> list[tuple[Study, Viewer]]:
    """Return the studies that somebody was granted, by slug."""
    found = []
    for study in list_studies(session):
        try:
            found.append((study, viewer_in(who, study)))
        except NotFoundError:
            continue
    return found


def viewer_everywhere(session: Session, who: Who) -> Viewer:
    """Return what somebody may do with what belongs to no single study: what holds in each.

    Raises
    ------
    NotAllowedError
        If there is a study that they were not granted, or no role that they have in each.
    """
    every = list_studies(session)
    granted = [viewer for _, viewer in studies_for(session, who)]
    if not every and who.study_id is None:
        granted = [_outside_of_studies(who)]
    shared = set.intersection(*(set(viewer.grants) for viewer in granted)) if granted else set()
    if len(granted) < len(every) or not shared:
        raise NotAllowedError(
            "This page is about every study here, and you were not granted the same role in each.",
            "Ask an owner of the installation.",
        )
    return Viewer.of(
        who.name,
        shared,
        blinded=any(viewer.blinded for viewer in granted),
        staff_id=who.staff_id,
        scopes=who.scopes,
    )


def _outside_of_studies(who: Who) -> Viewer:
    everywhere = [grant for grant in who.grants if grant.study_id is None]
    if not everywhere:
        raise NotAllowedError(
            "There is no study that you were granted.", "Ask an owner of the installation."
        )
    return Viewer.of(
        who.name,
        (Grant(Role(grant.role), grant.site) for grant in everywhere),
        blinded=any(grant.blinded for grant in everywhere),
        staff_id=who.staff_id,
        scopes=who.scopes,
    )
