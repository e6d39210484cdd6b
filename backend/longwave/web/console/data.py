"""The last export: its files with their hashes, and all of it as one download."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from longwave.domain.blinding import Viewer
from longwave.domain.errors import NotAllowedError, NotFoundError
from longwave.domain.lifecycle import StudyMode
from longwave.i18n import translator
from longwave.services.study import current_protocol, get_study
from longwave.web.console.staff import Place, staff_page, viewer_of
from longwave.web.edge import AtEdge, Edge
from longwave.web.errors import reader_language

router = APIRouter(prefix="/console")
_MANIFEST = "manifest.json"
_CHUNK = 1 << 16


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


@router.get("/{slug}/data")
def data(slug: str, request: Request, edge: AtEdge) -> Response:
    """List the files of the last export."""
    with edge.database.reading() as session:
        viewer = viewer_of(request, edge, session)
        study = get_study(session, slug)
        protocol = current_protocol(session, study)
    export = last_export(edge, slug)
    refused = export is not None and not _may_see(viewer, export)
    say = translator(reader_language(request))
    return staff_page(
        request,
        edge,
        "console/data.html",
        viewer,
        Place("data", slug, say.pick(protocol.study.title), study.mode == StudyMode.TRIAL_RUN),
        export=None if refused else export,
        refused=refused,
    )


@router.get("/{slug}/data.zip")
def download(slug: str, request: Request, edge: AtEdge) -> Response:
    """Send the last export as one archive, written while it is sent."""
    with edge.database.reading() as session:
        viewer = viewer_of(request, edge, session)
        get_study(session, slug)
    export = last_export(edge, slug)
    if export is None:
        raise NotFoundError(
            "There is no export of this study yet.", f"Run `longwave export {slug} --out export`."
        )
    if not _may_see(viewer, export):
        raise NotAllowedError(
            "This export tells the arms, and you are blinded.",
            "Ask for a blinded export.",
        )
    return StreamingResponse(
        _zipped(export),
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="{slug}-export.zip"'},
    )


def last_export(edge: Edge, slug: str) -> LastExport | None:
    """Return the export that lies in the export directory, if it is one of this study."""
    directory = edge.settings.export_directory
    try:
        manifest = json.loads((directory / _MANIFEST).read_text(encoding="utf-8"))
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


def _may_see(viewer: Viewer, export: LastExport) -> bool:
    return export.blinded or viewer.sees_arms


def _listed(directory: Path, files: dict[str, Any]) -> Iterator[ExportedFile]:
    """Give the files that the manifest names and that lie in the folder itself."""
    home = directory.resolve()
    for name, facts in sorted(files.items()):
        path = (home / name).resolve()
        if path.is_relative_to(home) and path.is_file():
            digest = facts.get("sha256", "") if isinstance(facts, dict) else str(facts)
            yield ExportedFile(name, path.stat().st_size, digest)


def _zipped(export: LastExport) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (_MANIFEST, *(file.name for file in export.files)):
            with (export.directory / name).open("rb") as source, archive.open(name, "w") as entry:
                while chunk := source.read(_CHUNK):
                    entry.write(chunk)
                    yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """Takes what an archive writes until it is sent; it cannot seek, so nothing is patched."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held
