"""Fits given exogenous variables: what ``fixed_x=True`` means.

The likelihood of all variables is that of the exogenous ones, times that of the others given
them. A model leaves means and (co)variances of exogenous variables free, so a fit to all variables
is also the fit of the second factor: only what is counted and reported differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from crosslag.defined import defined
from crosslag.errors import DataError
from crosslag.inference import standardised
from crosslag.model import Model, Relation
from crosslag.moments import evaluate, group_patterns
from crosslag.results import Fit
from crosslag.saturated import available_moments

__all__ = ["given_exogenous", "with_exogenous_moments", "without_gaps_in"]


def with_exogenous_moments(model: Model) -> Model:
    """State all (co)variances of exogenous variables, where the model does not."""
    stated = {r.key for r in model.relations}
    x = model.exogenous
    pairs = [Relation(a, "~~", b) for i, a in enumerate(x) for b in x[i:]]
    added = tuple(r for r in pairs if r.key not in stated)
    return replace(model, relations=model.relations + added)


def without_gaps_in(data: pd.DataFrame, columns: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """Keep the persons who have all exogenous variables; count the others.

    Raises
    ------
    DataError
        If these are no data, or a column is unknown.
    """
    if not isinstance(data, pd.DataFrame):
        raise DataError(f"The data must be a pandas DataFrame, not {type(data).__name__}.")
    unknown = [column for column in columns if column not in data.columns]
    if unknown:
        raise DataError(f"No column {', '.join(map(repr, unknown))} in the data.")
    complete = data[list(columns)].notna().all(axis=1)
    return data[complete], int((~complete).sum())


def given_exogenous(fit: Fit, n_left_out: int) -> Fit:
    """Report a fit as one given its exogenous variables.

    Their moments are no longer counted as parameters nor have errors, and log-likelihoods and
    information criteria leave their share out. Chi-square and everything made of it stay.

    Parameters
    ----------
    fit
        A fit of persons without gaps in exogenous variables.
    n_left_out
        Persons who had such gaps.
    """
    x = set(fit.model.exogenous)
    notes = list(fit.warnings)
    if n_left_out:
        notes.insert(0, f"{n_left_out} person(s) without all exogenous variables were left out.")
    fit = replace(fit, n_dropped=fit.n_dropped + n_left_out, warnings=tuple(notes))
    if not x or not fit.converged:
        return fit
    own = [
        row.free
        for row in fit.table.rows
        if row.free >= 0 and row.op in ("~~", "~1") and row.lhs in x and (row.rhs or row.lhs) in x
    ]
    vcov = fit.vcov.copy()
    vcov[own, :] = vcov[:, own] = 0.0
    return replace(
        fit,
        vcov=vcov,
        indices=_reduced(fit, len(set(own)), _exogenous_logl(fit)),
        standardised=standardised(fit.table, fit.point, vcov),
        defined=defined(fit.table, fit.point, vcov),
    )


def _exogenous_logl(fit: Fit) -> float:
    """The log-likelihood of the exogenous variables by themselves."""
    columns = [fit.table.observed.index(name) for name in fit.model.exogenous]
    total = 0.0
    for data in fit.sample.patterns:
        part = group_patterns(data.persons[:, columns])
        total += evaluate(part, *available_moments(part)).logl
    return total


def _reduced(fit: Fit, n_own: int, logl: float) -> dict[str, float]:
    measures = dict(fit.indices)
    q, n = measures["npar"] - n_own, measures["ntotal"]
    measures["npar"] = q
    measures["logl"] -= logl
    measures["unrestricted_logl"] -= logl
    deviance = -2 * measures["logl"]
    measures["aic"] = deviance + 2 * q
    measures["bic"] = deviance + q * np.log(n)
    measures["bic2"] = deviance + q * np.log((n + 2) / 24)
    return measures
