"""Studies' rows held against the trail: state, protocol, approvals, clusters, register."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from sqlmodel import Session

from longwave.domain.errors import LongwaveError
from longwave.domain.protocol import read_stored
from longwave.domain.protocol.model import Protocol
from longwave.domain.replay import study
from longwave.domain.replay.study import StudyRecord
from longwave.domain.trail import Happened, read_payload
from longwave.services.audit.report import TrailReport
from longwave.storage import media, record
from longwave.storage.record import StoredAllocation, StoredStudy, StoredVersion

_FACTS = (
    "mode",
    "state",
    "commitment",
    "added_at",
    "opened_at",
    "closed_at",
    "locked_at",
    "archived_at",
)

Protocols = Mapping[int, Protocol]
"""The protocol in force of each study that has a readable one, by the study's id."""


def check_studies(session: Session, report: TrailReport) -> Protocols:
    """Replay every study's events, and note in ``report`` each row that does not follow."""
    rows = {row.id: row for row in record.studies(session)}
    told = _replay(session, set(rows), report)
    clusters: dict[int, list[StoredAllocation]] = {study_id: [] for study_id in rows}
    for allocation in record.cluster_allocations(session):
        clusters.setdefault(allocation.study_id, []).append(allocation)
    protocols = {}
    for study_id, row in rows.items():
        place = f"study {row.slug}"
        versions = record.versions(session, study_id)
        read = {version.number: _protocol(version) for version in versions}
        for what in (
            *_facts(row, told[study_id]),
            *_versions(versions, read, told[study_id]),
            *_media(session, read.values()),
            *_approvals(session, study_id, told[study_id]),
            *_clusters(clusters[study_id], told[study_id]),
            *_register(session, study_id, told[study_id]),
        ):
            report.add(place, what)
        found = read[max(read)] if read else None
        if found is not None:
            protocols[study_id] = found
    return protocols


def _replay(session: Session, ids: set[int], report: TrailReport) -> dict[int, StudyRecord]:
    told = {study_id: StudyRecord() for study_id in ids}
    for event in record.events_of_studies(session, study.KINDS):
        if event.study_id not in told:
            report.add(f"event {event.id}", "it is about a study that does not exist")
            continue
        happened = Happened(
            event.id, event.kind, event.actor, event.at, read_payload(event.payload)
        )
        try:
            study.apply(told[event.study_id], happened)
        except ValueError as error:
            report.add(f"event {event.id}", str(error))
    return told


def _protocol(version: StoredVersion) -> Protocol | None:
    """Read a protocol from the files that are stored; None if they are none."""
    files = read_payload(version.files)
    try:
        return read_stored({name: str(text) for name, text in files.items()})
    except LongwaveError:
        return None


def _facts(row: StoredStudy, told: StudyRecord) -> Iterator[str]:
    for fact in _FACTS:
        if getattr(row, fact) != getattr(told, fact):
            yield f"study.{fact} is not what follows from the trail"


def _versions(
    versions: list[StoredVersion], read: Mapping[int, Protocol | None], told: StudyRecord
) -> Iterator[str]:
    if {version.number: version.hash for version in versions} != told.versions:
        yield "protocol_version: the versions are not those of the trail"
    for version in versions:
        found = read[version.number]
        if found is None or found.hash != version.hash:
            yield f"protocol_version {version.number}: its files do not give its hash"


def _media(session: Session, read: Iterable[Protocol | None]) -> Iterator[str]:
    audio = {one.hash: one.path for found in read if found is not None for one in found.audio()}
    for digest, path in audio.items():
        if not media.is_whole(session, digest):
            yield f"media: {path} is not what the protocol was made with"


def _approvals(session: Session, study_id: int, told: StudyRecord) -> Iterator[str]:
    rows = [tuple(row[1:]) for row in record.approvals(session, study_id)]
    if rows != [tuple(approval) for approval in told.approvals]:
        yield "approval: the rows are not those that follow from the trail"


def _clusters(rows: list[StoredAllocation], told: StudyRecord) -> Iterator[str]:
    found = {row.cluster: (row.list, row.position, row.arm, row.allocated_at) for row in rows}
    if len(found) != len(rows) or found != {
        cluster: tuple(allocated) for cluster, allocated in told.clusters.items()
    }:
        yield "allocation: those of clusters are not those that follow from the trail"


def _register(session: Session, study_id: int, told: StudyRecord) -> Iterator[str]:
    rows = Counter(
        {
            (outcome, site, reason): lines
            for outcome, site, reason, lines in record.register(session, study_id)
        }
    )
    if rows != told.register:
        yield "screening: the lines of the register are not those that follow from the trail"
