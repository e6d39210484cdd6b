"""``longwave audit``: the trail proves itself, or says what does not hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from longwave.cli.edge import opened, out
from longwave.domain.errors import InvalidInputError, NotFoundError
from longwave.export.folder import read_manifest
from longwave.services import audit
from longwave.services.audit import Head, TrailReport

app = typer.Typer(help="The audit trail.", no_args_is_help=True)

_HEAD = re.compile(r"([1-9][0-9]*):([0-9a-fA-F]{64})")


@app.command()
def verify(
    manifest: Annotated[
        list[Path] | None,
        typer.Option(help="The manifest of an export, whose head of the trail must be met again."),
    ] = None,
    head: Annotated[
        list[str] | None,
        typer.Option(help="A head that was kept elsewhere, as NUMBER:HEAD."),
    ] = None,
) -> None:
    """Verify the whole record: every seal, and every row that must follow from the trail."""
    with opened() as (_, database, keys), database.reading() as session:
        heads = [_head_of(path) for path in manifest or ()]
        heads += [_parsed(text) for text in head or ()]
        report = audit.verify(session, keys=keys, heads=heads)
    _tell(report, len(heads))
    if not report.passed:
        raise typer.Exit(1)


@app.command()
def heads() -> None:
    """Print number and head of the last seal, to be kept where this server's owner can't write."""
    with opened() as (_, database, _keys), database.reading() as session:
        last = audit.last_head(session)
        if last is None:
            raise NotFoundError(
                "Nothing is sealed yet.", "The worker seals what happened within a minute."
            )
    out.print(f"{last[0]}:{last[1]}", soft_wrap=True)


def _head_of(path: Path) -> Head:
    folder = path if path.is_dir() else path.parent
    kept = read_manifest(folder)["trail"]
    if kept is None:
        raise InvalidInputError(
            f"The manifest in {folder} holds no head of the trail.",
            "Nothing was sealed before the last datum of that export: use a later one.",
        )
    return kept["number"], str(kept["head"])


def _parsed(text: str) -> Head:
    found = _HEAD.fullmatch(text.strip())
    if found is None:
        raise InvalidInputError(
            f"{text} is not a head of the trail.",
            "Give what `longwave audit heads` printed: a number, a colon and 64 digits.",
        )
    return int(found[1]), found[2].lower()


def _tell(report: TrailReport, kept: int) -> None:
    out.print(f"{report.blocks} seals over {report.sealed} events, {kept} heads kept elsewhere")
    out.print(
        f"{report.participants} participants, the answers of {report.proved} assessments proved"
        + (f", of {report.unproved} not (erased, or older than the proof)" * bool(report.unproved))
    )
    if report.unsealed:
        out.print(f"{report.unsealed} events since {report.unsealed_since} UTC are not sealed yet")
    for finding in report.findings:
        out.print(str(finding), soft_wrap=True, markup=False)
    if report.found > len(report.findings):
        out.print(f"and {report.found - len(report.findings)} more")
    if report.passed:
        out.print("pass: the record proves itself")
    else:
        out.print(f"fail: {report.found} things do not hold", style="bold red")
