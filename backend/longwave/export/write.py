"""One export, from a study's rows to a folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from longwave.domain.dataset import Dataset
from longwave.domain.errors import InvalidInputError
from longwave.export.codebook import newest, write_codebook
from longwave.export.folder import replacing
from longwave.export.frames import Frames
from longwave.export.occasions import Protocols
from longwave.export.package import (
    Manifest,
    describe_files,
    watermark_of,
    write_data_package,
)
from longwave.export.schema import LAYOUTS, TABLES
from longwave.export.writers import WRITERS, Sheet, check_formats

DEFAULT_FORMATS = ("csv",)
DEFAULT_LAYOUTS = tuple(LAYOUTS)


def check_layouts(layouts: Iterable[str]) -> tuple[str, ...]:
    """Return the layouts in their order, each once.

    Raises
    ------
    InvalidInputError
        Naming those that are not known.
    """
    wanted = set(layouts)
    unknown = sorted(wanted - set(LAYOUTS))
    if unknown or not wanted:
        raise InvalidInputError(
            f"Not a layout: {', '.join(unknown) or 'none given'}.",
            f"Choose among {', '.join(LAYOUTS)}.",
        )
    return tuple(name for name in LAYOUTS if name in wanted)


def write_export(
    dataset: Dataset,
    protocols: Protocols,
    directory: Path,
    *,
    formats: Iterable[str] = DEFAULT_FORMATS,
    layouts: Iterable[str] = DEFAULT_LAYOUTS,
    reason: str | None = None,
) -> Manifest:
    """Write an export, in place of the former one if there is one.

    The same rows give the same bytes. CSV is what the analysis reads, and the data package
    lists it alone: it is always written.

    Parameters
    ----------
    dataset
        The study's rows.
    protocols
        Every version of the study's protocol by id, oldest first.
    directory
        The folder; new, empty or a former export.
    formats
        Of "csv", "parquet", "sav" (SPSS) and "dta" (Stata).
    layouts
        Of "long" (answers and scores) and "wide" (panel).
    reason
        Why the export is not blinded, or holds free text or dates.

    Raises
    ------
    InvalidInputError
        If a format or layout is unknown, or the folder holds something else.
    """
    chosen = check_formats([*DEFAULT_FORMATS, *formats])
    shapes = check_layouts(layouts)
    frames = Frames(dataset, protocols)
    tables = [TABLES[name] for name in frames.names(shapes)]
    described = [(table, frames.columns(table)) for table in tables]
    scores = {score.column: score for score in frames.panel_scores}
    with replacing(directory) as folder:
        for table, columns in described:
            sheet = Sheet(
                name=table.name,
                frame=frames.table(table),
                labels={column.name: column.label for column in columns},
                values={column.name: column.values for column in columns},
            )
            for name in chosen:
                WRITERS[name](sheet, folder, dataset.cut_off)
        write_codebook(folder, dataset, protocols, described, scores)
        write_data_package(folder, dataset, newest(protocols), described)
        manifest = Manifest(
            study=dataset.study.slug,
            protocol_hash=newest(protocols).hash,
            protocol_versions={str(found.number): found.hash for found in dataset.versions},
            cut_off=dataset.cut_off.isoformat().replace("+00:00", "Z"),
            blinded=dataset.blinded,
            trial_run=dataset.study.trial_run,
            watermark=watermark_of(dataset),
            reason=reason,
            includes=dataset.parts,
            layouts=shapes,
            formats=chosen,
            rows={table.name: len(frames.table(table)) for table in tables},
            left_out=dict(dataset.left_out),
            trail=asdict(dataset.trail) if dataset.trail else None,
            files=describe_files(folder),
        )
        manifest.write(folder)
    return manifest
