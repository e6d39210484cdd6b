"""``longwave screening``: the register of those who were thought of and did not enrol."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from longwave.cli.edge import SERVER, opened, out
from longwave.clock import system_clock
from longwave.domain.lifecycle import ScreeningOutcome
from longwave.services import screening
from longwave.services.study import get_study

app = typer.Typer(help="The screening register of a study.", no_args_is_help=True)

_Slug = Annotated[str, typer.Argument(help="The study's name.")]


@app.command()
def enter(
    slug: _Slug,
    site: Annotated[str, typer.Option(help="The site's id.")],
    outcome: Annotated[ScreeningOutcome, typer.Option(help="How it ended.")],
    reason: Annotated[
        str | None, typer.Option(help="Why somebody declined or is not eligible; names nobody.")
    ] = None,
    email: Annotated[
        str | None, typer.Option(help="Kept as a keyed hash only, to find the same person again.")
    ] = None,
) -> None:
    """Enter somebody who was approached, declined, or is not eligible."""
    with opened() as (_, database, keys), database.writing() as session:
        screening.enter(
            session,
            get_study(session, slug),
            site=site,
            outcome=outcome,
            reason=reason,
            email=email,
            keys=keys,
            viewer=SERVER,
            now=system_clock(),
        )
        out.print(f"Entered at {site}: {outcome}{f' ({reason})' if reason else ''}.")


@app.command("list")
def list_(slug: _Slug) -> None:
    """List the register, line by line."""
    with opened() as (_, database, _keys), database.reading() as session:
        table = Table("entered", "site", "outcome", "reason", "by", box=None, pad_edge=False)
        for line in screening.lines(session, get_study(session, slug), viewer=SERVER):
            table.add_row(
                f"{line.entered_at:%Y-%m-%d}",
                line.site,
                line.outcome,
                line.reason or "",
                line.entered_by,
            )
        out.print(table)
