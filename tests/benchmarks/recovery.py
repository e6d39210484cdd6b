"""Does crosslag find what is there? Bias of lagged effects and coverage of their intervals.

    python tests/benchmarks/recovery.py

simulates panels of five waves and 300 persons from known processes, fits them, and writes what
came out to ``recovery.json`` beside this file and into the tables of ``docs/crosslag/recovery.md``.
The same seed gives the same numbers. With two cores it takes one or two
minutes.
"""

# ruff: noqa: E402 (the number of threads is set before numpy is imported)

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

import crosslag as cl
from crosslag.planning import _Design, _population, _simulate
from crosslag.search import layout

PERSONS, WAVES, SEED, WORKERS = 300, 5, 1, 2
TOGETHER, ONE_BY_ONE = 5000, 500  # replications
RESULTS = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "crosslag" / "recovery.md"

NAMES = [f"{name}{wave}" for wave in range(1, WAVES + 1) for name in "xy"]
PANEL = {name: [f"{name}{wave}" for wave in range(1, WAVES + 1)] for name in "xy"}
LAGS = np.array([[0.30, -0.10], [-0.15, 0.35]])
WITHIN = np.array([[1.0, -0.3], [-0.3, 1.0]])
BETWEEN = np.array([[0.8, -0.4], [-0.4, 0.8]])
PROCESSES = {
    "CLPM": cl.PanelProcess.stationary(np.zeros((2, 2)), LAGS, WITHIN),
    "RI-CLPM": cl.PanelProcess.stationary(BETWEEN, LAGS, WITHIN),
}
MODELS = {"CLPM": cl.clpm(PANEL), "RI-CLPM": cl.riclpm(PANEL)}
DATA = ("complete", "missing at random", "skewed")
_Z95 = 1.959963984540054


@dataclass(frozen=True)
class Study:
    """What one data set gave: estimates and errors of every parameter; None without a maximum."""

    est: np.ndarray
    errors: dict[str, np.ndarray]
    admissible: bool
    missing: float = 0.0


class Skewed:
    """Shocks of an exponential distribution: mean 0, variance 1, skewness 2, kurtosis 9."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def standard_normal(self, shape: tuple[int, ...]) -> np.ndarray:
        """Draw what :meth:`crosslag.PanelProcess.draw` takes for normal shocks."""
        return self.rng.standard_exponential(shape) - 1.0


def with_gaps(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Leave out what depends on earlier observed scores only, (n, waves, k).

    Before each later wave a person leaves for good, the likelier the lower the last x was; and
    those who were high on y at the first wave, which everyone answers, skip y at later ones.
    """
    n, waves, _ = scores.shape
    gappy = scores.copy()
    here = np.ones(n, dtype=bool)
    for wave in range(1, waves):
        leaves = rng.random(n) < 1 / (1 + np.exp(2.2 + scores[:, wave - 1, 0]))
        here &= ~leaves
        skips = rng.random(n) < 1 / (1 + np.exp(2.2 - scores[:, 0, 1]))
        gappy[skips, wave, 1] = np.nan
        gappy[~here, wave:] = np.nan
    return gappy


def panel(model: str, data: str, number: int) -> pd.DataFrame:
    """Draw a data set."""
    rng = np.random.default_rng([SEED, list(MODELS).index(model), DATA.index(data), number])
    shocks = Skewed(rng) if data == "skewed" else rng
    scores = PROCESSES[model].draw(PERSONS, WAVES, shocks)
    if data == "missing at random":
        scores = with_gaps(scores, rng)
    return pd.DataFrame(scores.reshape(PERSONS, -1), columns=NAMES)


def one_by_one(model: str, data: str, number: int) -> Study | None:
    """Draw and fit a data set as a user would."""
    frame = panel(model, data, number)
    missing = "fiml" if data == "missing at random" else "listwise"
    fits = {e: cl.fit(MODELS[model], frame, e, missing) for e in ("ML", "MLR")}
    ml = fits["ML"]
    if not ml.converged:
        return None
    errors = {name: np.sqrt(np.diag(fit.vcov)) for name, fit in fits.items()}
    share = float(frame.isna().to_numpy().mean())
    return Study(ml.theta, errors, ml.admissible, share)


def together(model: str, replications: int) -> list[Study | None]:
    """Draw and fit complete data sets as :func:`crosslag.power` does."""
    table, structures = layout(MODELS[model], 1)
    columns = tuple(NAMES.index(name) for name in table.observed)
    design = _Design(PROCESSES[model], columns, WAVES, 0.0, 0.0)
    job = _population(table, list(structures), design, PERSONS, SEED)
    found = _simulate(job, design, PERSONS, replications, 1)
    return [None if f is None else Study(f[0], {"ML": f[1]}, f[2]) for f in found]


