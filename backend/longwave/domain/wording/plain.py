"""Longwave's own form of a wording as a table: ``part``, ``id``, ``value``, ``text``."""

from __future__ import annotations

from longwave.domain.protocol.faults import listed, suggest
from longwave.domain.wording.draft import Asked, Draft, Label
from longwave.domain.wording.faults import FaultsOfFile
from longwave.domain.wording.table import Row, Table, read_lines, table

PARTS = ("title", "instruction", "signposting", "answer", "item", "option", "scale")
_NEEDS = {"answer": ("value",), "item": ("id",), "option": ("id", "value"), "scale": ("id",)}


def is_plain(header: set[str]) -> bool:
    """Whether a file with this header is in this form."""
    return {"part", "text"} <= header


def read_plain(content: bytes, faults: FaultsOfFile) -> Draft:
    """Return what a file in this form says."""
    sheet = table(read_lines(content, faults), 1, faults)
    draft = Draft(faults, faults, "id", "text", "value")
    sheet.need("part", "id", "value", "text")
    rows = [row for row in sheet.rows if _is_whole(row, sheet)]
    draft.shared = tuple(
        Label(row.number, row["value"], row["text"]) for row in rows if row["part"] == "answer"
    )
    own: dict[str, list[Label]] = {}
    for row in rows:
        part = row["part"]
        if part == "option":
            label = Label(row.number, row["value"], row["text"])
            own.setdefault(row["id"], []).append(label)
        elif part == "scale":
            draft.scales[row["id"]] = row["text"]
        elif part in ("title", "instruction", "signposting"):
            if getattr(draft, part):
                faults.add(row.number, "part", f"A second {part}.", "Keep one of the two.")
            setattr(draft, part, row["text"])
    draft.asked = [
        Asked(row.number, row["id"], row["text"], tuple(own.pop(row["id"], ())))
        for row in rows
        if row["part"] == "item"
    ]
    for name, labels in own.items():
        faults.add(labels[0].row, "id", f"There is no item {name!r} here.", "Correct the id.")
    return draft


def _is_whole(row: Row, sheet: Table) -> bool:
    part = row["part"]
    if part not in PARTS:
        sheet.faults.add(
            row.number,
            "part",
            f"{part[:60]!r} is no part of a wording.{suggest(part, PARTS)}",
            f"Write {listed(PARTS)}.",
        )
        return False
    missing = [name for name in _NEEDS.get(part, ()) if not row[name]]
    for name in missing:
        sheet.faults.add(row.number, name, f"The {part} has no {name}.", f"Write its {name}.")
    return not missing
