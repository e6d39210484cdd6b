"""``longwave message``: what became of the messages of a study."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from longwave.cli.edge import ACTOR, SERVER, opened, out
from longwave.domain.blinding import Viewer
from longwave.domain.lifecycle import Role
from longwave.domain.messages import Kind
from longwave.services.contact_load import Load, contact_load
from longwave.services.delivery_log import read_log
from longwave.services.study import get_study
from longwave.storage.delivery import DeliveryLine

app = typer.Typer(help="Messages to participants and staff.", no_args_is_help=True)

_Slug = Annotated[str, typer.Argument(help="The study's name.")]


@app.command()
def log(
    slug: _Slug,
    participant: Annotated[
        str | None, typer.Option(metavar="ID", help="Only the messages to this public id.")
    ] = None,
    offset: Annotated[int, typer.Option(min=0, help="How many lines to leave out.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="How many lines to print at most.")] = 200,
) -> None:
    """List messages with when each was planned and sent, opened and answered; or came back."""
    with opened() as (_, database, _keys), database.reading() as session:
        lines, total = read_log(
            session,
            get_study(session, slug),
            SERVER,
            public_id=participant,
            offset=offset,
            limit=limit,
        )
    columns = ("to", "message", "by", "state", "planned", "sent", "opened", "answered")
    table = Table(*columns, box=None, pad_edge=False)
    for line in lines:
        table.add_row(
            line.public_id or "staff",
            f"{line.step}.{line.occurrence}" if line.occurrence > 1 else line.step,
            _channel(line),
            _state(line),
            _at(line.planned_at),
            _at(line.sent_at),
            _at(line.opened_at),
            _at(line.answered_at),
        )
    out.print(table)
    out.print(f"{len(lines)} of {total} messages; times are UTC.")


@app.command()
def load(
    slug: _Slug,
    unblinded: Annotated[
        bool, typer.Option("--unblinded", help="Count by arm too; for those who may know.")
    ] = False,
) -> None:
    """Count the messages that participants were sent, by kind."""
    viewer = Viewer(ACTOR, Role.OWNER, blinded=not unblinded)
    with opened() as (_, database, _keys), database.reading() as session:
        found = contact_load(session, get_study(session, slug), viewer)
    columns = {"everybody": found.everybody, **(found.arms.for_viewer(viewer) or {})}
    table = Table("", *columns, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    loads = columns.values()
    table.add_row("people", *(str(each.people) for each in loads))
    for kind in Kind:
        if any(kind in each.messages for each in loads):
            table.add_row(kind, *(str(each.messages.get(kind, 0)) for each in loads))
    table.add_row("all messages", *(str(each.total) for each in loads))
    table.add_row("  for each person", *map(_per_person, loads))
    table.add_row("  most to one person", *(str(each.most) for each in loads))
    out.print(table)
    if unblinded:
        out.print("In an arm, messages count from the moment of randomisation.")


def _per_person(load: Load) -> str:
    return "" if load.per_person is None else f"{load.per_person:.1f}"


def _state(line: DeliveryLine) -> str:
    if line.bounce is not None:
        return f"{line.bounce} bounce {line.bounce_status}"
    return f"{line.state}: {line.reason}" if line.reason else line.state


def _channel(line: DeliveryLine) -> str:
    return f"{line.channel} ({line.segments})" if line.segments else line.channel


def _at(instant: datetime | None) -> str:
    return f"{instant:%y-%m-%d %H:%M}" if instant else ""
