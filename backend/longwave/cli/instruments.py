"""``longwave instruments``: the library, and the files of a team's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from longwave import resources
from longwave.cli.edge import out, told_plainly
from longwave.cli.protocol import print_faults
from longwave.cli.wording import app as wording
from longwave.domain.errors import NotFoundError
from longwave.domain.instrument import Instrument, Scale
from longwave.domain.protocol import ProtocolFaults
from longwave.domain.protocol.faults import FaultList, suggest
from longwave.domain.protocol.instruments import check_entry, instrument_file, read_entry
from longwave.domain.scoring import items_needed, possible_range

app = typer.Typer(help="See the library of instruments, and check your own.", no_args_is_help=True)
app.add_typer(wording, name="wording")


@app.callback()
def _group() -> None:
    """See the library of instruments, and check your own."""


@app.command("list")
def list_() -> None:
    """List the instruments that come with Longwave, with what of them was not verified."""
    with told_plainly():
        files = resources.instrument_files(resources.library_directory())
        structures = {name: files[name] for name in map(instrument_file, _ids(files))}
        found = [read_entry(name, structures) for name in _ids(structures)]
    table = Table("id", "name", "items", "key", "not verified", "text", box=None, pad_edge=False)
    for one in found:
        table.add_row(
            one.id,
            Text(one.name),
            str(len(one.items)),
            _key(one),
            ", ".join(_in_words(name) for name in one.unverified if name != "key"),
            _text(one),
        )
    out.print(table)
    out.print(Text("\n'longwave instruments show ID' tells more of one."))


@app.command()
def show(
    instrument_id: Annotated[
        str, typer.Argument(metavar="ID", help="The instrument's id, such as scs_sf.")
    ],
) -> None:
    """Show one instrument: structure, key, cut-offs, terms, sources, and what is not verified."""
    with told_plainly():
        files = resources.instrument_files(resources.library_directory())
        known = _ids(files)
        if instrument_id not in known:
            raise NotFoundError(
                f"The library has no instrument {instrument_id[:60]!r}."
                f"{suggest(instrument_id, known)}",
                "'longwave instruments list' shows what it has.",
            )
        one = read_entry(instrument_id, files)
    for name, value in _facts(one):
        out.print(Text(f"{name:<16}{value}"), soft_wrap=True)
    if one.scales:
        out.print()
        _print_scales(one)
    for heading, lines in _sections(one):
        out.print(Text(f"\n{heading}", style="bold"))
        for line in lines:
            out.print(Text(f"- {line}"), soft_wrap=True)


@app.command()
def check(
    path: Annotated[
        Path, typer.Argument(help="A folder of instruments, a study's folder, or one file.")
    ],
) -> None:
    """Say everything that is wrong with instruments and wordings, or sum them up."""
    with told_plainly():
        files, ids = _files_at(path)
        faults = FaultList()
        found = [check_entry(name, files, faults) for name in ids]
        try:
            faults.raise_if_any()
        except ProtocolFaults as error:
            print_faults(error.faults)
            raise typer.Exit(1) from None
    for one in found:
        if one is not None:
            out.print(Text(_summary(one)), soft_wrap=True)
    out.print(Text("\nNothing is wrong with them."))


def _ids(files: dict[str, bytes]) -> list[str]:
    paths = map(PurePosixPath, files)
    return sorted(path.stem for path in paths if len(path.parts) == 2)


def _files_at(path: Path) -> tuple[dict[str, bytes], list[str]]:
    """Return the files of instruments at ``path``, and the ids that are to be checked.

    Wordings whose structure lies elsewhere are checked with the library's.
    """
    folder = path.parent if path.is_file() else path
    if folder.name == "wordings":
        folder = folder.parent
    if (folder / "instruments").is_dir():
        folder = folder / "instruments"
    here = resources.instrument_files(folder) if folder.is_dir() else {}
    here = {name: content for name, content in here.items() if _is_instrument(name)}
    ids = sorted({PurePosixPath(name).name.split(".")[0] for name in here})
    if path.is_file():
        ids = [name for name in ids if name == path.name.split(".")[0]]
    library = resources.instrument_files(resources.library_directory())
    for name in ids:
        structure = instrument_file(name)
        if structure not in here and structure in library:
            here[structure] = library[structure]
    lost = [name for name in ids if instrument_file(name) not in here]
    if lost:
        raise NotFoundError(
            f"There is a wording of {lost[0]}, but no structure.",
            f"Add {instrument_file(lost[0])}, or correct the name of the wording's file.",
        )
    if not ids:
        raise NotFoundError(
            f"There are no instruments at {path}.",
            "Name a folder that holds <id>.yaml files, a study with a folder instruments, or "
            "one such file.",
        )
    return here, ids


def _is_instrument(name: str) -> bool:
    """Whether a file of the folder is no protocol that happens to lie there."""
    return PurePosixPath(name).name != "protocol.yaml"


def _summary(one: Instrument) -> str:
    wordings = ", ".join(sorted(one.title)) or "none"
    facts = [
        f"{one.id}, version {one.version}: {len(one.items)} items, {len(one.scales)} scales",
        f"key {_key(one)}",
        f"wordings {wordings}",
    ]
    if one.placeholder:
        facts.append(f"placeholders {', '.join(sorted(one.placeholder))}")
    if not one.is_free:
        facts.append("a live study records a permission")
    return "; ".join(facts)


def _key(one: Instrument) -> str:
    return {"none": "no key", "unverified": "UNVERIFIED"}.get(one.key_status, one.key_status)


def _text(one: Instrument) -> str:
    texts = {"bundled": "our own words", "placeholder": "placeholders", "none": "none"}
    return texts.get(one.licence_text or "", "not stated")


def _permission(one: Instrument) -> str:
    """Say what a live study has to record of the leave to use an instrument."""
    if one.is_free:
        return "none has to be recorded" if one.commercial else "not stated"
    rest = "" if one.use == "ask" else ", or why none is needed"
    return f"to be recorded in a live study's protocol, under permissions.{one.id}{rest}"


def _in_words(fact: str) -> str:
    return fact.replace("_", " ")


def _facts(one: Instrument) -> Iterator[tuple[str, str]]:
    yield one.id, one.name
    yield "version", f"{one.version} (of the key)"
    if one.stub:
        yield "stub", f"{one.stub} It cannot be used in a protocol."
    yield "key", _key(one)
    yield "verified", ", ".join(_in_words(k) for k, v in one.verified.items() if v) or "nothing"
    yield "not verified", ", ".join(map(_in_words, one.unverified)) or "-"
    yield "source", one.source or "not stated"
    yield "doi", one.doi or "none"
    yield "licence", one.licence
    yield "commercial use", one.commercial or "not stated"
    yield "permission", _permission(one)
    yield "text", _text(one)
    yield "wordings", ", ".join(sorted(one.title)) or "none: import the one you are licensed for"
    yield "items", f"{len(one.items)}, about {one.minutes:g} minutes"
    if one.direction is not None:
        sense = "more" if one.direction == "rising" else "less"
        low, high = f"{one.minimum:g}", f"{one.maximum:g}"
        yield "answers", f"{low} to {high}, {one.direction}: {high} says {sense} than {low}"
    yield from _optional_facts(one)


def _optional_facts(one: Instrument) -> Iterator[tuple[str, str]]:
    if one.order:
        yield "order", one.order
    if one.recall:
        yield "recall", one.recall
    if one.total is not None:
        name = "" if one.total.scale is None else f"{one.total.scale}: "
        yield "total", f"{name}{one.total.convention}"
    if one.scales:
        yield "missing items", one.missing_rule
        yield "rounding", "none"


def _print_scales(one: Instrument) -> None:
    table = Table(
        *("scale", "score", "items", "reversed", "needs", "range"), box=None, pad_edge=False
    )
    for scale in one.scales:
        low, high = possible_range(one, scale)
        needs = "every part" if scale.parts else f"{items_needed(scale)} of {len(scale.items)}"
        table.add_row(
            Text(f"{scale.id} ({one.name_of(scale)})"),
            _method(scale),
            ", ".join(scale.parts or scale.items),
            ", ".join(name for name in scale.items + scale.parts if name in scale.reversed),
            needs,
            f"{low:g} to {high:g}",
        )
    out.print(table)


def _method(scale: Scale) -> str:
    what: str = scale.method
    if scale.counted:
        what = f"count of {', '.join(map(str, sorted(scale.counted)))}"
    return what if scale.multiplier == 1 else f"{what} x {scale.multiplier:g}"


def _sections(one: Instrument) -> Iterator[tuple[str, list[str]]]:
    if one.cut_offs:
        yield (
            "Cut-offs (they describe; they are no diagnosis)",
            [
                f"{cut.scale}: "
                + "; ".join(f"{band.label}: {band}" for band in cut.bands)
                + f". {cut.country}, {cut.population}, {cut.year}. {cut.source}"
                + (f"; {cut.note}" if cut.note else "")
                + ("." if cut.verified else ". NOT VERIFIED.")
                for cut in one.cut_offs
            ],
        )
    elif one.scales:
        yield "Cut-offs", ["none"]
    own_rules = [f"{scale.id}: {scale.missing_rule}" for scale in one.scales if scale.missing_rule]
    if own_rules:
        yield "Missing items", own_rules
    if one.warnings:
        yield (
            "Warnings",
            [
                warning.text
                + (f" ({warning.source})" if warning.source else "")
                + ("" if warning.verified else " [not verified]")
                for warning in one.warnings
            ],
        )
    if one.signposting:
        yield "Participants are told", [one.signposting.get("en", next(iter(one.signposting)))]
    if one.translations:
        yield "Published translations", [f"{k}: {v}" for k, v in one.translations.items()]
    if one.notes:
        yield "Notes", list(one.notes)
