"""``longwave randomisation``: prove the allocations, and disclose them after the lock."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from longwave.cli.edge import SERVER, opened, out
from longwave.clock import system_clock
from longwave.domain.errors import InvalidInputError
from longwave.services import randomisation

app = typer.Typer(help="Prove the allocations; disclose them after the lock.", no_args_is_help=True)

_Slug = Annotated[str, typer.Argument(help="The study's name.")]


@app.command()
def verify(slug: _Slug) -> None:
    """Replay every allocation; print pass or fail, and nothing from which an arm follows."""
    with opened() as (_, database, keys), database.reading() as session:
        passed = bool(randomisation.verify(session, slug, keys=keys))
    out.print("pass" if passed else "fail")
    if not passed:
        raise typer.Exit(1)


@app.command()
def disclose(
    slug: _Slug,
    path: Annotated[Path, typer.Option("--out", help="The JSON file to write; a new one.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; the trail keeps it.")],
) -> None:
    """Write seed, settings and allocations of a locked study for anybody's own replay."""
    with opened() as (_, database, keys):
        if path.exists() or not path.parent.is_dir():
            raise InvalidInputError(
                f"{path} cannot be written: "
                f"{'it exists already' if path.exists() else 'its folder does not exist'}.",
                "Name a new file in a folder that exists.",
            )
        with database.writing() as session:
            disclosure = randomisation.disclose(
                session, slug, keys=keys, viewer=SERVER, reason=reason, now=system_clock()
            )
        try:
            path.write_text(disclosure.to_json(), encoding="utf-8")
        except OSError as error:
            raise InvalidInputError(
                f"{path} cannot be written: {error.strerror}.", "Name another file."
            ) from None
        out.print(f"{len(disclosure.allocations)} allocations of {slug}, in {path}", soft_wrap=True)
