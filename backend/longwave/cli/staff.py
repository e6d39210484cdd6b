"""``longwave staff``: who may do what in studies, and the tokens they sign in with."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from longwave.cli.edge import opened, out
from longwave.clock import system_clock
from longwave.domain.lifecycle import Role
from longwave.domain.permissions import Scope
from longwave.services import staff
from longwave.services.study import list_studies
from longwave.storage.tables import StaffGrant
from longwave.storage.tables.base import key

app = typer.Typer(help="Staff, their roles and their tokens.", no_args_is_help=True)

_Email = Annotated[str, typer.Argument(help="The address of a member of staff.")]
_Study = Annotated[str | None, typer.Option("--study", help="In this study only.")]


@app.command()
def add(
    email: _Email,
    role: Annotated[Role, typer.Option(help="What this person may do.")],
    study: _Study = None,
    site: Annotated[
        str | None, typer.Option("--site", help="At this site of the study only.")
    ] = None,
    blinded: Annotated[
        bool, typer.Option("--blinded/--unblinded", help="Whether arms stay hidden.")
    ] = True,
) -> None:
    """Add somebody and print the token that signs them in, once; or give one more role."""
    with opened() as (settings, database, _), database.writing() as session:
        token = None
        if staff.is_staff(session, email):
            staff.grant_role(
                session, email, role, blinded=blinded, now=system_clock(), study=study, site=site
            )
        else:
            _, token = staff.add_staff(
                session, email, role, blinded=blinded, now=system_clock(), study=study, site=site
            )
        where = f" in {study}" if study else ""
        at = f" at {site}" if site else ""
        out.print(f"{email} is {role}{where}{at}, {'blinded' if blinded else 'unblinded'}.")
        if token is not None:
            out.print(f"Sign in at {settings.base_url}/console with this token, shown once", end="")
            out.print(f" and good for {staff.TOKEN_LIFE.days} days:", end="\n\n")
            out.print(token, soft_wrap=True)


@app.command()
def token(
    email: _Email,
    scope: Annotated[
        list[Scope], typer.Option(help="What it is good for; may be given several times.")
    ] = [Scope.READ],  # noqa: B006 - Typer copies it
    study: _Study = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="For how many days.")] = 90,
    label: Annotated[str, typer.Option(help="What it is called in lists.")] = "program",
) -> None:
    """Print a new token for a program or another browser, once."""
    with opened() as (_, database, _keys), database.writing() as session:
        made = staff.issue_token(
            session,
            email,
            now=system_clock(),
            label=label,
            scopes=scope,
            study=study,
            life=timedelta(days=days),
        )
        out.print(f"{label}, good for {', '.join(scope)} for {days} days:", end="\n\n")
        out.print(made, soft_wrap=True)


@app.command()
def revoke(
    email: _Email,
    label: Annotated[
        str | None, typer.Option(help="Only tokens with this label; all if not given.")
    ] = None,
) -> None:
    """End somebody's tokens at once."""
    with opened() as (_, database, _keys), database.writing() as session:
        revoked = staff.revoke_tokens(session, email, now=system_clock(), label=label)
        out.print(f"Tokens revoked: {revoked}.")


@app.command()
def remove(email: _Email) -> None:
    """Take every role and token from somebody; what they did stays in the trail."""
    with opened() as (_, database, _keys), database.writing() as session:
        staff.remove_staff(session, email, now=system_clock())
        out.print(f"{email} is no member of staff any more.")


@app.command("list")
def list_() -> None:
    """List the staff with roles and tokens."""
    with opened() as (_, database, _keys), database.reading() as session:
        slugs = {key(study): study.slug for study in list_studies(session)}
        members = staff.list_staff(session, now=system_clock())
        if not members:
            out.print("There is no staff yet. Add somebody with: longwave staff add EMAIL --role R")
            return
        table = Table("staff", "role", "study", "site", "arms", "tokens", box=None, pad_edge=False)
        for member in members:
            tokens = ", ".join(
                f"{token.label} ({', '.join(token.scopes)}; until {token.expires_at:%Y-%m-%d})"
                for token in member.tokens
            )
            for place, grant in enumerate(member.grants):
                table.add_row(
                    member.email if place == 0 else "",
                    *_described(grant, slugs),
                    tokens if place == 0 else "",
                )
        out.print(table)


def _described(grant: StaffGrant, slugs: dict[int, str]) -> tuple[str, str, str, str]:
    return (
        grant.role,
        "all" if grant.study_id is None else slugs[grant.study_id],
        grant.site or "all",
        "hidden" if grant.blinded else "shown",
    )
