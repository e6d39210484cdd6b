"""``longwave participant``: record what became of one person, and what was entered wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table
from sqlmodel import Session

from longwave.cli.edge import ACTOR, SERVER, opened, out
from longwave.clock import system_clock
from longwave.domain.errors import InvalidInputError
from longwave.domain.lifecycle import Channel
from longwave.keys import KeyRing
from longwave.services import (
    consent,
    contact,
    corrections,
    erasure,
    follow_up,
    programme,
    requests,
    travel,
    unblinding,
)
from longwave.services import withdrawal as withdrawals
from longwave.services.overview import find_participant, participant_row
from longwave.services.staff import viewer_in, who_is
from longwave.services.study import get_study
from longwave.storage.tables import Participant, Study

app = typer.Typer(help="One participant: what happened, what was wrong.", no_args_is_help=True)

_Slug = Annotated[str, typer.Argument(help="The study's name.")]
_Id = Annotated[str, typer.Argument(metavar="ID", help="The participant's public id.")]
_Reason = Annotated[
    str, typer.Option("--reason", help="Why; the trail keeps it. It must name nobody.")
]


@dataclass(frozen=True, slots=True)
class _Here:
    session: Session
    study: Study
    participant: Participant
    keys: KeyRing
    now: datetime


@contextmanager
def _writing(slug: str, public_id: str) -> Iterator[_Here]:
    with opened() as (_, database, keys), database.writing() as session:
        study = get_study(session, slug)
        participant = find_participant(session, study, public_id)
        yield _Here(session, study, participant, keys, system_clock())


@app.command()
def show(slug: _Slug, public_id: _Id) -> None:
    """Show where a participant stands; nothing of the arm."""
    with opened() as (_, database, _keys), database.reading() as session:
        row = participant_row(session, get_study(session, slug), public_id, SERVER)
    table = Table("fact", "value", box=None, pad_edge=False, show_header=False)
    for name in ("public_id", "site", "language", "stage", "follow_up", "enrolled_on"):
        table.add_row(name, str(getattr(row, name)))
    for wave, status in row.waves.items():
        table.add_row(wave, status)
    out.print(table)


@app.command()
def withdraw(
    slug: _Slug,
    public_id: _Id,
    reason: Annotated[
        str | None, typer.Option("--reason", help="What was said, if anything; names nobody.")
    ] = None,
) -> None:
    """Withdraw a participant; what was answered is kept."""
    with _writing(slug, public_id) as here:
        withdrawals.withdraw(
            here.session, here.participant, now=here.now, actor=ACTOR, reason=reason
        )
    out.print(f"{public_id} has withdrawn; what was answered is kept.")


@app.command()
def lost(slug: _Slug, public_id: _Id, reason: _Reason) -> None:
    """Note that a participant cannot be reached any more."""
    with _writing(slug, public_id) as here:
        follow_up.mark_lost(
            here.session, here.participant, reason=reason, viewer=SERVER, now=here.now
        )
    out.print(f"{public_id} is lost to follow-up; `longwave participant found` undoes it.")


@app.command()
def found(slug: _Slug, public_id: _Id, reason: _Reason) -> None:
    """Take up the follow-up of a participant who was lost."""
    with _writing(slug, public_id) as here:
        follow_up.mark_found(
            here.session,
            here.participant,
            reason=reason,
            viewer=SERVER,
            keys=here.keys,
            now=here.now,
        )
    out.print(f"{public_id} is followed again.")


@app.command()
def deceased(slug: _Slug, public_id: _Id, reason: _Reason) -> None:
    """Note that a participant has died; nothing more is sent."""
    with _writing(slug, public_id) as here:
        follow_up.mark_deceased(
            here.session, here.participant, reason=reason, viewer=SERVER, now=here.now
        )
    out.print(f"{public_id} is noted as deceased; nothing more is sent.")


@app.command()
def zone(
    slug: _Slug,
    public_id: _Id,
    name: Annotated[
        str, typer.Argument(metavar="ZONE", help="The time zone, such as Europe/Istanbul.")
    ],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The first day in the zone; today if not given."),
    ] = None,
) -> None:
    """Note that a participant lives by another time zone: what is to come moves with her clock."""
    day = since.date() if since is not None else None
    with _writing(slug, public_id) as here:
        travel.change_zone(
            here.session, here.participant, name, since=day, actor=ACTOR, now=here.now
        )
    out.print(f"{public_id} lives by {name} from {day or 'today'} on.")


@app.command("request")
def request_wave(
    slug: _Slug,
    public_id: _Id,
    wave: Annotated[str, typer.Argument(help="A wave that comes on request.")],
) -> None:
    """Ask a participant a wave that comes on request; the invitation is queued."""
    with _writing(slug, public_id) as here:
        planned = requests.request_wave(
            here.session,
            here.participant,
            wave,
            viewer=SERVER,
            keys=here.keys,
            now=here.now,
        )
        times = planned.occurrence
    out.print(f"{public_id} is asked {wave}, for the {_ordinal(times)} time.")


@app.command("stop-programme")
def stop_programme(slug: _Slug, public_id: _Id, reason: _Reason) -> None:
    """Take a participant out of the programme; that is no withdrawal."""
    with _writing(slug, public_id) as here:
        programme.stop(here.session, here.participant, reason=reason, viewer=SERVER, now=here.now)
    out.print(f"{public_id} has stopped the programme; the follow-up goes on.")


@app.command("complete-programme")
def complete_programme(slug: _Slug, public_id: _Id) -> None:
    """Note that a participant has had the whole programme."""
    with _writing(slug, public_id) as here:
        programme.complete(here.session, here.participant, viewer=SERVER, now=here.now)
    out.print(f"{public_id} has completed the programme.")


@app.command("correct-stratum")
def correct_stratum(
    slug: _Slug,
    public_id: _Id,
    level: Annotated[
        list[str], typer.Option("--level", help="What is true: factor=level; may be repeated.")
    ],
    reason: _Reason,
) -> None:
    """Write the true stratum beside the one of the randomisation, which stays."""
    with _writing(slug, public_id) as here:
        corrections.correct_stratum(
            here.session,
            here.participant,
            dict(_pair(text) for text in level),
            reason=reason,
            viewer=SERVER,
            now=here.now,
        )
    out.print(f"The stratum of {public_id} is corrected; the allocation stays.")


@app.command("randomised-in-error")
def randomised_in_error(slug: _Slug, public_id: _Id, reason: _Reason) -> None:
    """Flag a participant who should not have been randomised; nothing is taken away."""
    with _writing(slug, public_id) as here:
        corrections.flag_randomised_in_error(
            here.session, here.participant, reason=reason, viewer=SERVER, now=here.now
        )
    out.print(f"{public_id} is flagged; the allocation stays, and so does the analysis.")


@app.command("correct-answer")
def correct_answer(
    slug: _Slug,
    public_id: _Id,
    wave: Annotated[str, typer.Argument(help="The wave's id.")],
    item: Annotated[str, typer.Argument(help="The item, as instrument.item.")],
    reason: _Reason,
    value: Annotated[
        str | None, typer.Option("--value", help="The right answer; without it, there is none.")
    ] = None,
    occurrence: Annotated[int, typer.Option(min=1, help="Which of a repeated wave's.")] = 1,
) -> None:
    """Correct one answer of an assessment that is over; the trail keeps both, encrypted."""
    instrument, _, name = item.partition(".")
    with _writing(slug, public_id) as here:
        corrections.correct_answer(
            here.session,
            here.participant,
            wave,
            occurrence,
            instrument,
            name,
            value,
            reason=reason,
            viewer=SERVER,
            keys=here.keys,
            now=here.now,
        )
    out.print(f"{item} of {public_id} in {wave} is corrected.")


@app.command()
def choose(
    slug: _Slug,
    public_id: _Id,
    use: Annotated[str, typer.Argument(help="The use, as the protocol names it.")],
    allow: Annotated[bool, typer.Option("--allow/--refuse", help="What the participant says.")],
) -> None:
    """Note that a participant allows a further use of the data, or no longer does."""
    with _writing(slug, public_id) as here:
        consent.choose(
            here.session, here.participant, use, allowed=allow, actor=ACTOR, now=here.now
        )
    out.print(f"{public_id} {'allows' if allow else 'does not allow'} {use}.")


@app.command("contact")
def change_contact(
    slug: _Slug,
    public_id: _Id,
    reason: _Reason,
    email: Annotated[str | None, typer.Option(help="The address that holds from now on.")] = None,
    phone: Annotated[
        str | None, typer.Option(help="The number that holds from now on, as +905551234567.")
    ] = None,
    channel: Annotated[
        Channel | None, typer.Option(help="By what questionnaires are sent from now on.")
    ] = None,
) -> None:
    """Enter another address or number; what was held goes out, and the link again."""
    with _writing(slug, public_id) as here:
        contact.change_contact(
            here.session,
            here.participant,
            email=email,
            phone=phone,
            channel=channel,
            reason=reason,
            viewer=SERVER,
            keys=here.keys,
            now=here.now,
        )
    out.print(f"How to reach {public_id} is changed.")


@app.command()
def erase(
    slug: _Slug,
    public_id: _Id,
    reason: _Reason,
    confirm: Annotated[
        str | None, typer.Option("--confirm", help="The public id once more, to be asked nothing.")
    ] = None,
) -> None:
    """Erase name, address and answers for ever; the allocation and its proof stay."""
    with _writing(slug, public_id) as here:
        _typed_again(public_id, confirm, "All answers of this participant will be gone.")
        erasure.erase(here.session, here.participant, reason=reason, viewer=SERVER, now=here.now)
    out.print(f"Name, address and answers of {public_id} are erased.")


@app.command()
def unblind(
    slug: _Slug,
    public_id: _Id,
    reason: _Reason,
    email: Annotated[str, typer.Option("--as", help="Who you are: your address on the staff.")],
    confirm: Annotated[
        str | None, typer.Option("--confirm", help="The public id once more, to be asked nothing.")
    ] = None,
) -> None:
    """Learn one participant's arm in an emergency; every owner is told that you did."""
    with opened() as (_, database, _keys):
        now = system_clock()
        with database.writing() as session:
            study = get_study(session, slug)
            viewer = viewer_in(who_is(session, email), study)
            participant = find_participant(session, study, public_id)
            asked = unblinding.request(
                session, participant, reason=reason, viewer=viewer, now=now
            ).id
        typed = _typed_again(public_id, confirm, "Everybody who owns the study will be told.")
        with database.writing() as session:
            arm = unblinding.confirm(
                session, asked or 0, public_id=typed, viewer=viewer, now=system_clock()
            )
    out.print(f"{public_id} is in the arm: {arm}")


def _typed_again(public_id: str, given: str | None, warning: str) -> str:
    typed = given or typer.prompt(f"{warning}\nType the participant's id once more to go on")
    if typed.strip().upper() != public_id.strip().upper():
        raise InvalidInputError(f"{typed} is not {public_id}.", "Nothing was done. Start again.")
    return typed.strip().upper()


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _pair(text: str) -> tuple[str, str]:
    factor, separator, level = text.partition("=")
    if not separator or not factor or not level:
        raise InvalidInputError(
            f"{text!r} is no level of a factor.", "Write for instance --level profession=nurse."
        )
    return factor, level
