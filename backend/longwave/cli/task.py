"""``longwave task``: what the clockwork cannot settle, and the team has to see to."""

from __future__ import annotations

from typing import Annotated

import typer

from longwave.cli.edge import SERVER, opened, out
from longwave.clock import system_clock
from longwave.services import tasks
from longwave.services.study import get_study

app = typer.Typer(help="What the team has to see to.", no_args_is_help=True)

_Slug = Annotated[str, typer.Argument(help="The study's name.")]


@app.command("list")
def list_(
    slug: _Slug,
    done: Annotated[bool, typer.Option("--done", help="Those that were done instead.")] = False,
) -> None:
    """List what is to be done, the oldest first."""
    with opened() as (_, database, _keys), database.reading() as session:
        study = get_study(session, slug)
        found = tasks.read_tasks(session, study, SERVER, now=system_clock(), done=done)
    if not found:
        out.print("Nothing was done yet." if done else "There is nothing to do.")
    for task in found:
        out.print(f"{task.name}  {task.added_at:%Y-%m-%d %H:%M} UTC", markup=False)
        out.print(f"    {task.what}", markup=False, soft_wrap=True)
        if task.done_at is not None:
            note = f": {task.note}" if task.note else ""
            out.print(
                f"    Done on {task.done_at:%Y-%m-%d} by {task.done_by}{note}",
                markup=False,
                soft_wrap=True,
            )


@app.command()
def done(
    slug: _Slug,
    name: Annotated[str, typer.Argument(help="The task's name, as the list has it.")],
    note: Annotated[str, typer.Option(help="How; the trail keeps it. It names nobody.")] = "",
) -> None:
    """Note that a task is done."""
    with opened() as (_, database, _keys), database.writing() as session:
        study = get_study(session, slug)
        tasks.do_task(session, study, name, note=note, viewer=SERVER, now=system_clock())
    out.print(f"{name} is done.", markup=False)
