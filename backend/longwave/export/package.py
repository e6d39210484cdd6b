"""The papers of an export: its manifest and its Frictionless data package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from longwave.domain.dataset import Dataset
from longwave.domain.protocol.model import Protocol
from longwave.export.folder import KIND, MANIFEST
from longwave.export.schema import Column, Table

FORMAT_VERSION = 1
WATERMARK = (
    "TRIAL RUN. These data come from trying the study out, not from its participants. "
    "They are no research data."
)
"""What every export of a trial run says."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export says of itself; ``manifest.json`` holds the same.

    ``files`` gives the size and SHA-256 of every other file by name, ``rows`` the number of
    rows of every table.
    """

    study: str
    protocol_hash: str
    protocol_versions: dict[str, str]
    cut_off: str
    blinded: bool
    trial_run: bool
    watermark: str | None
    reason: str | None
    includes: tuple[str, ...]
    layouts: tuple[str, ...]
    formats: tuple[str, ...]
    rows: dict[str, int]
    left_out: dict[str, int]
    trail: dict[str, Any] | None
    files: dict[str, dict[str, Any]]
    kind: str = KIND
    version: int = FORMAT_VERSION

    def write(self, folder: Path) -> None:
        """Write ``manifest.json``."""
        _write_json(folder / MANIFEST, asdict(self))


def describe_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return size and SHA-256 of every file in ``folder``, by name."""
    return {
        path.name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.iterdir())
    }


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def watermark_of(dataset: Dataset) -> str | None:
    """Return what an export must say if its study is a trial run."""
    return WATERMARK if dataset.study.trial_run else None


def write_data_package(
    folder: Path,
    dataset: Dataset,
    protocol: Protocol,
    tables: Sequence[tuple[Table, Sequence[Column]]],
) -> None:
    """Write ``datapackage.json``, which lists the CSV files alone.

    References
    ----------
    Frictionless Data, Data Package and Table Schema, version 1.
    """
    watermark = watermark_of(dataset)
    package: dict[str, Any] = {
        "profile": "tabular-data-package",
        "name": dataset.study.slug,
        "title": in_english(protocol.study.title),
        "description": " ".join(filter(None, [watermark, in_english(protocol.study.summary)])),
        "version": protocol.hash,
        "resources": [_resource(folder, table, columns) for table, columns in tables],
    }
    if watermark:
        package["watermark"] = watermark
    _write_json(folder / "datapackage.json", package)


def _resource(folder: Path, table: Table, columns: Sequence[Column]) -> dict[str, Any]:
    path = folder / f"{table.name}.csv"
    schema: dict[str, Any] = {
        "fields": [_field(column) for column in columns],
        "missingValues": [""],
        "primaryKey": list(table.key),
    }
    if table.name != "participants":
        schema["foreignKeys"] = [
            {
                "fields": ["participant_id"],
                "reference": {"resource": "participants", "fields": ["participant_id"]},
            }
        ]
    return {
        "profile": "tabular-data-resource",
        "name": table.name,
        "path": path.name,
        "title": table.label,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{sha256_of(path)}",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"'},
        "schema": schema,
    }


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        "type": column.type,
        "description": column.label,
    }
    if column.values:
        codes: list[Any] = list(column.values)
        if column.type == "integer":
            codes = [int(code) for code in codes]
        field["constraints"] = {"enum": codes}
    return field


def in_english(text: Mapping[str, str]) -> str:
    """Return a text in English, else in the first language that it has."""
    return text.get("en") or next(iter(text.values()), "")


def _write_json(path: Path, content: object) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
