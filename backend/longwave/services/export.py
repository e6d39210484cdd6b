"""Exports: who may see what, when an unblinding is written down, where the files go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from longwave.domain.blinding import Viewer, waves_shown, waves_that_tell
from longwave.domain.dataset import Dataset
from longwave.domain.errors import InvalidInputError, LongwaveError, NotAllowedError
from longwave.domain.permissions import Action
from longwave.domain.protocol.model import Protocol
from longwave.export import DEFAULT_FORMATS, DEFAULT_LAYOUTS, Manifest, write_export
from longwave.export.folder import check_replaceable
from longwave.export.write import check_layouts
from longwave.export.writers import check_formats
from longwave.services import audit
from longwave.services.study import get_study, protocol_of
from longwave.storage.export import begin_snapshot, read_dataset
from longwave.storage.study import version_ids
from longwave.storage.tables.base import key

__all__ = [
    "DEFAULT_FORMATS",
    "DEFAULT_LAYOUTS",
    "Manifest",
    "StudyData",
    "Unblinding",
    "check_request",
    "export_study",
    "read_study",
    "record_unblinding",
    "write_study",
]


@dataclass(frozen=True, slots=True)
class Unblinding:
    """A permission to export who is in which arm. `record_unblinding` alone should make one."""

    slug: str
    reason: str


@dataclass(frozen=True, slots=True)
class StudyData:
    """A study's rows with every version of its protocol, oldest first; needs no session."""

    dataset: Dataset
    protocols: dict[int, Protocol]
    reason: str | None

    @property
    def protocol(self) -> Protocol:
        """The version in force."""
        return list(self.protocols.values())[-1]


def export_study(
    session: Session,
    slug: str,
    directory: Path,
    *,
    viewer: Viewer,
    now: datetime,
    unblinded: bool = False,
    reason: str | None = None,
    formats: Iterable[str] = DEFAULT_FORMATS,
    layouts: Iterable[str] = DEFAULT_LAYOUTS,
) -> Manifest:
    """Export a study in one transaction.

    An unblinded export writes an event, so that ``session`` must be one that writes. Where
    others are waiting to write, call `record_unblinding`, `read_study` and `write_study` in
    sessions of their own instead: a large export takes minutes.

    Raises
    ------
    NotFoundError
        If there is no such study.
    NotAllowedError
        If the viewer may not export the whole study, or is blinded and asks for the arms.
    InvalidInputError
        If an unblinded export has no reason, a format or layout is unknown, or ``directory``
        holds anything but a former export.
    """
    viewer.require_everywhere(Action.EXPORT)
    check_request(directory, formats=formats, layouts=layouts)
    unblinding = (
        record_unblinding(session, slug, viewer=viewer, reason=reason, now=now)
        if unblinded
        else None
    )
    return write_study(
        read_study(session, slug, unblinding=unblinding),
        directory,
        formats=formats,
        layouts=layouts,
    )


def check_request(directory: Path, *, formats: Iterable[str], layouts: Iterable[str]) -> None:
    """Refuse at once what would be refused at the end; see `export_study`."""
    check_formats(formats)
    check_layouts(layouts)
    check_replaceable(directory)


def record_unblinding(
    session: Session, slug: str, *, viewer: Viewer, reason: str | None, now: datetime
) -> Unblinding:
    """Write down that, by whom and why an unblinded export is made, and permit it.

    Raises
    ------
    NotAllowedError
        If the viewer may not export the whole study, or is blinded.
    InvalidInputError
        If there is no reason.
    """
    viewer.require_everywhere(Action.EXPORT)
    study = get_study(session, slug)
    if not viewer.sees_arms:
        raise NotAllowedError(
            "You are blinded in this installation: an export for you cannot show the arms.",
            "Export without --unblinded, or ask somebody who is not blinded.",
        )
    given = (reason or "").strip()
    if not given:
        raise InvalidInputError(
            "An unblinded export needs a reason, which the audit trail keeps.",
            'Give one: --reason "primary analysis".',
            {"reason": "is needed for an unblinded export"},
        )
    audit.record(
        session,
        study,
        "export.unblinded",
        {"reason": given, "role": str(viewer.role)},
        actor=viewer.name,
        now=now,
    )
    session.flush()
    return Unblinding(slug, given)


def read_study(session: Session, slug: str, *, unblinding: Unblinding | None = None) -> StudyData:
    """Read what an export of a study shows; the arms only under an unblinding."""
    if unblinding is not None and unblinding.slug != slug:
        raise LongwaveError(
            f"The permission to unblind is for {unblinding.slug}, not for {slug}.",
            "Record one for this study.",
        )
    begin_snapshot(session)
    study = get_study(session, slug)
    blinded = unblinding is None
    versions = {
        found: protocol_of(session, found) for found in reversed(version_ids(session, key(study)))
    }
    hidden = waves_that_tell(*versions.values()) if blinded else frozenset()
    dataset = read_dataset(session, study, arms=not blinded, hidden_waves=hidden)
    protocols = {
        found: replace(protocol, waves=waves_shown(protocol, blinded=blinded))
        for found, protocol in versions.items()
    }
    return StudyData(dataset, protocols, unblinding.reason if unblinding else None)


def write_study(
    data: StudyData,
    directory: Path,
    *,
    formats: Iterable[str] = DEFAULT_FORMATS,
    layouts: Iterable[str] = DEFAULT_LAYOUTS,
) -> Manifest:
    """Write an export of what `read_study` read, in place of the former one."""
    return write_export(
        data.dataset,
        data.protocols,
        directory,
        formats=formats,
        layouts=layouts,
        reason=data.reason,
    )
