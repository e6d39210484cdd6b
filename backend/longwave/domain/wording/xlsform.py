"""Wordings from an XLSForm saved as CSV (https://xlsform.org)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from longwave.domain.wording.draft import Asked, Draft, Label
from longwave.domain.wording.faults import FaultsOfFile
from longwave.domain.wording.table import Row, Table, read_lines, table

SHEETS = ("survey", "choices", "settings")
_NUMBERS = {"integer", "decimal", "range"}
_SILENT = {
    *("start", "end", "today", "deviceid", "username", "calculate", "hidden", "audit"),
    *("end group", "end_group", "begin repeat", "begin_repeat", "end repeat", "end_repeat"),
}
_GROUPS = {"begin group", "begin_group"}
_LANGUAGE_OF_LABEL = re.compile(r"label::?(?:.*\(([\w-]+)\)|\s*([\w-]+))\s*")


def is_xlsform(header: set[str]) -> bool:
    """Whether a file that begins so is an XLSForm, whole or its survey alone."""
    return bool(header & set(SHEETS)) or {"type", "name"} <= header


def split_sheets(lines: list[list[str]]) -> dict[str, tuple[int, list[list[str]]]]:
    """Return the sheets of one file, each with the number of its first line.

    A line whose first cell names a sheet begins it; the lines of the sheet leave that cell
    empty. Without such a line the whole file is the survey.
    """
    found: dict[str, tuple[int, list[list[str]]]] = {}
    sheet: list[list[str]] = []
    for number, line in enumerate(lines, start=1):
        name = line[0].casefold() if line else ""
        if name in SHEETS and not any(line[1:]):
            sheet = []
            found[name] = (number + 1, sheet)
        elif found:
            sheet.append(line[1:])
    return found or {"survey": (1, lines)}


def read_xlsform(sheets: Mapping[str, bytes], language: str, found: FaultsOfFile) -> Draft:
    """Return what an XLSForm says in one language.

    Parameters
    ----------
    sheets
        One file with all sheets below each other under "", or a file for each sheet.
    language
        Whose label columns are taken.
    found
        Where to note what is wrong.
    """
    tables = _tables(sheets, found)
    faults = FaultsOfFile(_called(found.file, "survey"), found.found)
    faults_of_choices = FaultsOfFile(_called(found.file, "choices"), found.found)
    draft = Draft(faults, faults_of_choices, "name", "label", "name")
    survey = tables.get("survey")
    if survey is None:
        found.add(0, "", "There is no sheet 'survey'.", "Add it; see docs/instruments.md.")
        found.raise_if_any()
        return draft
    survey.need("type", "name")
    draft.text_column = _label_column(survey, language)
    choices = _choices(tables.get("choices"), language)
    for row in survey.rows:
        _take(row, choices, draft, faults)
    settings = tables.get("settings")
    if settings is not None and settings.rows and not draft.title:
        draft.title = settings.rows[0]["form_title"]
    return draft


def _called(file: str, sheet: str) -> str:
    return f"{file} ({sheet})"


def _tables(sheets: Mapping[str, bytes], found: FaultsOfFile) -> dict[str, Table]:
    if "" in sheets:
        parts = split_sheets(read_lines(sheets[""], found))
    else:
        parts = {
            name: (1, read_lines(content, FaultsOfFile(_called(found.file, name), found.found)))
            for name, content in sheets.items()
        }
    return {
        name: table(lines, first, FaultsOfFile(_called(found.file, name), found.found))
        for name, (first, lines) in parts.items()
    }


def _label_column(sheet: Table, language: str) -> str:
    """Return the column of the labels in ``language``."""
    labels = [name for name in sheet.columns if name == "label" or name.startswith("label:")]
    for name in labels:
        match = _LANGUAGE_OF_LABEL.fullmatch(name)
        if match and (match[1] or match[2]) == language.casefold():
            return name
    if labels == ["label"]:
        return "label"
    given = ", ".join(sheet.columns[name] for name in labels) or "none"
    sheet.faults.add(
        1,
        "label",
        f"No column of labels is in language {language!r}; there is: {given}.",
        f"Name one 'label::... ({language})', or keep a single column 'label'.",
    )
    sheet.faults.raise_if_any()
    return ""


def _choices(sheet: Table | None, language: str) -> dict[str, list[Label]]:
    if sheet is None:
        return {}
    sheet.need("list_name", "name")
    column = _label_column(sheet, language)
    found: dict[str, list[Label]] = {}
    for row in sheet.rows:
        label = Label(row.number, row["name"], row[column])
        found.setdefault(row["list_name"], []).append(label)
    return found


def _take(
    row: Row,
    choices: Mapping[str, list[Label]],
    draft: Draft,
    faults: FaultsOfFile,
) -> None:
    kind, _, rest = row["type"].partition(" ")
    whole = row["type"].casefold()
    text = row[draft.text_column]
    if kind == "select_one":
        options = choices.get(rest)
        if options is None:
            faults.add(
                row.number,
                "type",
                f"There is no list of choices {rest!r}.",
                "Add its rows to the sheet 'choices', and import both sheets.",
            )
        draft.asked.append(Asked(row.number, row["name"], text, tuple(options or ())))
    elif kind in _NUMBERS:
        draft.asked.append(Asked(row.number, row["name"], text, ()))
    elif kind == "note":
        if not draft.asked:
            draft.instruction = f"{draft.instruction} {text}".strip()
    elif whole in _GROUPS:
        draft.title = draft.title or text
    elif whole and whole not in _SILENT:
        faults.add(
            row.number,
            "type",
            f"A question of type {row['type'][:60]!r} is in no instrument.",
            "Remove the row, or make it select_one or integer.",
        )
