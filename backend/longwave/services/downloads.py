"""What staff can download: the last export and the report; who may, and what is written down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from longwave.domain.blinding import Viewer
from longwave.domain.errors import NotAllowedError, NotFoundError
from longwave.domain.permissions import Action
from longwave.services import audit
from longwave.storage.tables import Study

MANIFEST = "manifest.json"
_REPORT = "report.html"


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file of an export. ``sha256`` is what the manifest says of it."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class LastExport:
    """An export as its manifest describes it."""

    directory: Path
    blinded: bool
    cut_off: str
    files: tuple[ExportedFile, ...]


def last_export(slug: str, directory: Path, *, viewer: Viewer) -> LastExport | None:
    """Return the export in ``directory``, or None if there is none of this study.

    Raises
    ------
    NotAllowedError
        If the viewer may not export the whole study, or is blinded and it tells the arms.
    """
    viewer.require_everywhere(Action.EXPORT)
    export = _described(slug, directory)
    if export is not None and not export.blinded and not viewer.sees_arms:
        raise NotAllowedError(
            "This export tells the arms, and you are blinded.", "Ask for a blinded export."
        )
    return export


def take_export(
    session: Session, study: Study, directory: Path, *, viewer: Viewer, now: datetime
) -> LastExport:
    """Return the export in ``directory`` to download; note who takes one that tells the arms.

    Raises
    ------
    NotFoundError
        If there is no export of this study.
    NotAllowedError
        As `last_export` does.
    """
    export = last_export(study.slug, directory, viewer=viewer)
    if export is None:
        raise NotFoundError(
            "There is no export of this study yet.",
            f"Run `longwave export {study.slug} --out export`.",
        )
    if not export.blinded:
        audit.record(
            session,
            study,
            "export.downloaded",
            {"cut_off": export.cut_off, "role": str(viewer.role)},
            actor=viewer.name,
            now=now,
        )
    return export


def analysis_report(directory: Path, *, viewer: Viewer) -> Path:
    """Return the report of the planned analysis in ``directory``.

    Raises
    ------
    NotAllowedError
        If the viewer may not see how a whole study goes, or is blinded.
    NotFoundError
        If there is no report.
    """
    viewer.require_everywhere(Action.SEE_COUNTS)
    if not viewer.sees_arms:
        raise NotAllowedError(
            "The report of the analysis compares the arms, and you are blinded.",
            "Ask an unblinded member of the team.",
        )
    path = directory / _REPORT
    if not path.is_file():
        raise NotFoundError("There is no report yet.", "Run `longwave analyse`.")
    return path


def has_report(directory: Path, *, viewer: Viewer) -> bool:
    """Whether there is a report that `analysis_report` would give this person."""
    try:
        analysis_report(directory, viewer=viewer)
    except (NotAllowedError, NotFoundError):
        return False
    return True


def _described(slug: str, directory: Path) -> LastExport | None:
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(manifest, dict) or manifest.get("study") != slug:
        return None
    files = manifest.get("files")
    if not isinstance(files, dict):
        return None
    return LastExport(
        directory=directory,
        blinded=manifest.get("blinded") is True,
        cut_off=str(manifest.get("cut_off") or ""),
        files=tuple(_listed(directory, files)),
    )


def _listed(directory: Path, files: dict[str, Any]) -> Iterator[ExportedFile]:
    """Give the files that the manifest names and that lie in the folder itself."""
    home = directory.resolve()
    for name, facts in sorted(files.items()):
        path = (home / name).resolve()
        if path.is_relative_to(home) and path.is_file():
            digest = facts.get("sha256", "") if isinstance(facts, dict) else str(facts)
            yield ExportedFile(name, path.stat().st_size, digest)
