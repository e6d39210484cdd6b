"""``longwave protocol timeline``: one participant's course in each arm, as tables and a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

import typer
from rich.table import Table
from rich.text import Text

from longwave import resources
from longwave.cli.edge import out, told_plainly
from longwave.cli.timeline_picture import picture
from longwave.clock import system_clock
from longwave.domain.errors import InvalidInputError
from longwave.domain.protocol import Protocol, read_protocol
from longwave.domain.randomisation.draws import Draws
from longwave.domain.schedule import (
    Course,
    Occasion,
    Timeline,
    instant,
    study_day,
    timeline,
    wall_clock,
)

_HOUR = time(10)
"""When the participant of a timeline enrols."""

_ASSUMED = (
    "Assumed: enrolment at 10:00, on the day on which the study opens; each wave completed when "
    "due; a course that starts at once."
)


def timeline_command(
    path: Annotated[Path, typer.Argument(help="The folder of the protocol, or its protocol.yaml.")],
    arm: Annotated[str | None, typer.Option(help="This arm alone; all if not given.")] = None,
    enrolled: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day of enrolment; today if not given."),
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="The participant's time zone; the study's if not given.")
    ] = None,
    svg: Annotated[Path | None, typer.Option(help="Draw the arms into this file.")] = None,
) -> None:
    """Print when a participant meets what, in each arm, and draw it."""
    with told_plainly():
        protocol = read_protocol(resources.protocol_files(path))
        found = [
            timeline(protocol, name, _course(protocol, enrolled, zone))
            for name in _arms(protocol, arm)
        ]
        if svg is not None:
            _write(svg, picture(protocol, found))
    for one in found:
        _print(protocol, one)
    out.print(Text(_ASSUMED), soft_wrap=True)
    if any(wave.sampling for wave in protocol.waves):
        out.print(Text("Random times are an example; each participant has others."), soft_wrap=True)


def _arms(protocol: Protocol, arm: str | None) -> Sequence[str | None]:
    known: list[str | None] = [*protocol.arms] or [None]
    if arm is None:
        return known
    if arm not in known:
        arms = ", ".join(protocol.arms)
        raise InvalidInputError(
            f"There is no arm {arm!r}.", f"Write one of {arms}." if arms else "Leave out --arm."
        )
    return [arm]


def _course(protocol: Protocol, enrolled: datetime | None, zone: str | None) -> Course:
    name = zone or protocol.study.timezone
    if name not in available_timezones():
        raise InvalidInputError(
            f"There is no time zone {name!r}.", "Write its IANA name, such as Europe/Istanbul."
        )
    day = (enrolled or system_clock().astimezone(ZoneInfo(name))).date()
    return Course(
        enrolled_at=instant(datetime.combine(day, _HOUR), name),
        zone=name,
        draws=lambda wave: Draws(bytes.fromhex(protocol.hash), wave).below,
    )


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(
            f"The picture cannot be written to {path}: {error.strerror}.", "Name another file."
        ) from None


def _print(protocol: Protocol, found: Timeline) -> None:
    what = protocol.study.slug if found.arm is None else f"arm {found.arm}"
    out.print(Text(f"{what}, time zone {found.zone}", style="bold"), soft_wrap=True)
    table = Table("day", "date", "time", "what", box=None, pad_edge=False)
    table.columns[0].justify = "right"
    for at, line in sorted(_lines(found), key=lambda pair: pair[0]):
        wall = wall_clock(at, found.zone)
        day = study_day(at, found.enrolled_at, found.zone)
        table.add_row(str(day), f"{wall:%a %Y-%m-%d}", f"{wall:%H:%M}", Text(line))
    out.print(table)
    if found.never:
        out.print(Text(f"Not planned: {', '.join(found.never)}."), soft_wrap=True)
    out.print()


def _lines(found: Timeline) -> Iterator[tuple[datetime, str]]:
    """Yield what happens and when; of what happens at one instant, in the order of its causes."""
    yield found.enrolled_at, "enrolment"
    for occasion in found.occasions:
        yield from _of_occasion(occasion, found.zone)
    if found.randomised_at is not None:
        yield found.randomised_at, "randomisation"
    if found.crossover_at is not None:
        yield found.crossover_at, "crossover"
    for period in found.periods:
        yield period.starts_at, f"programme {period.programme} starts"
        if period.sessions and period.ends_at is not None:
            many = len(period.sessions)
            yield period.ends_at, f"programme {period.programme}: last of {many} sessions"
        elif period.ends_at is not None:
            yield period.ends_at, f"programme {period.programme} ends"


def _of_occasion(occasion: Occasion, zone: str) -> Iterator[tuple[datetime, str]]:
    window = occasion.window
    if occasion.of > 1:
        until = wall_clock(window.closes_at, zone)
        name = f"wave {occasion.wave}, {occasion.occurrence} of {occasion.of}"
        yield window.opens_at, f"{name}: opens until {until:%a %Y-%m-%d %H:%M}"
    else:
        name = f"wave {occasion.wave}"
        together = window.opens_at == window.due_at
        yield window.opens_at, f"{name} opens and is due" if together else f"{name} opens"
        if not together:
            yield window.due_at, f"{name} due"
        yield window.closes_at, f"{name} closes"
    for number, at in enumerate(occasion.reminders, start=1):
        yield at, f"{name}: reminder {number}, if it is still open"
