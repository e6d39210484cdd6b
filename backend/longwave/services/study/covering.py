"""Whether somebody would be told of what a study's safety rules find."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from longwave.domain.protocol.model import Protocol
from longwave.domain.safety import Holding, Uncovered, uncovered
from longwave.storage import staff as staff_rows
from longwave.storage.tables import Staff, StaffGrant, Study
from longwave.storage.tables.base import key


def uncovered_alerts(session: Session, study: Study, protocol: Protocol) -> tuple[Uncovered, ...]:
    """Return the safety rules of a version of a study whose alerts would reach nobody."""
    if not protocol.safety:
        return ()
    return tuple(uncovered(protocol, holdings(staff_rows.grants_in(session, key(study)))))


def holdings(grants: Iterable[tuple[Staff, StaffGrant]]) -> list[Holding]:
    """Return the roles that members of the team hold, as the domain knows them."""
    return [Holding(key(member), grant.role, grant.site, grant.blinded) for member, grant in grants]
