"""``longwave alert``: participants whose answers somebody of the team should look at."""

from __future__ import annotations

from typing import Annotated

import typer

from longwave.cli.edge import SERVER, opened, out
from longwave.clock import system_clock
from longwave.services import safety
from longwave.services.safety import ShownAlert
from longwave.services.study import get_study

app = typer.Typer(help="Alerts that answers have set off.", no_args_is_help=True)

_Slug = Annotated[str, typer.Argument(help="The study's name.")]


@app.command("list")
def list_(
    slug: _Slug,
    acknowledged: Annotated[
        bool, typer.Option("--acknowledged", help="Those that were looked after instead.")
    ] = False,
) -> None:
    """List the alerts that wait, the oldest first."""
    with opened() as (_, database, _keys), database.reading() as session:
        study = get_study(session, slug)
        found = safety.read_alerts(session, study, SERVER, acknowledged=acknowledged)
    if not found:
        out.print("Nothing was looked after yet." if acknowledged else "No alert waits.")
    for alert in found:
        _show(alert)


def _show(alert: ShownAlert) -> None:
    out.print(f"{alert.name}  {alert.raised_at:%Y-%m-%d %H:%M} UTC, {alert.site}", markup=False)
    if alert.acknowledged_at is None:
        rest = "next" if alert.escalations else "first"
        following = (
            f"; the {rest} on {alert.next_at:%Y-%m-%d %H:%M} UTC" if alert.next_at else "; no more"
        )
        count = "1 reminder" if alert.escalations == 1 else f"{alert.escalations} reminders"
        out.print(f"    {count} so far{following}", markup=False)
        return
    out.print(
        f"    {alert.acknowledged_by} looked after it on {alert.acknowledged_at:%Y-%m-%d %H:%M} "
        f"UTC: {alert.note}",
        markup=False,
        soft_wrap=True,
    )


@app.command()
def acknowledge(
    slug: _Slug,
    name: Annotated[str, typer.Argument(help="The alert's name, as the list has it.")],
    note: Annotated[str, typer.Option(help="What was done. It names nobody.")],
) -> None:
    """Note that an alert was looked after; nobody is reminded of it again."""
    with opened() as (_, database, keys), database.writing() as session:
        safety.acknowledge(
            session,
            get_study(session, slug),
            name,
            note=note,
            viewer=SERVER,
            keys=keys,
            now=system_clock(),
        )
    out.print(f"{name} is acknowledged.", markup=False)
