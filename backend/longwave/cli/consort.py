"""``longwave consort``: the flow of participants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.table import Table

from longwave.cli.edge import ACTOR, opened, out
from longwave.domain.blinding import Viewer
from longwave.domain.lifecycle import Role
from longwave.services.consort import ArmFlow, Flow, consort


def consort_command(
    slug: Annotated[str, typer.Argument(help="The study's name.")],
    unblinded: Annotated[
        bool, typer.Option("--unblinded", help="Count by arm too; for those who may know.")
    ] = False,
) -> None:
    """Print the flow of participants after CONSORT, counted from the audit trail."""
    with opened() as (_, database, _keys), database.reading() as session:
        flow = consort(session, slug, Viewer(ACTOR, Role.OWNER, blinded=not unblinded))
    if flow.trial_run:
        out.print("TRIAL RUN: not the participants of a study.", style="bold")
    table = Table("", "n", box=None, pad_edge=False, show_header=False)
    table.columns[1].justify = "right"
    for name, count in _lines(flow):
        table.add_row(name, str(count))
    out.print(table)
    if flow.arms is not None:
        out.print()
        out.print(_arms(flow.arms))


def _lines(flow: Flow) -> Iterator[tuple[str, int]]:
    yield "approached, nothing further known", flow.approached
    yield "declined", flow.declined
    yield "assessed for eligibility", flow.assessed
    yield "excluded", flow.excluded
    for reason, count in flow.excluded_by_reason.items():
        yield f"  {reason}", count
    yield "eligible, without consent", flow.undecided
    yield "enrolled", flow.enrolled
    yield "not randomised", flow.not_randomised
    for reason, count in flow.not_randomised_by_reason.items():
        yield f"  {reason}", count
    yield "randomised", flow.randomised
    yield "  in error", flow.randomised_in_error
    yield "  lost", flow.lost
    yield "  deceased", flow.deceased
    yield "  withdrew", flow.withdrew
    if flow.completed is not None:
        yield "  completed follow-up", flow.completed
    yield f"  analysed ({flow.wave} answered)", flow.analysed


_ROWS = {
    "allocated": "allocated",
    "clusters": "clusters allocated",
    "received": "received a programme",
    "stopped": "stopped it",
    "crossed_over": "crossed over",
    "lost": "lost",
    "deceased": "deceased",
    "withdrew": "withdrew",
    "completed": "completed follow-up",
    "analysed": "analysed",
}


def _arms(arms: tuple[ArmFlow, ...]) -> Table:
    table = Table("by arm", box=None, pad_edge=False)
    for arm in arms:
        table.add_column(arm.arm, justify="right")
    for name, label in _ROWS.items():
        counts = [getattr(arm, name) for arm in arms]
        if None not in counts:
            table.add_row(label, *map(str, counts))
    return table
