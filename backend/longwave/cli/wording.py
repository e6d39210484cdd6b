"""``longwave instruments wording``: put licensed wordings into a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from longwave import resources
from longwave.cli.edge import err, out, told_plainly
from longwave.domain.errors import InvalidInputError, NotFoundError
from longwave.domain.instrument import Instrument
from longwave.domain.protocol.block import LANGUAGE
from longwave.domain.protocol.faults import suggest
from longwave.domain.protocol.instruments import instrument_file, read_entry, wording_file
from longwave.domain.wording import FORMATS, Format, Told, imported_wording
from longwave.domain.wording.xlsform import SHEETS

app = typer.Typer(help="Bring wordings that you are licensed to use.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Bring wordings that you are licensed to use."""


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="The file, or a folder with the sheets of an XLSForm as CSV.")
    ],
    instrument: Annotated[str, typer.Option(help="The instrument's id.")],
    language: Annotated[str, typer.Option(help="The wording's language, such as tr.")],
    out_: Annotated[Path, typer.Option("--out", help="The study's folder.")],
    form: Annotated[
        str | None,
        typer.Option("--format", help="csv, xlsform or redcap; else told by the header."),
    ] = None,
    title: Annotated[str, typer.Option(help="The heading that participants see.")] = "",
    instruction: Annotated[str, typer.Option(help="What they are told before the items.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Replace a wording there.")] = False,
) -> None:
    """Make a wording of an instrument from a CSV file, an XLSForm or a REDCap dictionary."""
    with told_plainly():
        known, structure = _instrument(instrument, _language(language), out_)
        target = _target(known, language, out_, replace=replace)
        content = imported_wording(
            known,
            language,
            file.name,
            _sheets(file),
            _format(form),
            Told(title.strip(), instruction.strip()),
        )
        _check(known, language, structure, content)
        _write(target, content)
    out.print(Text(f"{len(known.items)} items of {known.id} in {language}: {target}"))
    err.print(Text(f"Terms of use: {known.licence}"), soft_wrap=True)
    err.print(Text("Keep the file where only those are who may have the wording."))


def _instrument(name: str, language: str, folder: Path) -> tuple[Instrument, bytes]:
    """Return an instrument and its structure: the study's own, or else the library's.

    It comes with the wordings that lie beside its structure, the one to be replaced apart.
    """
    own = _files(folder / "instruments")
    library = _files(resources.library_directory())
    structure = instrument_file(name)
    files = own if structure in own else library
    if structure not in files:
        known = sorted(Path(path).stem for path in own | library if path.count("/") == 1)
        raise NotFoundError(
            f"There is no instrument {name[:60]!r}.{suggest(name, known)}",
            "'longwave instruments list' shows the library; a study's own lie in its folder "
            "instruments.",
        )
    replaced = wording_file(name, language) if files is own else ""
    found = read_entry(name, {path: files[path] for path in files if path != replaced})
    if found.stub:
        raise InvalidInputError(
            f"{name} has no structure that a wording could be held against: {found.stub}",
            f"Put an {structure} of your own into the study's folder first.",
        )
    return found, files[structure]


def _files(folder: Path) -> dict[str, bytes]:
    return resources.instrument_files(folder) if folder.is_dir() else {}


def _language(language: str) -> str:
    if not LANGUAGE.fullmatch(language):
        raise InvalidInputError(
            f"{language[:60]!r} is not a language code.", "Write for instance --language tr."
        )
    return language


def _format(form: str | None) -> Format | None:
    for known in FORMATS:
        if form == known:
            return known
    if form is not None:
        raise InvalidInputError(
            f"{form[:60]!r} is not a format.", f"Write --format {', '.join(FORMATS)}, or leave it."
        )
    return None


def _target(known: Instrument, language: str, folder: Path, *, replace: bool) -> Path:
    if not folder.is_dir():
        raise NotFoundError(f"There is no folder {folder}.", "Name the study's folder.")
    if folder.resolve().is_relative_to(resources.protocols_directory().resolve()):
        raise InvalidInputError(
            f"{folder} belongs to Longwave, which is passed on; licensed text may not lie there.",
            "Copy the study to a folder of your own, and import into that.",
        )
    target = folder / wording_file(known.id, language)
    if target.exists() and not replace:
        raise InvalidInputError(f"{target} is there already.", "Add --replace to replace it.")
    return target


def _sheets(file: Path) -> dict[str, bytes]:
    if not file.is_dir():
        return {"": _read(file)}
    sheets = {
        name: _read(file / f"{name}.csv") for name in SHEETS if (file / f"{name}.csv").exists()
    }
    if not sheets:
        raise NotFoundError(
            f"The folder {file} holds no sheet of an XLSForm.",
            f"Save its sheets as {', '.join(f'{name}.csv' for name in SHEETS)}, or name a file.",
        )
    return sheets


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(resources.MAXIMUM_FILE_BYTES + 1)
    except FileNotFoundError:
        raise NotFoundError(f"There is no file {file}.", "Correct its name.") from None
    except OSError as error:
        raise InvalidInputError(
            f"{file} cannot be read: {error.strerror}.", "Check the file and who may read it."
        ) from None
    if len(content) > resources.MAXIMUM_FILE_BYTES:
        raise InvalidInputError(
            f"{file} is larger than {resources.MAXIMUM_FILE_BYTES // 1024} KiB.",
            "Keep the rows of the instrument alone.",
        )
    return content


def _check(known: Instrument, language: str, structure: bytes, content: bytes) -> None:
    """Read what would be written as a study reads it, so that nothing unreadable is left."""
    files = {instrument_file(known.id): structure, wording_file(known.id, language): content}
    read_entry(known.id, files)


def _write(target: Path, content: bytes) -> None:
    """Write the file whole or not at all."""
    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(content)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidInputError(
            f"{target} cannot be written: {error.strerror}.", "Check the folder and its rights."
        ) from None
