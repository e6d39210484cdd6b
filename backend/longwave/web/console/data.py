"""The last export: its files with their hashes, and all of it as one download."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from longwave.domain.errors import NotAllowedError
from longwave.domain.lifecycle import StudyMode
from longwave.i18n import translator
from longwave.services.downloads import MANIFEST, LastExport, last_export, take_export
from longwave.services.study import current_protocol
from longwave.web.console.staff import Place, staff_page, viewer_of_study
from longwave.web.edge import AtEdge
from longwave.web.errors import reader_language

router = APIRouter(prefix="/console")
_CHUNK = 1 << 16


@router.get("/{slug}/data")
def data(slug: str, request: Request, edge: AtEdge) -> Response:
    """List the files of the last export."""
    with edge.database.reading() as session:
        study, viewer = viewer_of_study(request, edge, session, slug)
        protocol = current_protocol(session, study)
    export, refused = None, False
    try:
        export = last_export(slug, edge.settings.export_directory, viewer=viewer)
    except NotAllowedError:
        refused = True
    say = translator(reader_language(request))
    return staff_page(
        request,
        edge,
        "console/data.html",
        viewer,
        Place("data", slug, say.pick(protocol.study.title), study.mode == StudyMode.TRIAL_RUN),
        export=export,
        refused=refused,
    )


@router.get("/{slug}/data.zip")
def download(slug: str, request: Request, edge: AtEdge) -> Response:
    """Send the last export as one archive, written while it is sent.

    One that tells the arms leaves an event, which is committed before the first byte.
    """
    with edge.database.writing() as session:
        study, viewer = viewer_of_study(request, edge, session, slug)
        export = take_export(
            session, study, edge.settings.export_directory, viewer=viewer, now=edge.now
        )
    return StreamingResponse(
        _zipped(export),
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="{slug}-export.zip"'},
    )


def _zipped(export: LastExport) -> Iterator[bytes]:
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (MANIFEST, *(file.name for file in export.files)):
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
