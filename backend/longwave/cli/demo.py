"""``longwave demo``: the main job on virtual participants, then the study to look at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer
import uvicorn
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from longwave import log
from longwave.cli.edge import SERVER, collect_garbage_rarely, err, out, told_plainly
from longwave.cli.serve import ending_in_order, listening, ticking
from longwave.clock import system_clock
from longwave.keys import KeyRing
from longwave.rehearsal.cohort import Tally
from longwave.rehearsal.demo import Demo, DemoResult
from longwave.rehearsal.folder import demo_folder
from longwave.services.overview import WaveCounts
from longwave.storage.database import Database
from longwave.web.app import create_app

_HOST = "127.0.0.1"
_MOST_PARTICIPANTS = 100_000


def demo(
    participants: Annotated[
        int, typer.Option(min=1, max=_MOST_PARTICIPANTS, help="How many take part.")
    ] = 240,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same people.")] = 1,
    directory: Annotated[Path, typer.Option(help="Where to put everything.")] = Path("demo"),
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Serve the study afterwards.")
    ] = True,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port to serve at.")] = 8000,
) -> None:
    """Run a whole study and its analysis on virtual participants."""
    collect_garbage_rarely()
    with told_plainly():
        if serve:
            with listening(_HOST, port):
                pass  # it is free; better to know before the months pass
        with demo_folder(directory) as folder:
            try:
                result = _run(Demo(folder, participants=participants, seed=seed, port=port))
            except KeyboardInterrupt:
                err.print("Stopped. The next demo starts afresh.")
                raise typer.Exit(130) from None
            _print(result, folder)
            if serve:
                _serve(result, folder, port)


def _run(job: Demo) -> DemoResult:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, disable=not out.is_terminal) as progress:
        task = progress.add_task("18 months pass", total=None, state="")

        def watch(tally: Tally) -> None:
            state = f"{tally.enrolled} enrolled, {tally.completed} questionnaires completed"
            progress.update(task, total=tally.days, completed=tally.day, state=state)

        return job.run(watch)


def _print(result: DemoResult, folder: Path) -> None:
    seen = result.overview
    out.print()
    out.print(
        f"{seen.study.slug}: {seen.screened} screened, {seen.enrolled} enrolled, "
        f"{seen.randomised} randomised, {seen.withdrawn} withdrew. "
        f"{result.mails} mails over SMTP, {result.requests} requests over HTTP.",
        soft_wrap=True,
    )
    _print_retention(result)
    for model, effects in result.beside_truth.items():
        _print_effects(model, effects)
    for model, failure in result.failures.items():
        out.print(f"{model} has no estimates: {failure}", markup=False, soft_wrap=True)
    _print_places(folder)


def _print_retention(result: DemoResult) -> None:
    seen = result.overview
    arms = seen.arms.for_viewer(SERVER) or ()
    table = Table(title="Completed assessments by wave and arm", title_justify="left", box=None)
    table.add_column("wave")
    for arm in arms:
        table.add_column(f"{arm.label['en']} (n = {arm.randomised})", justify="right")
    table.add_column("all", justify="right")
    for place, wave in enumerate(seen.waves):
        shares = [_share(arm.waves[place], arm.randomised) for arm in arms]
        table.add_row(f"{wave.wave} {wave.label['en']}", *shares, _share(wave, seen.enrolled))
    out.print(table)


def _share(counts: WaveCounts, people: int) -> str:
    share = f"{counts.completed / people:.0%}" if people else "-"
    waiting = f" ({counts.open} open)" if counts.open else ""
    return f"{counts.completed} = {share}{waiting}"


def _print_effects(model: str, effects: pd.DataFrame) -> None:
    table = Table(
        title=f"Cross-lagged effects, {model}, beside the model's true values for scored data",
        title_justify="left",
        box=None,
    )
    for name in ("arm", "effect", "waves"):
        table.add_column(name, no_wrap=True)
    for name in ("estimate", "95 % interval", "true", "covered"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in effects.itertuples():
        table.add_row(
            str(row.group),
            f"{row.predictor} -> {row.outcome}",
            "all" if row.every_wave else f"{row.from_wave} -> {row.to_wave}",
            f"{row.est:.3f}",
            f"{row.ci_lower:.3f} to {row.ci_upper:.3f}",
            f"{row.true:.3f}",
            "yes" if row.covered else "no",
        )
    out.print()
    out.print(table)


def _print_places(folder: Path) -> None:
    shown = os.path.relpath(folder)
    out.print()
    for name, what in (
        ("export/", "the tidy dataset, with codebook and manifest"),
        ("analysis/report.html", "the planned analysis"),
        ("mail/", "every mail that was sent"),
        ("longwave.db", "the study itself"),
    ):
        out.print(f"{shown}/{name}".ljust(40) + what, markup=False, soft_wrap=True)


def _serve(result: DemoResult, folder: Path, port: int) -> None:
    os.chdir(folder)
    settings = result.settings
    database = Database(settings.database_url)
    out.print(f"\nThe study is at http://{_HOST}:{port}  (Ctrl-C ends)")
    config = uvicorn.Config(
        create_app(settings, database, system_clock),
        host=_HOST,
        port=port,
        log_config=log.uvicorn_config("WARNING"),
    )
    try:
        keys = KeyRing(settings.secret_key.get_secret_value())
        clockwork = ticking(settings, database, keys)
        with ending_in_order(), listening(_HOST, port) as listener, clockwork:
            uvicorn.Server(config).run(sockets=[listener])
    finally:
        database.close()
