"""Wordings from a REDCap data dictionary (the CSV that "Download Data Dictionary" gives)."""

from __future__ import annotations

from longwave.domain.wording.draft import Asked, Draft, Label
from longwave.domain.wording.faults import FaultsOfFile
from longwave.domain.wording.table import Row, read_lines, table

NAME = "variable / field name"
FORM = "form name"
SECTION = "section header"
KIND = "field type"
LABEL = "field label"
CHOICES = "choices, calculations, or slider labels"
_CHOSEN = {"radio", "dropdown"}
_WITHOUT_LABELS = {"yesno": "0, No | 1, Yes", "truefalse": "0, False | 1, True"}
_SILENT = {"calc"}


def is_redcap(header: set[str]) -> bool:
    """Whether a file with this header is a data dictionary."""
    return NAME in header


def read_redcap(content: bytes, faults: FaultsOfFile) -> Draft:
    """Return what a data dictionary says; it holds one form."""
    sheet = table(read_lines(content, faults), 1, faults)
    draft = Draft(faults, faults, NAME, LABEL, CHOICES)
    sheet.need(NAME, KIND, LABEL, CHOICES)
    first: dict[str, int] = {}
    for row in sheet.rows:
        first.setdefault(row[FORM], row.number)
        _take(row, draft, faults)
    if len(first) > 1:
        other, number = list(first.items())[1]
        faults.add(
            number,
            FORM,
            f"A second form, {other[:60]!r}, begins here.",
            "Keep the rows of the instrument's form alone.",
        )
    return draft


def _take(row: Row, draft: Draft, faults: FaultsOfFile) -> None:
    kind = row[KIND].casefold()
    if row[SECTION] and not draft.asked and not draft.instruction:
        draft.instruction = row[SECTION]
    if kind == "descriptive":
        if not draft.asked:
            draft.instruction = row[LABEL]
    elif kind in _CHOSEN:
        draft.asked.append(Asked(row.number, row[NAME], row[LABEL], _choices(row, faults)))
    elif kind == "text":
        draft.asked.append(Asked(row.number, row[NAME], row[LABEL], ()))
    elif kind in _WITHOUT_LABELS:
        faults.add(
            row.number,
            KIND,
            f"A field of type {kind} does not say what its answers are called.",
            f"Make it radio, with the choices in the wording's language: {_WITHOUT_LABELS[kind]}.",
        )
    elif kind not in _SILENT:
        faults.add(
            row.number,
            KIND,
            f"A field of type {row[KIND][:60]!r} is in no instrument.",
            "Remove the row, or make it radio, dropdown or text.",
        )


def _choices(row: Row, faults: FaultsOfFile) -> tuple[Label, ...]:
    labels: list[Label] = []
    for choice in row[CHOICES].split("|"):
        value, comma, text = choice.partition(",")
        if comma:
            labels.append(Label(row.number, value.strip(), text.strip()))
        else:
            faults.add(
                row.number,
                CHOICES,
                f"{choice.strip()[:60]!r} is no choice.",
                "Write code and label with a comma, and | between choices: 1, ... | 2, ...",
            )
    return tuple(labels)
