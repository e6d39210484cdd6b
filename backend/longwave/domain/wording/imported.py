"""A wording file of Longwave, made of a file that a team has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from longwave.domain.instrument import Instrument
from longwave.domain.wording.against import Checked, checked
from longwave.domain.wording.draft import Draft
from longwave.domain.wording.faults import FaultsOfFile
from longwave.domain.wording.plain import is_plain, read_plain
from longwave.domain.wording.redcap import is_redcap, read_redcap
from longwave.domain.wording.table import read_lines
from longwave.domain.wording.xlsform import is_xlsform, read_xlsform

Format = Literal["csv", "xlsform", "redcap"]
FORMATS: tuple[Format, ...] = ("csv", "xlsform", "redcap")
_HEAD = """\
# Taken from {file}. The wording belongs to its authors:
# {terms}
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody says beside the file, for what its format has no place for."""

    title: str = ""
    instruction: str = ""


def imported_wording(
    instrument: Instrument,
    language: str,
    file: str,
    sheets: Mapping[str, bytes],
    form: Format | None = None,
    told: Told | None = None,
) -> bytes:
    """Return the content of ``instruments/wordings/<id>.<language>.yaml``.

    Parameters
    ----------
    instrument
        Its structure, and the wordings that are there already: names of scales are taken from
        them where the file gives none.
    language
        The language of the wording.
    file
        The file's name, for what is wrong with it.
    sheets
        The file's bytes under "", or the bytes of each sheet of an XLSForm by its name.
    form
        The file's format; None to tell it from the header.
    told
        Title and instruction that stand in front of those of the file.

    Raises
    ------
    WordingFaults
        If anything is wrong; it lists every fault with row, column and remedy.
    """
    faults = FaultsOfFile(file, [])
    draft = _draft(sheets, form or _form(sheets, faults), language, faults)
    if told is not None:
        draft.title = told.title or draft.title
        draft.instruction = told.instruction or draft.instruction
    wording = checked(instrument, language, draft)
    faults.raise_if_any()
    return _written(instrument, language, file, wording).encode()


def _form(sheets: Mapping[str, bytes], faults: FaultsOfFile) -> Format:
    if "" not in sheets:
        return "xlsform"
    lines = read_lines(sheets[""], faults)
    header = {cell.casefold() for line in [*filter(any, lines)][:1] for cell in line}
    tests: Iterable[tuple[Format, bool]] = (
        ("csv", is_plain(header)),
        ("redcap", is_redcap(header)),
        ("xlsform", is_xlsform(header)),
    )
    for form, fits in tests:
        if fits:
            return form
    faults.add(
        1,
        "",
        "The header is that of no format which is read.",
        "Give the columns part, id, value and text, an XLSForm or a REDCap data dictionary.",
    )
    faults.raise_if_any()
    raise AssertionError("unreachable")


def _draft(sheets: Mapping[str, bytes], form: Format, language: str, faults: FaultsOfFile) -> Draft:
    if form == "xlsform":
        return read_xlsform(sheets, language, faults)
    if "" not in sheets:
        faults.add(0, "", f"A folder is no file in the format {form}.", "Name the file itself.")
        faults.raise_if_any()
    return (read_redcap if form == "redcap" else read_plain)(sheets[""], faults)


def _written(instrument: Instrument, language: str, file: str, wording: Checked) -> str:
    """Write YAML in which every text is in quotes, so that none can become something else."""
    lines = [_HEAD.format(file=json.dumps(file, ensure_ascii=False), terms=instrument.licence)]
    lines.append(f"longwave: 1\ninstrument: {instrument.id}\nlanguage: {language}\n")
    lines.append(f"title: {_quoted(wording.title)}\ninstruction: {_quoted(wording.instruction)}\n")
    if wording.signposting:
        lines.append(f"signposting: {_quoted(wording.signposting)}\n")
    lines.append(_block("answers", wording.answers, ""))
    lines.append(_block("items", wording.items, ""))
    if wording.options:
        lines.append("options:\n")
        lines += [_block(name, labels, "  ") for name, labels in wording.options.items()]
    lines.append(_block("scales", wording.scales, "") or "scales: {}\n")
    return "".join(lines)


def _block(name: str, texts: Mapping[str, str], indent: str) -> str:
    if not texts:
        return ""
    inside = "".join(f"{indent}  {_quoted(key)}: {_quoted(text)}\n" for key, text in texts.items())
    return f"{indent}{name}:\n{inside}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
