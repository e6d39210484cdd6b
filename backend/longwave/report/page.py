"""The report: a page to read, the estimates as a table, the models in lavaan's syntax."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from longwave.domain.protocol.model import Protocol
from longwave.report.analysis import Analysis, ModelRun, PrecedenceRun, run_plan
from longwave.report.figure import forest
from longwave.report.models import CROSS_LAGGED, TITLES, annotated_estimates

REPORT = "report.html"
ESTIMATES = "estimates.csv"
MODELS = "models"

_INDICES = (
    ("chisq", "χ²"),
    ("df", "Degrees of freedom"),
    ("pvalue", "p"),
    ("chisq_scaled", "χ² (scaled)"),
    ("pvalue_scaled", "p (scaled)"),
    ("cfi", "CFI"),
    ("cfi_robust", "CFI (robust)"),
    ("tli", "TLI"),
    ("rmsea", "RMSEA"),
    ("rmsea_ci_lower", "RMSEA, 90 % from"),
    ("rmsea_ci_upper", "RMSEA, to"),
    ("srmr", "SRMR"),
    ("aic", "AIC"),
    ("bic", "BIC"),
)


def analyse(export_directory: Path, protocol: Protocol, out: Path) -> Analysis:
    """Run what the protocol planned on an export, and write the report.

    Writes ``report.html`` (which needs nothing else), ``estimates.csv`` and, under ``models``, each
    model in lavaan's syntax. A model that cannot be estimated is
    named with its reason; the others still run.

    Parameters
    ----------
    export_directory
        An export with the wide layout.
    protocol
        The protocol with the plan.
    out
        The folder to write to; other files in it are left alone.

    Raises
    ------
    NotFoundError
        If there is no export.
    InvalidInputError
        If it was changed since, or is of another study.
    """
    analysis = run_plan(export_directory, protocol)
    out.mkdir(parents=True, exist_ok=True)
    written = [
        _write(out / ESTIMATES, _estimates_table(analysis).to_csv(index=False)),
        *_write_models(out / MODELS, analysis),
    ]
    page = _write(out / REPORT, render(analysis, protocol))
    return replace(analysis, files=(page, *written))


def render(analysis: Analysis, protocol: Protocol) -> str:
    """Return the report as one HTML page without scripts."""
    environment = Environment(
        loader=PackageLoader("longwave.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "p": p_value, "percent": percent}
    title = protocol.study.title.get("en") or next(iter(protocol.study.title.values()))
    return environment.get_template("report.html").render(
        analysis=analysis,
        manifest=analysis.manifest,
        title=title,
        titles=TITLES,
        wave_labels={wave.id: wave.label.get("en") or wave.id for wave in protocol.waves},
        indices=indices_table,
        figure=_figure,
        directions=directions,
    )


def directions(run: PrecedenceRun) -> list[dict[str, Any]]:
    """Count, per model, arm and direction, the intervals of cross-lagged effects beside zero."""
    rows: list[dict[str, Any]] = []
    for model in run.runs:
        if model.lagged is None:
            continue
        effects = model.lagged[model.lagged["kind"] == CROSS_LAGGED]
        for key, found in effects.groupby(["predictor", "outcome", "group"], sort=False):
            predictor, outcome, group = key
            rows.append(
                {
                    "model": model.fit.model.kind if model.fit else model.title,
                    "group": str(group),
                    "direction": f"{predictor} → {outcome}",
                    "effects": len(found),
                    "positive": int((found["ci_lower"] > 0).sum()),
                    "negative": int((found["ci_upper"] < 0).sum()),
                    "mean": float(found["est"].mean()),
                }
            )
    return sorted(rows, key=lambda row: (row["direction"], row["group"]))


def indices_table(run: PrecedenceRun) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Return the headings (models) and rows of the table of fit indices."""
    fitted = [(found.fit.model.kind, found.fit.indices) for found in run.runs if found.fit]
    rows = [
        (label, [_index(name, known.get(name, math.nan)) for _, known in fitted])
        for name, label in _INDICES
        if any(name in known for _, known in fitted)
    ]
    return [kind for kind, _ in fitted], rows


def number(value: float, digits: int = 3) -> str:
    """Write a number for reading; a dash if there is none."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.replace("-", "−") if float(text) else f"{0:.{digits}f}"


def p_value(value: float) -> str:
    """Write a p value for reading."""
    if not math.isfinite(value):
        return "–"
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


def percent(share: float) -> str:
    """Write a share as a percentage."""
    return f"{100 * share:.0f} %"


def _index(name: str, value: float) -> str:
    if name == "df":
        return f"{value:.0f}"
    if name.startswith("pvalue"):
        return p_value(value)
    return number(value, 1 if name in ("aic", "bic") else 3)


def _figure(run: PrecedenceRun, model: ModelRun) -> Markup:
    if model.lagged is None:
        return Markup("")
    title = f"{model.title}: cross-lagged effects with 95 % intervals"
    return Markup(forest(model.lagged, run.groups, title))


def _estimates_table(analysis: Analysis) -> pd.DataFrame:
    tables = [
        annotated_estimates(found.fit, run.plan).assign(analysis=run.plan.id, model=found.model)
        for run in analysis.precedence
        for found in run.runs
        if found.fit is not None
    ]
    if not tables:
        return pd.DataFrame(columns=["analysis", "model"])
    table = pd.concat(tables, ignore_index=True)
    lead = ["analysis", "model"]
    return table[[*lead, *(name for name in table if name not in lead)]]


def _write_models(folder: Path, analysis: Analysis) -> list[Path]:
    """Write each model that was estimated; remove what a former run wrote of the others."""
    folder.mkdir(exist_ok=True)
    written = []
    for run in analysis.precedence:
        for found in run.runs:
            path = folder / f"{run.plan.id}_{found.model}.lav"
            if found.fit is None:
                path.unlink(missing_ok=True)
            else:
                written.append(_write(path, found.fit.to_lavaan()))
    return written


def _write(path: Path, text: str) -> Path:
    """Write a file whole, or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return path
