"""The planned analyses, run on an export: what ran, what did not, and what deviates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import crosslag as cl
from longwave.domain.errors import InvalidInputError
from longwave.domain.protocol.model import PrecedenceAnalysis, Protocol, TreatmentAnalysis
from longwave.report.models import TITLES, fit_model, lagged_effects, panel_columns
from longwave.report.source import Source, read_export

_POOLED = (
    "Pooling arms that a programme has set apart makes cross-lagged effects where there are none."
)
_NO_ARMS = (
    "The plan fits the arms as groups, but the export is blinded: they were pooled. " + _POOLED
)


@dataclass(frozen=True)
class ModelRun:
    """One model of a plan: its fit, or the message of why there is none."""

    model: str
    fit: cl.Fit | None
    lagged: pd.DataFrame | None
    failure: str | None = None

    @property
    def title(self) -> str:
        """The model's name in words."""
        return TITLES.get(self.model, self.model)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What crosslag says about the fit."""
        return self.fit.warnings if self.fit is not None else ()


@dataclass(frozen=True)
class PrecedenceRun:
    """One planned precedence analysis.

    Attributes
    ----------
    plan
        What was planned.
    groups
        The arms that were fitted as groups; empty if there was one group.
    persons
        How many were analysed.
    left_out
        How many were not, by the reason.
    coverage
        Persons with a score: columns group, variable, wave, n, share.
    runs
        One for each planned model, in the plan's order.
    deviations
        Where this differs from the plan.
    """

    plan: PrecedenceAnalysis
    groups: tuple[str, ...]
    persons: int
    left_out: Mapping[str, int]
    coverage: pd.DataFrame
    runs: tuple[ModelRun, ...]
    deviations: tuple[str, ...]


@dataclass(frozen=True)
class Analysis:
    """Everything that was planned, and what became of it on one export."""

    manifest: Mapping[str, Any]
    precedence: tuple[PrecedenceRun, ...]
    not_run: tuple[TreatmentAnalysis, ...]
    notes: tuple[str, ...]
    files: tuple[Path, ...] = field(default=())

    @property
    def estimates(self) -> dict[str, pd.DataFrame]:
        """The estimates of every model that was fitted, by its name.

        Models of a second precedence analysis are called ``<analysis>.<model>``.
        """
        return {
            run.model if number == 0 else f"{found.plan.id}.{run.model}": run.fit.estimates
            for number, found in enumerate(self.precedence)
            for run in found.runs
            if run.fit is not None
        }

    @property
    def failures(self) -> dict[str, str]:
        """Why each model that has no estimates has none."""
        return {
            f"{found.plan.id}.{run.model}": run.failure
            for found in self.precedence
            for run in found.runs
            if run.failure is not None
        }


def run_plan(directory: Path, protocol: Protocol) -> Analysis:
    """Run every precedence analysis of a protocol on the export in ``directory``.

    Raises
    ------
    NotFoundError
        If there is no export in ``directory``.
    InvalidInputError
        If its files were changed, or it is an export of another study.
    """
    source = read_export(directory)
    if source.manifest["study"] != protocol.study.slug:
        raise InvalidInputError(
            f"The export in {directory} is of the study {source.manifest['study']}, "
            f"not of {protocol.study.slug}.",
            "Give the export of this study.",
        )
    plans = [plan for plan in protocol.analysis if isinstance(plan, PrecedenceAnalysis)]
    return Analysis(
        manifest=source.manifest,
        precedence=tuple(_run(plan, source) for plan in plans),
        not_run=tuple(p for p in protocol.analysis if isinstance(p, TreatmentAnalysis)),
        notes=tuple(_notes(source, protocol)),
    )


def _notes(source: Source, protocol: Protocol) -> list[str]:
    notes = []
    if source.manifest["protocol_hash"] != protocol.hash:
        notes.append(
            f"The export was made under protocol {source.manifest['protocol_hash'][:12]}, "
            f"the plan is that of {protocol.hash[:12]}."
        )
    if len(source.manifest["protocol_versions"]) > 1:
        notes.append("The protocol was amended while the study ran; the newest plan was run.")
    if protocol.randomisation is not None:
        notes += [
            f"{plan.id} pools the arms, as planned. {_POOLED}"
            for plan in protocol.analysis
            if isinstance(plan, PrecedenceAnalysis) and plan.group is None
        ]
    if source.still_open:
        notes.append(
            f"This is an interim analysis: {source.still_open} assessments were not over at the "
            "cut-off."
        )
    return notes


def _run(plan: PrecedenceAnalysis, source: Source) -> PrecedenceRun:
    grouped = plan.group is not None and not source.manifest["blinded"]
    deviations = [_NO_ARMS] if plan.group is not None and not grouped else []
    columns = panel_columns(plan)
    wanted = [column for names in columns.values() for column in names]
    lacking = [column for column in wanted if column not in source.panel]
    if lacking:
        message = f"The panel has no column {', '.join(lacking)}."
        return PrecedenceRun(
            plan=plan,
            groups=(),
            persons=0,
            left_out={},
            coverage=pd.DataFrame(columns=["group", "variable", "wave", "n", "share"]),
            runs=tuple(ModelRun(model, None, None, message) for model in plan.models),
            deviations=(*deviations, message),
        )
    data, left_out = _analysed(source.panel, wanted, grouped=grouped)
    runs = tuple(_fit(model, plan, data, grouped=grouped) for model in plan.models)
    deviations += [f"{run.title}: not estimated." for run in runs if run.failure]
    return PrecedenceRun(
        plan=plan,
        groups=tuple(map(str, data["arm"].unique())) if grouped else (),
        persons=len(data),
        left_out=left_out,
        coverage=_coverage(plan, data, grouped=grouped),
        runs=runs,
        deviations=tuple(deviations),
    )


def _analysed(
    panel: pd.DataFrame, wanted: list[str], *, grouped: bool
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the persons to analyse, arms in alphabetical order, and how many are left out."""
    left_out: dict[str, int] = {}
    if grouped:
        allocated = panel["arm"].notna()
        left_out["not randomised"] = int((~allocated).sum())
        panel = panel[allocated].sort_values("arm", kind="stable")
    answered = panel[wanted].notna().any(axis=1)
    left_out["no score of the analysis at any wave"] = int((~answered).sum())
    return panel[answered], {reason: n for reason, n in left_out.items() if n}


def _fit(model: str, plan: PrecedenceAnalysis, data: pd.DataFrame, *, grouped: bool) -> ModelRun:
    try:
        fit = fit_model(model, plan, data, by_group=grouped)
    except (cl.CrosslagError, np.linalg.LinAlgError, InvalidInputError) as error:
        return ModelRun(model, None, None, str(error))
    if not fit.converged:
        return ModelRun(model, None, None, " ".join(fit.warnings) or "It did not converge.")
    return ModelRun(model, fit, lagged_effects(fit, plan))


def _coverage(plan: PrecedenceAnalysis, data: pd.DataFrame, *, grouped: bool) -> pd.DataFrame:
    groups = list(data.groupby("arm", sort=False)) if grouped else [("", data)]
    rows = [
        {
            "group": str(group),
            "variable": variable,
            "wave": wave,
            "n": int(members[column].notna().sum()),
            "share": float(members[column].notna().mean()),
        }
        for group, members in groups
        for variable, names in panel_columns(plan).items()
        for wave, column in zip(plan.waves, names, strict=True)
    ]
    return pd.DataFrame(rows, columns=["group", "variable", "wave", "n", "share"])
