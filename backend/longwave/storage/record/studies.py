"""Studies and what is theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import func, select
from sqlmodel import Session, col

from longwave.storage import raw
from longwave.storage.record.common import StoredAllocation, all_allocations, events_where, rows
from longwave.storage.tables import Allocation, Approval, Event, ProtocolVersion, Screening, Study
from longwave.storage.trail import StoredEvent


def events_of_studies(session: Session, kinds: Iterable[str]) -> Iterator[StoredEvent]:
    """Give the events of some kinds that are about no participant, by id."""
    return events_where(session, kinds, col(Event.participant_id).is_(None))


class StoredStudy(NamedTuple):
    """A study's row, without what is sealed."""

    id: int
    slug: str
    mode: str
    state: str
    commitment: str | None
    added_at: str
    opened_at: str | None
    closed_at: str | None
    locked_at: str | None
    archived_at: str | None


def studies(session: Session) -> list[StoredStudy]:
    """Return every study, by id."""
    dialect = session.get_bind().dialect.name
    plain = (Study.id, Study.slug, Study.mode, Study.state, Study.commitment)
    instants = (
        Study.added_at,
        Study.opened_at,
        Study.closed_at,
        Study.locked_at,
        Study.archived_at,
    )
    statement = select(
        *map(col, plain), *(raw.instant(dialect, col(column)) for column in instants)
    ).order_by(col(Study.id))
    return rows(session, statement, StoredStudy._make)


class StoredVersion(NamedTuple):
    """A version of a protocol; ``files`` is JSON."""

    id: int
    study_id: int
    number: int
    hash: str
    files: str


def versions(session: Session, study_id: int) -> list[StoredVersion]:
    """Return the versions of a study's protocol, by number."""
    statement = (
        select(
            col(ProtocolVersion.id),
            col(ProtocolVersion.study_id),
            col(ProtocolVersion.number),
            col(ProtocolVersion.hash),
            raw.text(col(ProtocolVersion.files)),
        )
        .where(col(ProtocolVersion.study_id) == study_id)
        .order_by(col(ProtocolVersion.number))
    )
    return rows(session, statement, StoredVersion._make)


class StoredApproval(NamedTuple):
    """A row of an approval; ``version`` is the hash of the protocol that was approved."""

    study_id: int
    hash: str | None
    reference: str
    approver: str
    approved_on: str
    registry_id: str | None
    exemption: str | None
    recorded_by: str
    recorded_at: str


def approvals(session: Session, study_id: int) -> list[StoredApproval]:
    """Return a study's approvals, in the order in which they were written."""
    statement = (
        select(
            col(Approval.study_id),
            col(ProtocolVersion.hash),
            col(Approval.reference),
            col(Approval.approver),
            raw.text(col(Approval.approved_on)),
            col(Approval.registry_id),
            col(Approval.exemption),
            col(Approval.recorded_by),
            raw.instant(session.get_bind().dialect.name, col(Approval.recorded_at)),
        )
        .outerjoin(ProtocolVersion, col(ProtocolVersion.id) == col(Approval.protocol_version_id))
        .where(col(Approval.study_id) == study_id)
        .order_by(col(Approval.id))
    )
    return rows(session, statement, StoredApproval._make)


def register(session: Session, study_id: int) -> list[tuple[str, str, str | None, int]]:
    """Return how many lines of the screening register tell each outcome, site and reason."""
    place = (col(Screening.outcome), col(Screening.site), col(Screening.reason))
    statement = (
        select(*place, func.count()).where(col(Screening.study_id) == study_id).group_by(*place)
    )
    return rows(session, statement, lambda row: (row[0], row[1], row[2], row[3]))


def cluster_allocations(session: Session) -> list[StoredAllocation]:
    """Return the allocations that are of no participant."""
    statement = all_allocations(session).where(col(Allocation.participant_id).is_(None))
    return rows(session, statement, StoredAllocation._make)
