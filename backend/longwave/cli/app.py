"""The ``longwave`` command."""

from __future__ import annotations

import typer

from longwave.cli import (
    alert,
    audit,
    course,
    database,
    instruments,
    message,
    participant,
    protocol,
    randomisation,
    screening,
    staff,
    study,
    task,
)
from longwave.cli.bounce import bounce
from longwave.cli.consort import consort_command
from longwave.cli.data import analyse_command, export_command
from longwave.cli.demo import demo
from longwave.cli.doctor import doctor
from longwave.cli.serve import serve, worker

app = typer.Typer(
    help="Runs longitudinal studies.", no_args_is_help=True, pretty_exceptions_enable=False
)
app.command()(demo)
app.command()(serve)
app.command()(worker)
app.add_typer(study.app, name="study")
app.add_typer(protocol.app, name="protocol")
app.add_typer(instruments.app, name="instruments")
app.add_typer(screening.app, name="screening")
app.add_typer(participant.app, name="participant")
app.add_typer(course.app, name="course")
app.add_typer(message.app, name="message")
app.command()(bounce)
app.add_typer(task.app, name="task")
app.add_typer(alert.app, name="alert")
app.command("export")(export_command)
app.command("analyse")(analyse_command)
app.add_typer(randomisation.app, name="randomisation")
app.add_typer(audit.app, name="audit")
app.command("consort")(consort_command)
app.add_typer(database.app, name="db")
app.add_typer(staff.app, name="staff")
app.command()(doctor)
