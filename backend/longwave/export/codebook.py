"""The codebook: every table, column, item, scale and code of an export, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from longwave.domain.dataset import Dataset
from longwave.domain.missingness import AssessmentGap, ItemGap, ScoreGap
from longwave.domain.protocol.model import Protocol
from longwave.export.content import newest_instruments
from longwave.export.facts import FACTS, described, item_row, joined, scale_row
from longwave.export.occasions import Protocols, all_waves
from longwave.export.package import watermark_of
from longwave.export.panel import PanelScore
from longwave.export.schema import PANEL, Column, Table, reasons
from longwave.export.writers import Sheet, write_csv

Tables = Sequence[tuple[Table, Sequence[Column]]]

_DESIGN_LANGUAGE = "en"


def codebook(dataset: Dataset, protocols: Protocols, tables: Tables) -> dict[str, Any]:
    """Return the codebook as plain values, ready for JSON.

    Parameters
    ----------
    dataset
        The study's rows.
    protocols
        Every version of the protocol.
    tables
        The tables of the export, each with its columns.
    """
    protocol = newest(protocols)
    instruments = newest_instruments(protocols)
    book: dict[str, Any] = {
        "study": dataset.study.slug,
        "title": dict(protocol.study.title),
        "protocol_hash": protocol.hash,
        "languages": list(protocol.study.languages),
        "blinded": dataset.blinded,
        "study_day": "Days since enrolment, by the calendar of the participant's own zone.",
        "tables": [_table(table, columns) for table, columns in tables],
        "missing_reasons": {
            "assessment": reasons(AssessmentGap),
            "item": reasons(ItemGap),
            "score": reasons(ScoreGap),
        },
        "waves": [
            {"wave": wave.id, "order": wave.order, "label": dict(wave.label)}
            for wave in all_waves(protocols).values()
        ],
        "instruments": [described(instrument) for instrument in instruments.values()],
    }
    if protocol.safety:
        book["safety_rules"] = [
            {"rule": rule.id, "when": rule.when, "waves": list(rule.waves) or None}
            for rule in protocol.safety
        ]
    if not dataset.blinded:
        book["arms"] = [{"arm": arm.id, "label": dict(arm.label)} for arm in protocol.arms.values()]
        book["programmes"] = [
            {
                "programme": plan.id,
                "kind": plan.kind,
                "label": dict(plan.label),
                "sessions": plan.total,
                "minutes": plan.minutes,
                "facilitator": plan.facilitator,
            }
            for plan in protocol.programmes.values()
        ]
    if watermark := watermark_of(dataset):
        book = {"watermark": watermark, **book}
    return book


def write_codebook(
    folder: Path,
    dataset: Dataset,
    protocols: Protocols,
    tables: Tables,
    scores: Mapping[str, PanelScore],
) -> None:
    """Write ``codebook.json`` and ``codebook.csv``.

    Parameters
    ----------
    folder
        Where to.
    dataset, protocols, tables
        As in `codebook`.
    scores
        What the columns of the panel hold, by name.
    """
    book = codebook(dataset, protocols, tables)
    text = json.dumps(book, indent=2, ensure_ascii=False)
    (folder / "codebook.json").write_text(text + "\n", encoding="utf-8")
    languages = list(dict.fromkeys([_DESIGN_LANGUAGE, *newest(protocols).study.languages]))
    rows = [
        row
        for table, columns in tables
        for column in columns
        for row in _rows(table, column, protocols, scores, languages)
    ]
    watermark = watermark_of(dataset)
    if watermark:
        rows = [{**row, "watermark": watermark} for row in rows]
    frame = pd.DataFrame(rows, columns=_csv_columns(languages, watermark), dtype=object)
    write_csv(Sheet("codebook", frame, {}, {}), folder, dataset.cut_off)


def newest(protocols: Protocols) -> Protocol:
    """Return the version of the protocol that is in force."""
    return list(protocols.values())[-1]


def _table(table: Table, columns: Sequence[Column]) -> dict[str, Any]:
    return {
        "name": table.name,
        "label": table.label,
        "key": list(table.key),
        "columns": [
            {
                "name": column.name,
                "type": column.type,
                "label": column.label,
                **({"values": dict(column.values)} if column.values else {}),
            }
            for column in columns
        ],
    }


def _csv_columns(languages: Sequence[str], watermark: str | None) -> list[str]:
    return [
        "table",
        "column",
        "type",
        "instrument",
        "item",
        "scale",
        *(f"label_{language}" for language in languages),
        *(f"values_{language}" for language in languages),
        *(f"placeholder_{language}" for language in languages),
        "kind",
        "rule",
        "formula",
        *FACTS,
        *(["watermark"] if watermark else []),
    ]


def _rows(
    table: Table,
    column: Column,
    protocols: Protocols,
    scores: Mapping[str, PanelScore],
    languages: Sequence[str],
) -> Iterator[dict[str, object]]:
    """Yield the lines about one column: itself, then each item or scale whose values it holds."""
    place: dict[str, object] = {"table": table.name, "column": column.name, "type": column.type}
    score = scores.get(column.name) if table is PANEL else None
    instruments = newest_instruments(protocols)
    if score is not None:
        instrument = instruments[score.instrument]
        row = scale_row(instrument, score.scale, languages)
        yield place | row | {f"label_{_DESIGN_LANGUAGE}": column.label}
        return
    yield place | {
        f"label_{_DESIGN_LANGUAGE}": column.label,
        f"values_{_DESIGN_LANGUAGE}": joined(column.values),
    }
    if column.name != "value":
        return
    for instrument in instruments.values():
        if table.name == "answers":
            for item in instrument.asked:
                yield place | item_row(instrument, item, languages)
        if table.name == "scores":
            for scale in instrument.scales:
                yield place | scale_row(instrument, scale.id, languages)
