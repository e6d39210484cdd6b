"""``longwave protocol rehearse``: a cohort of virtual participants, before there is a real one."""

from __future__ import annotations

import os
from datetime import date, datetime
from io import StringIO
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from longwave import resources
from longwave.cli.edge import collect_garbage_rarely, err, out, told_plainly
from longwave.cli.rehearse_text import print_measured, print_report
from longwave.clock import system_clock
from longwave.domain.protocol import read_protocol
from longwave.rehearsal.rehearse import (
    Assumptions,
    Measured,
    Plan,
    Report,
    Tally,
    check_folder,
    check_share,
    figures,
    read_assumptions,
    rehearse,
    write_folder,
)

_MOST_PARTICIPANTS = 100_000
_MOST_PROCESSES = 64
_WIDTH = 100


def rehearse_command(
    path: Annotated[Path, typer.Argument(help="The folder of the protocol, or its protocol.yaml.")],
    participants: Annotated[
        int | None,
        typer.Option(
            min=1, max=_MOST_PARTICIPANTS, help="How many come; the study's target if not given."
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed gives the same people, arms and answers.")
    ] = 1,
    folder: Annotated[
        Path | None, typer.Option("--out", help="A folder for the report and its figures.")
    ] = None,
    start: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day of opening; today if not given."),
    ] = None,
    dropout: Annotated[
        float | None, typer.Option(help="Share who stop answering for good.")
    ] = None,
    nonresponse: Annotated[
        float | None, typer.Option(help="Share of assessments that are left out.")
    ] = None,
    assume: Annotated[
        Path | None, typer.Option(help="A YAML file with further assumptions.")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=_MOST_PROCESSES, help="How many processes may share the work."),
    ] = None,
) -> None:
    """Run a cohort of virtual participants through a protocol, and report what happens."""
    collect_garbage_rarely()
    with told_plainly():
        if folder is not None:
            check_folder(folder)
        files = resources.protocol_files(path)
        study = read_protocol(files).study
        plan = Plan(
            files=files,
            participants=participants or study.target_n,
            seed=seed,
            start=_start(start, study.timezone),
            assumed=_assumed(assume, dropout=dropout, nonresponse=nonresponse),
        )
        try:
            report, measured = _run(plan, processes or os.cpu_count() or 1)
        except KeyboardInterrupt:
            err.print("Stopped. Nothing was left behind.")
            raise typer.Exit(130) from None
        print_report(out, report)
        print_measured(out, measured)
        if folder is not None:
            write_folder(folder, _files(report))
            out.print(f"\nWritten to {folder}", soft_wrap=True, markup=False)


def _start(given: datetime | None, zone: str) -> date:
    return (given or system_clock().astimezone(ZoneInfo(zone))).date()


def _assumed(path: Path | None, **options: float | None) -> Assumptions:
    assumed = Assumptions() if path is None else read_assumptions(path)
    for name, value in options.items():
        if value is not None:
            assumed = assumed.with_share(name, check_share(value, f"--{name}"))
    return assumed


def _run(plan: Plan, processes: int) -> tuple[Report, Measured]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, disable=not out.is_terminal, transient=True) as progress:
        task = progress.add_task("The months pass", total=None, state="")

        def watch(tally: Tally) -> None:
            state = f"{tally.enrolled} enrolled, {tally.messages} messages"
            progress.update(task, total=tally.days, completed=tally.day, state=state)

        return rehearse(plan, processes=processes, watch=watch)


def _files(report: Report) -> dict[str, str]:
    text = StringIO()
    print_report(Console(file=text, width=_WIDTH, highlight=False), report)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    return {
        "rehearsal.json": report.to_json(),
        "rehearsal.txt": "\n".join(lines) + "\n",
        **figures(report),
    }
