"""``longwave study``: from a draft to the archive."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlmodel import Session

from longwave import resources
from longwave.cli.edge import ACTOR, SERVER, opened, out
from longwave.clock import system_clock
from longwave.domain.errors import InvalidInputError
from longwave.domain.randomisation import factor_levels, read_lists
from longwave.services import study as studies
from longwave.services.study.opening import analysis_hash

app = typer.Typer(help="Studies, from a draft to the archive.", no_args_is_help=True)

_Slug = Annotated[str, typer.Argument(help="The study's name.")]
_Path = Annotated[Path, typer.Argument(help="The folder of the protocol.")]
_Day = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="The day of the approval; today if not given."),
]
_Reference = Annotated[str | None, typer.Option(help="The reference of the ethics approval.")]
_By = Annotated[str | None, typer.Option("--by", help="Who approved it.")]
_Registry = Annotated[
    str | None, typer.Option("--registry", help="The study's id in a public registry.")
]
_Exempt = Annotated[
    str | None, typer.Option("--exempt", help="Why the study need not be registered.")
]


@app.command()
def add(path: _Path) -> None:
    """Check a protocol and add a study that runs it, as a draft."""
    with opened() as (_, database, _keys), database.writing() as session:
        files = resources.protocol_files(path)
        study = studies.add_study(session, files, actor=ACTOR, now=system_clock())
        out.print(
            f"Added {study.slug}, a draft. Next: longwave study approve {study.slug}, "
            f"or to practise: longwave study open {study.slug} --trial-run",
            soft_wrap=True,
        )


@app.command()
def approve(
    slug: _Slug,
    reference: _Reference = None,
    approver: _By = None,
    day: _Day = None,
    registry: _Registry = None,
    exempt: _Exempt = None,
    lists: Annotated[
        Path | None,
        typer.Option(
            "--lists", help="A CSV file of arms in their order, for randomisation by list."
        ),
    ] = None,
) -> None:
    """Record the approval of a draft; the settings of its randomisation are sealed."""
    with opened() as (_, database, keys), database.writing() as session:
        study = studies.approve_study(
            session,
            slug,
            reference=reference or "",
            approver=approver or "",
            approved_on=_date(day),
            registry_id=registry,
            exemption=exempt,
            viewer=SERVER,
            keys=keys,
            now=system_clock(),
            lists=None if lists is None else _read_lists(session, slug, lists),
        )
        version = studies.current_version(session, study)
        out.print(f"{study.slug} is approved. Next: longwave study open {study.slug}")
        out.print(f"protocol   {version.hash}", soft_wrap=True)
        if study.commitment:
            out.print(f"commitment {study.commitment}", soft_wrap=True)


@app.command("open")
def open_(
    slug: _Slug,
    trial_run: Annotated[
        bool, typer.Option("--trial-run", help="Practice: pilot wordings, local mail only.")
    ] = False,
) -> None:
    """Open a study to enrolment, and print the hashes to deposit elsewhere."""
    with opened() as (settings, database, keys), database.writing() as session:
        study = studies.open_study(
            session,
            slug,
            trial_run=trial_run,
            keys=keys,
            viewer=SERVER,
            now=system_clock(),
            unsafe=settings.unsafe_for_participants,
        )
        version = studies.current_version(session, study)
        out.print(
            f"{study.slug} is open ({study.mode}) at {settings.base_url}/s/{study.slug}",
            soft_wrap=True,
        )
        out.print(f"protocol   {version.hash}", soft_wrap=True)
        out.print(f"analysis   {analysis_hash(version)}", soft_wrap=True)
        if study.commitment:
            out.print(f"commitment {study.commitment}", soft_wrap=True)
        out.print("Deposit these lines where you cannot change them, such as a registry.")


@app.command("close-enrolment")
def close_enrolment(slug: _Slug) -> None:
    """Let nobody more in; who is in goes on."""
    with opened() as (_, database, _keys), database.writing() as session:
        studies.close_enrolment(session, slug, viewer=SERVER, now=system_clock())
        out.print(f"{slug} takes no new participants any more.")


@app.command()
def lock(
    slug: _Slug,
    early: Annotated[
        bool, typer.Option("--early", help="End assessments that are under way or to come.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why; an early lock needs one.")
    ] = None,
) -> None:
    """Let no datum of a closed study change any more."""
    with opened() as (_, database, _keys), database.writing() as session:
        studies.lock_study(
            session, slug, viewer=SERVER, now=system_clock(), early=early, reason=reason
        )
        out.print(f"{slug} is locked.")


@app.command()
def archive(slug: _Slug) -> None:
    """Put a locked study away."""
    with opened() as (_, database, _keys), database.writing() as session:
        studies.archive_study(session, slug, viewer=SERVER, now=system_clock())
        out.print(f"{slug} is archived.")


@app.command()
def amend(
    slug: _Slug,
    path: _Path,
    reference: _Reference = None,
    approver: _By = None,
    day: _Day = None,
    registry: _Registry = None,
    exempt: _Exempt = None,
) -> None:
    """Put another version of the protocol in force; a live study's needs its own approval."""
    with opened() as (_, database, _keys), database.writing() as session:
        version = studies.amend_study(
            session,
            slug,
            resources.protocol_files(path),
            viewer=SERVER,
            now=system_clock(),
            reference=reference,
            approver=approver,
            approved_on=_date(day),
            registry_id=registry,
            exemption=exempt,
        )
        out.print(f"{slug} runs version {version.number} of its protocol.")
        out.print(f"protocol   {version.hash}", soft_wrap=True)


@app.command("list")
def list_() -> None:
    """List the studies."""
    with opened() as (_, database, _keys), database.reading() as session:
        rows = studies.list_studies(session)
        if not rows:
            out.print("There are no studies yet. Add one with: longwave study add PATH")
            return
        table = Table("study", "mode", "state", "opened", box=None, pad_edge=False)
        for study in rows:
            opened_on = study.opened_at.date().isoformat() if study.opened_at else ""
            table.add_row(study.slug, study.mode, study.state, opened_on)
        out.print(table)


def _date(given: datetime | None) -> date:
    return (given or system_clock()).date()


def _read_lists(session: Session, slug: str, path: Path) -> dict[str, tuple[str, ...]]:
    """Return the lists of arms in a CSV file, by stratum."""
    protocol = studies.current_protocol(session, studies.get_study(session, slug))
    plan = protocol.randomisation
    if plan is None:
        raise InvalidInputError(
            f"The study {slug} does not randomise, and needs no lists.", "Leave --lists out."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"{path} cannot be read: {error}.", "Name a CSV file in UTF-8."
        ) from None
    return read_lists(text, plan.ratio, factor_levels(protocol))
