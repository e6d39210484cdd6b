"""``longwave study``: add, open, list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from longwave import resources
from longwave.cli.edge import ACTOR, opened, out
from longwave.clock import system_clock
from longwave.services import study as studies

app = typer.Typer(help="Add, open and list studies.", no_args_is_help=True)


@app.command()
def add(
    path: Annotated[Path, typer.Argument(help="The folder of the protocol.")],
) -> None:
    """Check a protocol and add a study that runs it."""
    with opened() as (_, database, _keys), database.writing() as session:
        files = resources.protocol_files(path)
        study = studies.add_study(session, files, actor=ACTOR, now=system_clock())
        out.print(f"Added {study.slug}, a draft. Next: longwave study open {study.slug}")


@app.command("open")
def open_(
    slug: Annotated[str, typer.Argument(help="The study's name.")],
    trial_run: Annotated[
        bool, typer.Option("--trial-run", help="Practice: pilot wordings, local mail only.")
    ] = False,
) -> None:
    """Open a study to enrolment."""
    with opened() as (settings, database, keys), database.writing() as session:
        study = studies.open_study(
            session, slug, trial_run=trial_run, keys=keys, actor=ACTOR, now=system_clock()
        )
        version = studies.current_version(session, study)
        out.print(f"{study.slug} is open ({study.mode}) at {settings.base_url}/s/{study.slug}")
        out.print(f"protocol   {version.hash}")
        if study.commitment:
            out.print(f"commitment {study.commitment}")


@app.command("list")
def list_() -> None:
    """List the studies."""
    with opened() as (_, database, _keys), database.reading() as session:
        rows = studies.list_studies(session)
        if not rows:
            out.print("There are no studies yet. Add one with: longwave study add PATH")
            return
        table = Table("study", "mode", "state", "opened", box=None, pad_edge=False)
        for study in rows:
            opened_on = study.opened_at.date().isoformat() if study.opened_at else ""
            table.add_row(study.slug, study.mode, study.state, opened_on)
        out.print(table)
