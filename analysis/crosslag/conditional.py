"""Fits given exogenous variables: what ``fixed_x=True`` means.

The likelihood of all variables is that of the exogenous ones, times that of the others given
them. A model leaves means and (co)variances of exogenous variables free, so a fit to all variables
is also the fit of the second factor: only what is counted and reported differs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from crosslag.defined import defined
from crosslag.inference import natural_scale, standardised
from crosslag.model import Model, Relation
from crosslag.moments import evaluate, group_patterns
from crosslag.results import Fit
from crosslag.saturated import available_moments

__all__ = ["given_exogenous", "with_exogenous_moments"]


def with_exogenous_moments(model: Model) -> Model:
    """State all (co)variances of exogenous variables, where the model does not."""
    stated = {r.key for r in model.relations}
    x = model.exogenous
    pairs = [Relation(a, "~~", b) for i, a in enumerate(x) for b in x[i:]]
    added = tuple(r for r in pairs if r.key not in stated)
    return replace(model, relations=model.relations + added)


def given_exogenous(fit: Fit) -> Fit:
    """Report a fit as one given its exogenous variables.

    Their moments are no longer counted as parameters nor have errors, and log-likelihoods and
    information criteria leave their share out. Chi-square and everything made of it stay.

    Parameters
    ----------
    fit
        A fit of persons without gaps in exogenous variables.
    """
    x = set(fit.model.exogenous)
    if not x or not fit.converged:
        return fit
    own = [
        row.free
        for row in fit.table.rows
        if row.free >= 0 and row.op in ("~~", "~1") and row.lhs in x and (row.rhs or row.lhs) in x
    ]
    vcov = fit.vcov.copy()
    vcov[own, :] = vcov[:, own] = 0.0
    scale = natural_scale(fit.point.observed_information())
    return replace(
        fit,
        vcov=vcov,
        indices=_reduced(fit, len(set(own)), _exogenous_logl(fit)),
        standardised=standardised(fit.table, fit.point, vcov),
        defined=defined(fit.table, fit.point, vcov, scale),
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
