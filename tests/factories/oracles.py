"""Reference solutions: where they are, how to read them, and how closely to agree."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import crosslag as cl

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = REPOSITORY.parent / "shared" / "oracles"
OWN = REPOSITORY / "tests" / "reference"

# Our names of the indices, where a dot made an underscore does not give them.
INDEX_NAMES = {
    "unrestricted.logl": "unrestricted_logl",
    "chisq.scaling.factor": "scaling_factor",
}
# Reported by lavaan, not by crosslag (fmin is chi-square over 2 N).
UNREPORTED = {"fmin"}
RELATIVE = {"logl", "unrestricted_logl", "aic", "bic", "bic2"}
TO_1E4 = {"cfi", "tli", "rmsea", "srmr"}


@dataclass(frozen=True)
class Oracle:
    """One reference case."""

    folder: Path

    @property
    def data(self) -> pd.DataFrame:
        """The data that were analysed."""
        shared = self.options.get("data")
        if shared is not None:
            return pd.read_csv(self.folder.parent / "data" / f"{shared}.csv")
        return pd.read_csv(self.folder / "data.csv")

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of the reference fit."""
        return dict(json.loads((self.folder / "options.json").read_text()))

    @property
    def expected(self) -> dict[str, Any]:
        """The reference solution."""
        return dict(json.loads((self.folder / "expected.json").read_text()))

    def parsed(self) -> cl.Model:
        """Read the model from its syntax, as the reference read it."""
        auto = "sem" if self.options["fun"] == "sem" else "none"
        return cl.parse((self.folder / "model.lav").read_text(), auto=auto)

    def fit(self, model: cl.Model) -> cl.Fit:
        """Fit a model as the reference was fitted."""
        options = self.options
        return cl.fit(
            model,
            self.data,
            estimator=options["estimator"],
            missing=options.get("missing", "listwise"),
            group=options.get("group"),
            fixed_x=options.get("fixed.x", False),
            cluster=options.get("cluster"),
            information=options.get("information"),
        )


def index_differences(
    fit: cl.Fit, expected: Mapping[str, float], without: frozenset[str] = frozenset()
) -> list[str]:
    """List the indices that are absent or beyond their tolerance."""
    wrong = []
    for theirs, value in expected.items():
        ours = INDEX_NAMES.get(theirs, theirs.replace(".", "_"))
        if theirs in UNREPORTED or ours in without:
            continue
        if ours not in fit.indices:
            wrong.append(f"{ours} is not reported")
        elif not _close(fit.indices[ours], value, _index_tolerance(ours, value)):
            wrong.append(f"{ours}: {fit.indices[ours]!r}, not {value!r}")
    return wrong


def _index_tolerance(name: str, value: float) -> float:
    if name in {"npar", "df", "ntotal", "baseline_df"}:
        return 0.0
    if name in RELATIVE:
        return 1e-6 * abs(value)
    return 1e-4 if name.split("_")[0] in TO_1E4 or "pvalue" in name else 1e-3


def parameter_differences(fit: cl.Fit, expected: list[dict[str, Any]]) -> list[str]:
    """List the parameters that are absent or beyond their tolerance."""
    ours = {
        (
            row.lhs,
            row.op,
            row.rhs,
            1 + (0 if row.op == ":=" else fit.group_names.index(row.group)),
        ): row
        for row in fit.estimates.itertuples()
    }
    ours |= {(b, op, a, g): row for (a, op, b, g), row in ours.items() if op == "~~"}
    wrong = []
    for theirs in expected:
        key = (theirs["lhs"], theirs["op"], theirs["rhs"], theirs["group"])
        row = ours.get(key)
        if row is None:
            wrong.append(f"{key} is not reported")
            continue
        for column, name, tolerance in (
            ("est", "est", 1e-4),
            ("se", "se", 1e-3 * abs(theirs["se"] or 0.0)),
            ("z", "z", 2e-3 * max(abs(theirs["z"] or 0.0), 1.0)),
            ("pvalue", "pvalue", 1e-3),
            ("ci_lower", "ci.lower", 1e-3),
            ("ci_upper", "ci.upper", 1e-3),
            ("std_all", "std.all", 1e-4),
            ("se_std_all", "se.std", max(1e-3 * abs(theirs.get("se.std") or 0.0), 1e-6)),
        ):
            if name not in theirs or (theirs[name] is None and row.se == 0):
                continue  # lavaan leaves roots of a variance of zero blank
            if not _close(getattr(row, column), theirs[name], tolerance):
                wrong.append(f"{key} {column}: {getattr(row, column)!r}, not {theirs[name]!r}")
    return wrong


def _close(ours: float, theirs: float | None, tolerance: float) -> bool:
    if theirs is None:
        return math.isnan(ours)
    return abs(ours - theirs) <= tolerance
