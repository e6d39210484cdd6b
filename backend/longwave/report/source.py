"""An export as the analysis reads it: through its files and nothing else."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from longwave.domain.errors import InvalidInputError, NotFoundError
from longwave.domain.missingness import AssessmentGap

_KIND = "longwave-export"
_OPEN = {AssessmentGap.NOT_DUE, AssessmentGap.PENDING}


@dataclass(frozen=True)
class Source:
    """What the analysis takes from an export.

    Attributes
    ----------
    manifest
        ``manifest.json``.
    panel
        The panel, one row per participant.
    still_open
        How many assessments were not over at the cut-off.
    """

    manifest: dict[str, Any]
    panel: pd.DataFrame
    still_open: int


def read_export(directory: Path) -> Source:
    """Read an export, after checking that its files are as they were written.

    Raises
    ------
    NotFoundError
        If there is no export in ``directory``, or it lacks the panel.
    InvalidInputError
        If a file was changed since.
    """
    manifest = _manifest(directory)
    panel = _table(directory, manifest, "panel", {"participant_id": str, "arm": str})
    assessments = _table(directory, manifest, "assessments", {"missing_reason": str})
    still_open = int(assessments["missing_reason"].isin([str(gap) for gap in _OPEN]).sum())
    return Source(manifest, panel, still_open)


def _manifest(directory: Path) -> dict[str, Any]:
    path = directory / "manifest.json"
    if not path.is_file():
        raise NotFoundError(
            f"There is no export in {directory}.", "`longwave export SLUG --out D` makes one."
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["kind"] != _KIND:
            raise KeyError("kind")
    except (ValueError, KeyError, TypeError):
        raise InvalidInputError(
            f"{path} is not the manifest of an export.", "Give the folder of an export."
        ) from None
    found: dict[str, Any] = manifest
    return found


def _table(
    directory: Path, manifest: dict[str, Any], name: str, types: dict[str, type]
) -> pd.DataFrame:
    path = directory / f"{name}.csv"
    if path.name not in manifest["files"] or not path.is_file():
        raise NotFoundError(
            f"The export in {directory} has no {path.name}, which the analysis reads.",
            "Export again with the wide layout: `longwave export SLUG --out D --layout wide`.",
        )
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest["files"][path.name]["sha256"]:
        raise InvalidInputError(
            f"{path} is not as it was exported: its SHA-256 is not that of the manifest.",
            "Export again, and leave the files as they are.",
        )
    return pd.read_csv(path, dtype=types, keep_default_na=False, na_values=[""])
