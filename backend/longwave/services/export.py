"""Exports: who may see what, when an unblinding is written down, where the files go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from longwave.domain.blinding import Viewer, waves_shown, waves_that_tell
from longwave.domain.dataset import Dataset, Part
from longwave.domain.errors import InvalidInputError, LongwaveError, NotAllowedError
from longwave.domain.instrument import ItemKind
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
    "PARTS",
    "Disclosure",
    "Manifest",
    "Part",
    "StudyData",
    "Unblinding",
    "check_parts",
    "check_request",
    "export_study",
    "read_study",
    "record_disclosure",
    "record_unblinding",
    "write_study",
]

PARTS: tuple[Part, ...] = ("text", "dates")
"""What can be asked for beside what every export holds."""

_PART_OF: Mapping[ItemKind, Part] = {"text": "text", "date": "dates"}


@dataclass(frozen=True, slots=True)
class Unblinding:
    """A permission to export who is in which arm. `record_unblinding` alone should make one."""

    slug: str
    reason: str


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A permission to export free text or dates. `record_disclosure` alone should make one."""

    slug: str
    parts: tuple[Part, ...]
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
    parts: Iterable[str] = (),
    reason: str | None = None,
    formats: Iterable[str] = DEFAULT_FORMATS,
    layouts: Iterable[str] = DEFAULT_LAYOUTS,
) -> Manifest:
    """Export a study in one transaction.

    An unblinded export writes an event, and so does one with free text or dates, so that
    ``session`` must be one that writes. Where others are waiting to write, call
    `record_unblinding` and `record_disclosure`, `read_study` and `write_study` in sessions of
    their own instead: a large export takes minutes.

    Raises
    ------
    NotFoundError
        If there is no such study.
    NotAllowedError
        If the viewer may not export the whole study, or is blinded and asks for the arms, for
        free text or dates.
    InvalidInputError
        If such an export has no reason, a part, format or layout is unknown, or ``directory``
        holds anything but a former export.
    """
    viewer.require_everywhere(Action.EXPORT)
    check_request(directory, formats=formats, layouts=layouts)
    unblinding = (
        record_unblinding(session, slug, viewer=viewer, reason=reason, now=now)
        if unblinded
        else None
    )
    chosen = check_parts(parts)
    disclosure = (
        record_disclosure(session, slug, chosen, viewer=viewer, reason=reason, now=now)
        if chosen
        else None
    )
    return write_study(
        read_study(session, slug, unblinding=unblinding, disclosure=disclosure),
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


def check_parts(parts: Iterable[str]) -> tuple[Part, ...]:
    """Return what is asked for beside what every export holds, each once.

    Raises
    ------
    InvalidInputError
        Naming what is not known.
    """
    wanted = set(parts)
    unknown = sorted(wanted - set(PARTS))
    if unknown:
        raise InvalidInputError(
            f"Exports hold no {', '.join(unknown)[:60]!r}.", f"Choose among {', '.join(PARTS)}."
        )
    return tuple(part for part in PARTS if part in wanted)


def record_disclosure(
    session: Session,
    slug: str,
    parts: tuple[Part, ...],
    *,
    viewer: Viewer,
    reason: str | None,
    now: datetime,
) -> Disclosure:
    """Write down that, by whom and why free text or dates are exported, and permit it.

    Raises
    ------
    NotAllowedError
        If the viewer may not export the whole study, or is blinded: what people write may tell
        their arm.
    InvalidInputError
        If there is no reason.
    """
    viewer.require_everywhere(Action.EXPORT)
    study = get_study(session, slug)
    if not viewer.sees_arms:
        raise NotAllowedError(
            "You are blinded in this installation, and what people write may tell their arm.",
            "Export without --include, or ask somebody who is not blinded.",
        )
    given = (reason or "").strip()
    if not given:
        raise InvalidInputError(
            "An export with free text or dates needs a reason, which the audit trail keeps.",
            'Give one: --reason "coding of the open answers".',
            {"reason": "is needed for free text and dates"},
        )
    payload = {"reason": given, "role": str(viewer.role), "includes": list(parts)}
    audit.record(session, study, "export.identifying", payload, actor=viewer.name, now=now)
    session.flush()
    return Disclosure(slug, parts, given)


def read_study(
    session: Session,
    slug: str,
    *,
    unblinding: Unblinding | None = None,
    disclosure: Disclosure | None = None,
) -> StudyData:
    """Read what an export of a study shows.

    The arms are read only under an unblinding, free text and dates only under a disclosure.
    """
    for permission in (unblinding, disclosure):
        if permission is not None and permission.slug != slug:
            raise LongwaveError(
                f"The permission is for {permission.slug}, not for {slug}.",
                "Record one for this study.",
            )
    begin_snapshot(session)
    study = get_study(session, slug)
    blinded = unblinding is None
    versions = {
        found: protocol_of(session, found) for found in reversed(version_ids(session, key(study)))
    }
    hidden = waves_that_tell(*versions.values()) if blinded else frozenset()
    parts = disclosure.parts if disclosure else ()
    dataset = read_dataset(
        session,
        study,
        arms=not blinded,
        hidden_waves=hidden,
        parts=parts,
        withheld=_withheld(versions.values(), parts),
    )
    protocols = {
        found: replace(protocol, waves=waves_shown(protocol, blinded=blinded))
        for found, protocol in versions.items()
    }
    permission = unblinding or disclosure
    return StudyData(dataset, protocols, permission.reason if permission else None)


def _withheld(protocols: Iterable[Protocol], parts: tuple[Part, ...]) -> set[tuple[str, str]]:
    """Return the items that are answered by what was not asked for."""
    return {
        (instrument.id, item.id)
        for protocol in protocols
        for instrument in protocol.instruments.values()
        for item in instrument.items
        if _PART_OF.get(item.kind) not in (None, *parts)
    }


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
