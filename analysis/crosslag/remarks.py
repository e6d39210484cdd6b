"""What a reader should know about a fit, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from crosslag.defined import Defined
from crosslag.estimate import ModelPoint
from crosslag.inference import unidentified
from crosslag.model import ParameterTable
from crosslag.moments import PatternMoments
from crosslag.panel import PanelData
from crosslag.proof import EIGENVALUE_LIMIT, Solution
from crosslag.sample import thinnest_pair

__all__ = [
    "at_bounds",
    "far_from_zero",
    "few_clusters",
    "small_sample",
    "thin_coverage",
    "undefined",
    "why_unproven",
]

_FAR = 1000  # standard deviations from zero
_THIN = 20  # persons who have both variables of a pair


def thin_coverage(patterns: Sequence[PatternMoments], panel: PanelData) -> list[str]:
    """Say where hardly anybody has both variables of a pair."""
    notes = []
    for group, data in enumerate(patterns):
        fewest, pair = thinnest_pair(data, panel.columns)
        if fewest < min(_THIN, data.n):
            notes.append(
                f"Only {fewest:.0f} person(s){panel.where(group)} have both {pair}: how they covary"
                " is hardly known. coverage() lists all pairs."
            )
    return notes


def why_unproven(table: ParameterTable, solution: Solution[ModelPoint]) -> str:
    """Say why there is no solution, and what was tried."""
    tried = f"tried: {', '.join(solution.tried)}"
    if not solution.identified:
        flat = not solution.expected_eigenvalue > EIGENVALUE_LIMIT
        information = solution.point.expected_information() if flat else solution.information
        names = unidentified(table, information, solution.tangent)
        if names:
            return (
                "The data can't tell these parameters apart (the model is not identified, or the"
                f" sample too small): {', '.join(names)} ({tried})."
            )
    if solution.rank < solution.usual_rank:
        return (
            f"Where the search ended, only {solution.rank} of {solution.usual_rank} constraints say"
            f" something: others hold only because a product in them is 0 ({tried}). State them"
            " without such products, or give starting values."
        )
    return (
        "No maximum of the likelihood could be proven, so no estimate is given (Newton decrement"
        f" {solution.decrement:.2g}; {tried}). Simplify the model or equate parameters over time."
    )


def far_from_zero(panel: PanelData) -> str:
    """Suggest to subtract a constant where scores lie so far from zero that precision is lost."""
    values = np.vstack([group.values for group in panel.groups])
    distance = np.abs(np.nanmean(values, axis=0)) / np.nanstd(values, axis=0)
    farthest = int(distance.argmax())
    if distance[farthest] < _FAR:
        return ""
    return (
        f" '{panel.columns[farthest]}' lies {distance[farthest]:.0f} standard deviations from zero:"
        " subtract the same constant from all waves of a variable, and fit again."
    )


def at_bounds(solution: Solution[ModelPoint]) -> list[str]:
    """Name the bounds on which estimates lie."""
    if not solution.active:
        return []
    return [f"Estimates lie on these bounds, so their errors are 0: {', '.join(solution.active)}."]


def undefined(table: ParameterTable, functions: Defined) -> list[str]:
    """Name defined parameters without a value."""
    return [
        f"'{row.definition}' is undefined at the estimates."
        for row, value in zip(table.definitions, functions.values.tolist(), strict=True)
        if math.isnan(value)
    ]


def small_sample(point: ModelPoint) -> list[str]:
    """Say where persons are few for the parameters."""
    q, n = len(point.theta), sum(e.data.n for e in point.evaluations)
    if n >= 5 * q:
        return []
    return [f"{n:.0f} persons are few for {q} parameters; tests and errors are approximate."]


def few_clusters(n_clusters: int, n_parameters: float) -> list[str]:
    """Say where clusters are too few for errors and tests; 0 clusters are persons by themselves."""
    if not 0 < n_clusters <= n_parameters:
        return []
    return [
        f"{n_clusters} clusters can't tell about the errors of {n_parameters:.0f} parameters:"
        " standard errors, p values, intervals and the scaled test are not to be trusted. Simplify"
        " the model, or find more clusters."
    ]