def truth(model: str) -> tuple[np.ndarray, list[str]]:
    """Give every parameter's population value, and what kind of parameter it is."""
    table, structures = layout(MODELS[model], 1)
    columns = tuple(NAMES.index(name) for name in table.observed)
    design = _Design(PROCESSES[model], columns, WAVES, 0.0, 0.0)
    job = _population(table, list(structures), design, PERSONS, SEED)
    kinds = [""] * table.n_free
    for row in table.rows:
        if row.free >= 0 and row.op == "~":
            kinds[row.free] = f"{row.rhs.lstrip('w')[0]} → {row.lhs.lstrip('w')[0]}"
        elif row.free >= 0 and row.op == "~~":
            kinds[row.free] = "(co)variances"
    return job.theta, kinds


def summarised(model: str, data: str, studies: list[Study | None]) -> dict[str, object]:
    """Average over replications, and over the intervals between waves, by kind of parameter."""
    kept = [study for study in studies if study is not None]
    true, kinds = truth(model)
    est = np.array([study.est for study in kept])
    rows = []
    for kind in ("x → x", "y → y", "x → y", "y → x", "(co)variances"):
        own = np.array([k == kind for k in kinds])
        off = est[:, own] - true[own]
        row: dict[str, object] = {
            "effect": kind,
            "truth": float(true[own].mean()) if "→" in kind else None,
            "bias": float(off.mean()),
            "bias_mcse": float(off.mean(axis=1).std(ddof=1) / np.sqrt(len(kept))),
            "sd": float(est[:, own].std(axis=0, ddof=1).mean()),
        }
        for name in kept[0].errors:
            errors = np.array([study.errors[name] for study in kept])[:, own]
            covers = (np.abs(off) <= _Z95 * errors).mean(axis=1)
            row[f"se_{name}"] = float(errors.mean())
            row[f"coverage_{name}"] = float(covers.mean())
            row[f"coverage_{name}_mcse"] = float(covers.std(ddof=1) / np.sqrt(len(kept)))
        rows.append(row)
    return {
        "model": model,
        "data": data,
        "missing": float(np.mean([study.missing for study in kept])),
        "replications": len(studies),
        "not_converged": len(studies) - len(kept),
        "inadmissible": sum(not study.admissible for study in kept),
        "effects": rows,
    }


def simulated(model: str, data: str, replications: int, workers: int = 1) -> dict[str, object]:
    """Run one condition."""
    if data == "complete":
        return summarised(model, data, together(model, replications))
    numbers = range(replications)
    if workers == 1:
        studies = [one_by_one(model, data, number) for number in numbers]
    else:
        job = delayed(one_by_one)
        studies = Parallel(n_jobs=workers)(job(model, data, number) for number in numbers)
    return summarised(model, data, studies)


def tables(conditions: list[dict]) -> dict[str, str]:
    """Write the page's tables, by name."""
    return {
        "lagged": _table(conditions, lagged=True),
        "variances": _table(conditions, lagged=False),
        "counts": _counts(conditions),
    }


def _table(conditions: list[dict], *, lagged: bool) -> str:
    lines = [
        "| model | data | parameter | truth | bias (error) | SD | SE | 95 % covers (error) |"
        " MLR covers |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for condition in conditions:
        for row in condition["effects"]:
            if (row["truth"] is not None) != lagged:
                continue
            cells = [
                condition["model"],
                condition["data"],
                row["effect"],
                "" if row["truth"] is None else f"{row['truth']:.2f}",
                f"{row['bias']:+.4f} ({row['bias_mcse']:.4f})",
                f"{row['sd']:.3f}",
                f"{row['se_ML']:.3f}",
                f"{row['coverage_ML']:.1%} ({row['coverage_ML_mcse']:.1%})",
                f"{row['coverage_MLR']:.1%}" if "coverage_MLR" in row else "",
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines).replace("%", " %").replace("95  %", "95 %")


def _counts(conditions: list[dict]) -> str:
    lines = [
        "| model | data | values missing | replications | not converged | inadmissible |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {c['model']} | {c['data']} | {c['missing']:.0%} | {c['replications']:,} |"
        f" {c['not_converged']} |"
        f" {c['inadmissible']} |"
        for c in conditions
    ]
    return "\n".join(lines).replace("%", " %")


def page(text: str, conditions: list[dict]) -> str:
    """Put the tables between their marks."""
    for name, table in tables(conditions).items():
        marks = rf"(<!-- {name} -->\n).*?(\n<!-- end -->)"
        text = re.sub(marks, lambda m, t=table: m[1] + t + m[2], text, flags=re.DOTALL)
    return text


def main() -> int:
    """Run all conditions, and write the results and the page."""
    conditions = []
    for model in MODELS:
        for data in DATA:
            replications = TOGETHER if data == "complete" else ONE_BY_ONE
            conditions.append(simulated(model, data, replications, WORKERS))
            print(f"{model}, {data}: {replications} replications", flush=True)
    RESULTS.write_text(json.dumps(conditions, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(page(PAGE.read_text(), conditions))
    return 0


if __name__ == "__main__":
    sys.exit(main())
