"""``longwave export`` and ``longwave analyse``: what analysts take away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from longwave.cli.edge import SERVER, opened, out
from longwave.clock import system_clock
from longwave.domain.protocol.model import Protocol
from longwave.services import export as exports
from longwave.services import study as studies
from longwave.services.analysis import Analysis, run_planned_analysis
from longwave.storage.database import Database

_PLANNED = "planned analysis"
_Slug = Annotated[str, typer.Argument(help="The study's name.")]


def export_command(
    slug: _Slug,
    directory: Annotated[
        Path, typer.Option("--out", help="Folder to write: new, empty or a former export.")
    ],
    formats: Annotated[
        str, typer.Option("--format", help="Of csv, parquet, sav, dta; with commas.")
    ] = "csv",
    layouts: Annotated[
        str, typer.Option("--layout", help="Of long, wide; with commas.")
    ] = "long,wide",
    unblinded: Annotated[
        bool, typer.Option("--unblinded", help="Show the arms; the trail notes it.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why it is unblinded, or holds text or dates.")
    ] = None,
    include: Annotated[
        str, typer.Option("--include", help="Of text, dates; with commas. The trail notes it.")
    ] = "",
) -> None:
    """Export a study as tidy tables with a codebook; blinded unless asked otherwise."""
    with opened() as (_, database, _keys):
        manifest = _export(
            database,
            slug,
            directory,
            formats=_listed(formats),
            layouts=_listed(layouts),
            unblinded=unblinded,
            parts=exports.check_parts(_listed(include)),
            reason=reason,
        )
        _print_export(manifest, directory)


def analyse_command(
    slug: _Slug,
    directory: Annotated[Path, typer.Option("--out", help="Folder for the report.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="An export to analyse, instead of a new unblinded one."),
    ] = None,
) -> None:
    """Run the analyses that the protocol planned, and write a report."""
    with opened() as (_, database, _keys):
        protocol = _protocol(database, slug)
        source = data
        if source is None:
            source = directory / "data"
            _export(
                database,
                slug,
                source,
                formats=exports.DEFAULT_FORMATS,
                layouts=exports.DEFAULT_LAYOUTS,
                unblinded=True,
                reason=_PLANNED,
            )
        analysis = run_planned_analysis(source, protocol, directory)
        _print_analysis(analysis)
        if analysis.failures and not analysis.estimates:
            raise typer.Exit(1)


def _export(
    database: Database,
    slug: str,
    directory: Path,
    *,
    formats: tuple[str, ...],
    layouts: tuple[str, ...],
    unblinded: bool,
    reason: str | None,
    parts: tuple[exports.Part, ...] = (),
) -> exports.Manifest:
    """Export in short transactions: nobody who answers waits for the files to be written."""
    exports.check_request(directory, formats=formats, layouts=layouts)
    unblinding = disclosure = None
    if unblinded or parts:
        with database.writing() as session:
            now = system_clock()
            if unblinded:
                unblinding = exports.record_unblinding(
                    session, slug, viewer=SERVER, reason=reason, now=now
                )
            if parts:
                disclosure = exports.record_disclosure(
                    session, slug, parts, viewer=SERVER, reason=reason, now=now
                )
    with database.reading() as session:
        data = exports.read_study(session, slug, unblinding=unblinding, disclosure=disclosure)
    return exports.write_study(data, directory, formats=formats, layouts=layouts)


def _protocol(database: Database, slug: str) -> Protocol:
    with database.reading() as session:
        return studies.current_protocol(session, studies.get_study(session, slug))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _print_export(manifest: exports.Manifest, directory: Path) -> None:
    table = Table("table", "rows", box=None, pad_edge=False)
    table.columns[1].justify = "right"
    for name, rows in manifest.rows.items():
        table.add_row(name, str(rows))
    out.print(table)
    if manifest.watermark:
        out.print(manifest.watermark, soft_wrap=True)
    shown = "blinded" if manifest.blinded else "unblinded"
    if manifest.includes:
        shown += f", with {' and '.join(manifest.includes)}"
    out.print(f"{shown}, data up to {manifest.cut_off}, in {directory}", soft_wrap=True)


def _print_analysis(analysis: Analysis) -> None:
    for run in analysis.precedence:
        for model in run.runs:
            if model.lagged is None:
                out.print(f"{model.title}: not estimated. {model.failure}\n", soft_wrap=True)
                continue
            table = Table("effect", "arm", "estimate", "95 % from", "to", box=None, pad_edge=False)
            for column in table.columns[2:]:
                column.justify = "right"
            for row in model.lagged.query("kind == 'cross-lagged'").to_dict("records"):
                table.add_row(
                    f"{row['predictor']} {row['from_wave']} -> {row['outcome']} {row['to_wave']}",
                    str(row["group"]),
                    *(f"{row[name]:.3f}" for name in ("est", "ci_lower", "ci_upper")),
                )
            out.print(f"{model.title} ({run.plan.id}, {run.persons} persons)", style="bold")
            out.print(table)
            for warning in model.warnings:
                out.print(f"Warning: {warning}", soft_wrap=True, markup=False)
            out.print()
    for deviation in (d for run in analysis.precedence for d in run.deviations):
        out.print(f"Deviation: {deviation}", soft_wrap=True)
    for note in analysis.notes:
        out.print(f"Note: {note}", soft_wrap=True)
    for plan in analysis.not_run:
        out.print(f"{plan.id}: planned, not run by this version.")
    for path in analysis.files:
        out.print(str(path), soft_wrap=True)
