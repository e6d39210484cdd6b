"""``longwave db``: the schema."""

from __future__ import annotations

import typer

from longwave.cli.edge import opened, out
from longwave.storage import migration

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `upgrade` a command of its own though it is the only one."""


@app.command()
def upgrade() -> None:
    """Create the tables, or bring them up to date."""
    with opened() as (settings, _database, _keys):
        migration.upgrade(settings.database_url)
        out.print("The database is up to date.")
