"""``longwave staff``: who may look at studies."""

from __future__ import annotations

from typing import Annotated

import typer

from longwave.cli.edge import opened, out
from longwave.clock import system_clock
from longwave.domain.lifecycle import Role
from longwave.services.staff import TOKEN_LIFE, add_staff

app = typer.Typer(help="Staff and their tokens.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `add` a command of its own though it is the only one."""


@app.command()
def add(
    email: Annotated[str, typer.Argument(help="The address of the new member of staff.")],
    role: Annotated[Role, typer.Option(help="What this person may do.")],
    blinded: Annotated[
        bool, typer.Option("--blinded/--unblinded", help="Whether arms stay hidden.")
    ] = True,
) -> None:
    """Add a member of staff, and print the token that signs them in, once."""
    with opened() as (settings, database, _), database.writing() as session:
        _, token = add_staff(session, email, role, blinded=blinded, now=system_clock())
        out.print(f"{email} is {role}, {'blinded' if blinded else 'unblinded'}.")
        out.print(f"Sign in at {settings.base_url}/console with this token, which is shown once")
        out.print(f"and is good for {TOKEN_LIFE.days} days:", end="\n\n")
        out.print(token, soft_wrap=True)
