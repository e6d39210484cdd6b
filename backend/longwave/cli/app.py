"""The ``longwave`` command."""

from __future__ import annotations

from typing import ClassVar

import typer

from longwave.cli.lazy import Later, LazyGroup


class _Commands(LazyGroup):
    later: ClassVar = {
        "demo": Later(
            "longwave.cli.demo:demo", "Run a whole study and its analysis on virtual participants."
        ),
        "serve": Later("longwave.cli.serve:serve", "Serve the pages and the API."),
        "worker": Later(
            "longwave.cli.serve:worker",
            "Run the clockwork alone: open and close waves, send messages, seal the trail.",
        ),
        "bounce": Later(
            "longwave.cli.bounce:bounce",
            "Take a mail that came back; what is no report on a message of ours is ignored.",
        ),
        "export": Later(
            "longwave.cli.data:export_command",
            "Export a study as tidy tables with a codebook; blinded unless asked otherwise.",
        ),
        "analyse": Later(
            "longwave.cli.data:analyse_command",
            "Run the analyses that the protocol planned, and write a report.",
        ),
        "consort": Later(
            "longwave.cli.consort:consort_command",
            "Print the flow of participants after CONSORT, counted from the audit trail.",
        ),
        "doctor": Later(
            "longwave.cli.doctor:doctor",
            "Look the installation over; end with 1 if something must be mended.",
        ),
        "study": Later("longwave.cli.study:app", "Studies, from a draft to the archive."),
        "protocol": Later("longwave.cli.protocol:app", "Check protocols, and see what they plan."),
        "instruments": Later(
            "longwave.cli.instruments:app", "See the library of instruments, and check your own."
        ),
        "screening": Later("longwave.cli.screening:app", "The screening register of a study."),
        "participant": Later(
            "longwave.cli.participant:app", "One participant: what happened, what was wrong."
        ),
        "course": Later("longwave.cli.course:app", "Course groups, attendance, doses."),
        "message": Later("longwave.cli.message:app", "Messages to participants and staff."),
        "task": Later("longwave.cli.task:app", "What the team has to see to."),
        "alert": Later("longwave.cli.alert:app", "Alerts that answers have set off."),
        "randomisation": Later(
            "longwave.cli.randomisation:app", "Prove the allocations; disclose them after the lock."
        ),
        "audit": Later("longwave.cli.audit:app", "The audit trail."),
        "db": Later("longwave.cli.database:app", "The database."),
        "staff": Later("longwave.cli.staff:app", "Staff, their roles and their tokens."),
    }


app = typer.Typer(
    cls=_Commands,
    help="Runs longitudinal studies.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _longwave() -> None:
    """Make a group of what has no commands of its own yet."""
