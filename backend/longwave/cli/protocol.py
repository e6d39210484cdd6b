"""``longwave protocol``: check a protocol before it becomes a study, and see its course."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar

import typer
from rich.table import Table
from rich.text import Text

from longwave import resources
from longwave.cli.edge import out, told_plainly
from longwave.cli.lazy import Later, LazyGroup
from longwave.domain.protocol import Fault, Protocol, ProtocolFaults, read_protocol
from longwave.domain.protocol.model import Cap, Eligibility, RandomisationPlan


class _Commands(LazyGroup):
    later: ClassVar = {
        "timeline": Later(
            "longwave.cli.timeline:timeline_command",
            "Print when a participant meets what, in each arm, and draw it.",
        ),
        "preview": Later(
            "longwave.cli.preview:preview_command",
            "Show each message of a protocol in each language, as mail and as SMS.",
        ),
        "rehearse": Later(
            "longwave.cli.rehearse:rehearse_command",
            "Run a cohort of virtual participants through a protocol, and report what happens.",
        ),
    }


app = typer.Typer(
    cls=_Commands, help="Check protocols, and see what they plan.", no_args_is_help=True
)


@app.callback()
def _group() -> None:
    """Check protocols, and see what they plan."""


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="The folder of the protocol, or its protocol.yaml.")],
) -> None:
    """Say everything that is wrong with a protocol, or sum it up when nothing is."""
    with told_plainly():
        files = resources.protocol_files(path)
        try:
            protocol = read_protocol(files)
        except ProtocolFaults as error:
            print_faults(error.faults)
            raise typer.Exit(1) from None
    _print_summary(protocol)


def print_faults(faults: Sequence[Fault]) -> None:
    """Print what is wrong with files of a protocol: a table at a terminal, else lines."""
    if not out.is_terminal:
        for fault in faults:
            out.print(Text(str(fault)), soft_wrap=True)
        return
    table = Table("where", "field", "what is wrong", "what to do", show_lines=True)
    for fault in faults:
        table.add_row(
            Text(f"{fault.file}:{fault.line}", style="bold"),
            Text(fault.field),
            Text(fault.message),
            Text(fault.remedy),
        )
    out.print(table)
    out.print(Text("1 fault." if len(faults) == 1 else f"{len(faults)} faults.", style="bold red"))


def _print_summary(protocol: Protocol) -> None:
    study = protocol.study
    facts = {
        "study": f"{study.slug} ({study.kind}), {study.target_n} participants",
        "languages": ", ".join(study.languages),
        "criteria": ", ".join(_criteria(protocol.eligibility)),
        "caps": ", ".join(_cap(cap) for cap in protocol.eligibility.caps) or "none",
        "arms": ", ".join(protocol.arms) or "none",
        **_randomisation(protocol.randomisation),
        "analyses": ", ".join(analysis.id for analysis in protocol.analysis) or "none",
        "placeholders": _placeholders(protocol),
        "permissions": _permissions(protocol),
        "hash": protocol.hash,
    }
    for name, value in facts.items():
        out.print(Text(f"{name:<15}{value}"), soft_wrap=True)
    out.print()
    table = Table("wave", "anchor", "target", "items", "minutes", box=None, pad_edge=False)
    for wave in protocol.waves:
        asked = [protocol.instruments[name] for name in wave.instruments]
        table.add_row(
            wave.id,
            wave.anchor,
            str(wave.target),
            str(sum(len(instrument.items) for instrument in asked)),
            f"{sum(instrument.minutes for instrument in asked):g}",
        )
    out.print(table)
    out.print(Text("\nThe protocol has no faults."))


def _criteria(plan: Eligibility) -> list[str]:
    return [*(["rule"] if plan.rule else []), *(criterion.id for criterion in plan.criteria)]


def _cap(cap: Cap) -> str:
    people = [f"{item}={value}" for item, value in cap.stratum.items()]
    if cap.site is not None:
        people.append(f"site={cap.site}")
    return f"{cap.most} {'|'.join(people) or 'in all'}"


def _randomisation(plan: RandomisationPlan | None) -> dict[str, str]:
    """Return what is told of a randomisation, by name."""
    if plan is None:
        return {"randomisation": "none"}
    ratio = ":".join(str(share) for share in plan.ratio.values())
    facts = {
        "randomisation": f"{plan.method}, {ratio}, after {plan.after}",
        "strata": ", ".join(plan.strata) or "none",
    }
    if plan.cluster is not None:
        facts["clusters"] = plan.cluster
    if plan.inline is not None:
        facts["sealed"] = "written into the file: may be opened as a trial run only"
    return facts


def _placeholders(protocol: Protocol) -> str:
    names = [name for name, found in protocol.instruments.items() if found.placeholder]
    if not names:
        return "none"
    return (
        f"{', '.join(names)}: may be opened as a trial run only, until longwave instruments "
        "wording import has brought the wordings"
    )


def _permissions(protocol: Protocol) -> str:
    if protocol.not_permitted:
        return f"{', '.join(protocol.not_permitted)}: to be recorded before a live study opens"
    return ", ".join(protocol.permissions) or "none is needed"
