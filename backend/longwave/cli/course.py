"""``longwave course``: groups of a course, attendance, and the ledger of doses."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from longwave.cli.edge import SERVER, opened, out
from longwave.clock import system_clock
from longwave.domain.errors import InvalidInputError
from longwave.services import courses
from longwave.services.overview import find_participant
from longwave.services.study import get_study

app = typer.Typer(help="Course groups, attendance, doses.", no_args_is_help=True)

_Slug = Annotated[str, typer.Argument(help="The study's name.")]
_Programme = Annotated[str, typer.Argument(help="The course's id in the protocol.")]
_Group = Annotated[str, typer.Argument(help="The group's name.")]
_Id = Annotated[str, typer.Argument(metavar="ID", help="The participant's public id.")]


@app.command()
def add(
    slug: _Slug,
    programme: _Programme,
    group: _Group,
    site: Annotated[str | None, typer.Option(help="Where its members come from.")] = None,
    facilitator: Annotated[str | None, typer.Option(help="Address of who leads it.")] = None,
    form: Annotated[str, typer.Option("--format", help="online or in_person.")] = "online",
    zone: Annotated[str | None, typer.Option(help="By whose clocks it meets.")] = None,
    capacity: Annotated[int | None, typer.Option(help="How many places it has.")] = None,
    fill: Annotated[bool, typer.Option("--fill", help="Let those in who wait longest.")] = False,
) -> None:
    """Make a group that participants of a course can join."""
    with opened() as (_, database, _keys), database.writing() as session:
        study, now = get_study(session, slug), system_clock()
        courses.add_group(
            session,
            study,
            programme,
            group,
            site=site,
            facilitator=facilitator,
            form=form,
            zone=zone,
            capacity=capacity,
            viewer=SERVER,
            now=now,
        )
        came = 0
        if fill:
            came = courses.fill(session, study, programme, group, viewer=SERVER, now=now)
    out.print(f"{group} of {programme} can be joined{f'; {came} joined' if fill else ''}.")


@app.command("list")
def list_(slug: _Slug) -> None:
    """List the groups, who is in each, and who waits for a place."""
    with opened() as (_, database, _keys), database.reading() as session:
        study = get_study(session, slug)
        rows = courses.list_groups(session, study, SERVER).for_viewer(SERVER) or []
        waiting = {
            programme: courses.who_waits(session, study, programme, SERVER).for_viewer(SERVER) or []
            for programme in courses.course_ids(session, study)
        }
    table = Table("programme", "group", "site", "starts", "places", box=None, pad_edge=False)
    table.add_column("members")
    for row in rows:
        table.add_row(
            row.programme,
            row.name,
            row.site or "all",
            f"{row.first} {row.zone}" if row.first else "not yet",
            f"{len(row.members)} of {row.capacity}{', closed' if row.closed else ''}",
            " ".join(row.members),
        )
    out.print(table)
    for programme, people in waiting.items():
        out.print(f"{programme}: {len(people)} without a group. {' '.join(people)}".rstrip())


@app.command()
def start(
    slug: _Slug,
    programme: _Programme,
    group: _Group,
    first: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%dT%H:%M"], help="Local time of the first session."),
    ],
) -> None:
    """Fix, or move, the first session of a group; the others follow from it."""
    with opened() as (_, database, _keys), database.writing() as session:
        courses.start_group(
            session,
            get_study(session, slug),
            programme,
            group,
            first,
            viewer=SERVER,
            now=system_clock(),
        )
    out.print(
        f"{group} meets first on {first:%Y-%m-%d at %H:%M}; the clockwork plans its sessions."
    )


@app.command()
def close(slug: _Slug, programme: _Programme, group: _Group) -> None:
    """Let nobody more into a group."""
    with opened() as (_, database, _keys), database.writing() as session:
        study = get_study(session, slug)
        courses.close_group(session, study, programme, group, viewer=SERVER, now=system_clock())
    out.print(f"{group} of {programme} is closed.")


@app.command()
def join(slug: _Slug, programme: _Programme, group: _Group, public_id: _Id) -> None:
    """Give a participant a place in a group, or move her there from another."""
    with opened() as (_, database, _keys), database.writing() as session:
        participant = find_participant(session, get_study(session, slug), public_id)
        courses.join(session, participant, programme, group, viewer=SERVER, now=system_clock())
    out.print(f"{public_id} is in {group}.")


@app.command()
def leave(
    slug: _Slug,
    public_id: _Id,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; the trail keeps it. It must name nobody.")
    ],
) -> None:
    """Take a participant out of her group; she waits for another."""
    with opened() as (_, database, _keys), database.writing() as session:
        participant = find_participant(session, get_study(session, slug), public_id)
        courses.leave(session, participant, reason=reason, viewer=SERVER, now=system_clock())
    out.print(f"{public_id} has left the group.")


@app.command()
def attend(
    slug: _Slug,
    programme: _Programme,
    group: _Group,
    session_number: Annotated[int, typer.Option("--session", min=1, help="Which one, from 1.")],
    present: Annotated[
        list[str] | None,
        typer.Option(help="Somebody who was there, as ID or ID=MINUTES; once for each."),
    ] = None,
    absent: Annotated[
        list[str] | None, typer.Option(help="The id of somebody who was not; once for each.")
    ] = None,
) -> None:
    """Write down who was at a session of a group, and who was not."""
    with opened() as (_, database, _keys), database.writing() as session:
        entered = courses.attend(
            session,
            get_study(session, slug),
            programme,
            group,
            session_number,
            present=dict(map(_with_minutes, present or [])),
            absent=absent or [],
            viewer=SERVER,
            now=system_clock(),
        )
    out.print(f"Session {session_number} of {group}: {entered} entered.")


@app.command()
def correct(
    slug: _Slug,
    programme: _Programme,
    public_id: _Id,
    session_number: Annotated[int, typer.Option("--session", min=1, help="Which one, from 1.")],
    attended: Annotated[
        bool, typer.Option("--attended/--missed", help="Whether it was taken after all.")
    ],
    reason: Annotated[
        str, typer.Option("--reason", help="Why; the trail keeps it. It must name nobody.")
    ],
    minutes: Annotated[float | None, typer.Option(help="How long it took.")] = None,
) -> None:
    """Replace what was written down of one dose."""
    with opened() as (_, database, keys), database.writing() as session:
        courses.correct(
            session,
            find_participant(session, get_study(session, slug), public_id),
            programme,
            session_number,
            attended=attended,
            minutes=minutes,
            reason=reason,
            viewer=SERVER,
            keys=keys,
            now=system_clock(),
        )
    out.print(f"Session {session_number} of {public_id} is corrected.")


@app.command()
def doses(
    slug: _Slug,
    programme: Annotated[str | None, typer.Option(help="Of one programme only.")] = None,
) -> None:
    """Show what was planned for whom, and what was received."""
    with opened() as (_, database, _keys), database.reading() as session:
        study = get_study(session, slug)
        found = courses.dose_rows(session, study, SERVER, programme=programme)
        rows = found.for_viewer(SERVER) or []
    table = Table("participant", "programme", "session", "group", box=None, pad_edge=False)
    for column in ("planned", "done", "minutes"):
        table.add_column(column)
    for row in rows:
        done = {True: "yes", False: "no", None: ""}[row.attended]
        table.add_row(
            row.participant,
            row.programme,
            str(row.session),
            row.group or "",
            f"{row.planned_at:%Y-%m-%d %H:%M}",
            done,
            "" if row.minutes is None else f"{row.minutes:g}",
        )
    out.print(table)


def _with_minutes(written: str) -> tuple[str, float | None]:
    public_id, equals, minutes = written.partition("=")
    try:
        return public_id, float(minutes) if equals else None
    except ValueError:
        raise InvalidInputError(
            f"{written!r} is no participant with minutes.", "Write ID or ID=MINUTES: K7QX=45."
        ) from None
