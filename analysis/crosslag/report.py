"""Plain text for people: the summary of a fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from crosslag.results import Fit

__all__ = ["SECTIONS", "line", "number", "probability", "sections", "summary"]

SECTIONS = {
    "~": "Lagged effects and regressions",
    "=~": "Loadings",
    "~~": "Covariances",
    "~1": "Means and intercepts",
    "var": "Variances",
    ":=": "Defined parameters",
}


def number(value: float, digits: int = 3) -> str:
    """Format a number; nothing where there is none."""
    return "" if pd.isna(value) else f"{value:.{digits}f}"


def probability(value: float) -> str:
    """Format a p value."""
    if pd.isna(value):
        return ""
    return "<.001" if value < 0.001 else f"{value:.3f}".removeprefix("0")


def sections(fit: Fit) -> Iterator[tuple[str, pd.DataFrame]]:
    """Split the estimates by kind, lagged effects first; rows fixed to zero are left out.

    A column ``held`` tells estimates that a bound or a constraint holds from fixed values.
    """
    shown = fit.estimates
    exogenous = set(fit.model.exogenous)
    estimated = [row.free >= 0 and row.lhs not in exogenous for row in fit.table.rows]
    estimated += [True] * len(fit.table.definitions)
    shown["held"] = np.array(estimated) & (shown["se"] == 0)
    shown = shown[shown["held"] | (shown["se"] != 0) | (shown["est"] != 0)]
    variance = (shown["op"] == "~~") & (shown["lhs"] == shown["rhs"])
    for key, title in SECTIONS.items():
        part = shown[variance] if key == "var" else shown[(shown["op"] == key) & ~variance]
        if len(part):
            yield title, part


def fit_lines(fit: Fit) -> Iterator[tuple[str, str]]:
    """List the fit measures as label and text."""
    index = fit.indices
    yield "Chi-square", f"{number(index['chisq'])} (df {index['df']:.0f})"
    yield "p", probability(index["pvalue"])
    if "chisq_scaled" in index:
        yield "Chi-square, scaled", f"{number(index['chisq_scaled'])} (df {index['df']:.0f})"
        yield "p, scaled", probability(index["pvalue_scaled"])
        yield "Scaling factor", number(index["scaling_factor"])
    yield "CFI", number(index["cfi"])
    yield "TLI", number(index["tli"])
    if "cfi_robust" in index:
        yield "CFI, robust", number(index["cfi_robust"])
        yield "TLI, robust", number(index["tli_robust"])
    low, high = number(index["rmsea_ci_lower"]), number(index["rmsea_ci_upper"])
    yield "RMSEA [90 % interval]", f"{number(index['rmsea'])} [{low}, {high}]"
    if "rmsea_robust" in index:
        yield "RMSEA, robust", number(index["rmsea_robust"])
    yield "SRMR", number(index["srmr"])
    yield "Log-likelihood", number(index["logl"])
    yield "AIC", number(index["aic"])
    yield "BIC", number(index["bic"])


def line(fit: Fit) -> str:
    """Say in one line what was fitted, and how well."""
    index, kind = fit.indices, fit.model.kind
    start = f"Fit of {kind}: {fit.estimator}, {index['ntotal']:.0f} persons"
    if not fit.converged:
        return f"{start}, NOT converged"
    chisq = index.get("chisq_scaled", index["chisq"])
    return f"{start}, chi-square {number(chisq)} (df {index['df']:.0f}), CFI {number(index['cfi'])}"


def heading(fit: Fit) -> Iterator[tuple[str, str]]:
    """List what was fitted to whom."""
    yield "Model", fit.model.kind
    yield "Estimator", f"{fit.estimator}, missing data: {fit.missing}"
    persons = f"{fit.indices['ntotal']:.0f}"
    if fit.n_dropped:
        persons += f" ({fit.n_dropped} left out)"
    yield "Persons", persons
    if len(fit.group_names) > 1:
        sizes = zip(fit.group_names, fit.group_sizes, strict=True)
        yield "Groups", ", ".join(f"{name}: {size}" for name, size in sizes)
    yield "Missing patterns", str(fit.n_patterns)
    yield "Parameters", f"{fit.indices['npar']:.0f}"
    if fit.converged:
        yield "Converged", f"yes ({fit.method}, {fit.iterations} steps)"
    else:
        yield "Converged", "NO; no estimates are given"


def cells(row: pd.Series, *, grouped: bool) -> list[str]:
    """Lay out one parameter: group, relation, estimate, error, z, p, interval, standardised."""
    relation = f"{row['lhs']} {row['op']} {row['rhs']}".rstrip()
    if row["label"]:
        relation += f" ({row['label']})"
    fixed = row["se"] == 0
    return [
        *([str(row["group"])] if grouped else []),
        relation,
        number(row["est"]),
        "held" if row["held"] else "fixed" if fixed else number(row["se"]),
        number(row["z"], 2),
        probability(row["pvalue"]),
        "" if fixed else f"[{number(row['ci_lower'])}, {number(row['ci_upper'])}]",
        number(row["std_all"]),
    ]


def column_names(*, grouped: bool) -> list[str]:
    """Head the columns of :func:`cells`."""
    names = ["parameter", "est", "se", "z", "p", "95 % interval", "std"]
    return ["group", *names] if grouped else names


def summary(fit: Fit) -> str:
    """Write the whole summary."""
    grouped = len(fit.group_names) > 1
    lines = _pairs(list(heading(fit)))
    if fit.converged:
        for position, (title, part) in enumerate(sections(fit)):
            if position == 1:
                lines += ["", "Fit", *_pairs(list(fit_lines(fit)))]
            body = [cells(row, grouped=grouped) for _, row in part.iterrows()]
            lines += ["", title, *_table(column_names(grouped=grouped), body, grouped=grouped)]
    if fit.warnings:
        lines += ["", "Please note", *(f"  - {warning}" for warning in fit.warnings)]
    return "\n".join(lines) + "\n"


def _pairs(pairs: list[tuple[str, str]]) -> list[str]:
    width = max(len(label) for label, _ in pairs)
    return [f"  {label:<{width}}  {text}" for label, text in pairs]


def _table(header: list[str], body: list[list[str]], *, grouped: bool) -> list[str]:
    widths = [max(map(len, column)) for column in zip(header, *body, strict=True)]
    left = 2 if grouped else 1
    return [
        "  "
        + "  ".join(
            text.ljust(width) if i < left else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in [header, *body]
    ]
