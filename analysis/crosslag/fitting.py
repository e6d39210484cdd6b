"""Fitting a model to data: :func:`fit`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crosslag import indices, inference, remarks
from crosslag.auxiliary import with_auxiliary
from crosslag.baseline import baseline
from crosslag.bootstrap import Plan
from crosslag.conditional import given_exogenous, with_exogenous_moments
from crosslag.defined import Defined, defined
from crosslag.errors import DataError, ModelError
from crosslag.estimate import ModelPoint
from crosslag.inference import Information
from crosslag.longitudinal import Panel
from crosslag.model import Model, ParameterTable
from crosslag.moments import Evaluation, PatternMoments, group_patterns
from crosslag.panel import Missing, PanelData, prepare
from crosslag.proof import Solution
from crosslag.results import Fit
from crosslag.robust import fiml_corrected
from crosslag.sample import Sample, thinnest_pair
from crosslag.saturated import saturated
from crosslag.search import find_maximum, layout
from crosslag.syntax import Auto, parse

__all__ = ["Estimator", "fit"]

Estimator = Literal["ML", "MLR"]


def fit(
    model: Model | str,
    data: pd.DataFrame | Panel,
    estimator: Estimator = "ML",
    missing: Missing = "listwise",
    group: str | None = None,
    cluster: str | None = None,
    auto: Auto = "sem",
    *,
    information: Information | None = None,
    fixed_x: bool = False,
    auxiliary: Sequence[str] = (),
    bootstrap: int = 0,
    bollen_stine: bool = False,
    seed: int = 1,
    workers: int = 1,
) -> Fit:
    """Fit a model by maximum likelihood.

    Parameters
    ----------
    model
        A builder's model, such as ``riclpm({"x": [...], "y": [...]})``, or lavaan's syntax.
    data
        One row per person, or a :class:`crosslag.Panel`; columns of the model's names; gaps as
        NaN or NA.
    estimator
        ``"ML"``: errors from expected (complete data) or observed information (``"fiml"``);
        ``"MLR"``: Huber-White errors and the Yuan-Bentler test in the variant of Mplus.
    missing
        ``"listwise"`` leaves out persons with gaps; ``"fiml"`` uses every observed value and
        assumes that gaps depend on observed values only (missing at random).
    group
        Column that tells groups apart. Parameters are free across groups unless labels tie them.
    cluster
        Column that tells which persons belong together (sites, classes). Errors and the scaled
        test then rest on the clusters' sums of scores; needs ``estimator="MLR"``.
    auto
        What is added to a model given as syntax: ``"sem"`` as lavaan's ``sem()``, ``"none"`` as
        ``lavaan(..., int.ov.free=TRUE)``; see :func:`crosslag.parse`.
    information
        What ML's errors rest on: ``"expected"`` (the default on complete data) or ``"observed"``
        information (the default under ``"fiml"``, where only that allows for gaps that depend on
        observed values). MLR's are always made of observed information, and so are the robust
        indices under ``"fiml"`` (lavaan 0.6 mixes the two if told to use the expected one, which
        is no projection any more, and takes exogenous predictors as given there even if told not
        to; with their variances and covariances stated, its numbers are these).
    fixed_x
        Whether to take observed predictors of which the syntax says nothing else as given, as
        lavaan does unless told otherwise: persons without them are left out, their moments are no
        parameters, and log-likelihood, AIC and BIC condition on them.
    auxiliary
        Columns that tell about missing values (``missing="fiml"``) without being part of the
        model: saturated correlates (doi:10.1207/S15328007SEM1001_4).
    bootstrap
        How often to draw persons (or clusters) anew within each group, 0 for not at all; the
        result's ``bootstrap`` then gives intervals.
    bollen_stine
        Whether draws also test the model's fit, after Bollen and Stine
        (doi:10.1177/0049124192021002004); on complete data only.
    seed, workers
        Of the draws: the same seed gives the same numbers whatever the number of processes.

    Returns
    -------
    Fit
        With ``converged=False`` and NaN for every number, if no maximum could be proven.

    Raises
    ------
    DataError
        If the data can't be analysed as asked.
    ModelError
        If the model has more parameters than the data have moments.

    References
    ----------
    MLR's test: Yuan and Bentler (2000), doi:10.1111/0081-1750.00078; robust CFI, TLI and RMSEA
    under FIML: Zhang and Savalei (2023), doi:10.1037/met0000445.
    """
    if estimator not in get_args(Estimator):
        raise ModelError(f"estimator={estimator!r} is unknown; use 'ML' or 'MLR'.")
    if auto not in get_args(Auto):
        raise ModelError(f"auto={auto!r} is unknown; use one of {list(get_args(Auto))}.")
    if not isinstance(fixed_x, bool):
        raise ModelError(f"fixed_x={fixed_x!r} must be True or False.")
    if isinstance(model, str):
        model = parse(model, auto)
    if not isinstance(model, Model):
        raise ModelError(f"The model must be a builder's or a text, not {type(model).__name__}.")
    if information is None:
        information = "expected" if estimator == "ML" and missing == "listwise" else "observed"
    _require_information(information, estimator)
    if cluster is not None and estimator != "MLR":
        raise ModelError("cluster= needs estimator='MLR': only its errors allow for clusters.")
    left_out: tuple[str, ...] = ()
    if isinstance(data, Panel):
        left_out, data = data.notes, data.data
    given: Sequence[str] = ()
    if fixed_x:
        model = with_exogenous_moments(model)
        given = model.exogenous
    model = with_auxiliary(model, auxiliary, missing)
    plan = Plan.checked(bootstrap, seed, workers, bollen_stine=bollen_stine, missing=missing)
    panel = prepare(data, model.observed, missing, group, cluster, given)
    _require_no_column(model.latent, data)
    table, structures = layout(model, len(panel.groups))
    _require_degrees_of_freedom(table)
    patterns = [group_patterns(g.values, g.clusters) for g in panel.groups]
    unrestricted = [_saturated(p, panel, k) for k, p in enumerate(patterns)]
    panel = replace(panel, notes=(*left_out, *panel.notes, *remarks.thin_coverage(patterns, panel)))
    solution = find_maximum(table, structures, unrestricted)
    if not solution.converged:
        sample = Sample.of(panel, unrestricted, data.index, None)
        return _unproven(
            model,
            table,
            sample,
            panel,
            solution,
            estimator,
            missing,
            remarks.why_unproven(table, solution) + remarks.far_from_zero(panel),
        )
    fitted = _finished(
        model,
        table,
        panel,
        solution,
        unrestricted,
        data.index,
        estimator=estimator,
        missing=missing,
        information=information,
    )
    if plan is not None:
        drawn = plan.run(fitted)
        fitted = replace(fitted, bootstrap=drawn, warnings=(*fitted.warnings, *drawn.notes()))
    return given_exogenous(fitted) if fixed_x else fitted


def _require_no_column(latent: Sequence[str], data: pd.DataFrame) -> None:
    named = [name for name in latent if name in data.columns]
    if named:
        raise ModelError(
            f"{', '.join(named)}: latent in the model, but also a column of the data; rename one of"
            " the two, or leave the column out."
        )


def _require_information(information: str, estimator: Estimator) -> None:
    if information not in get_args(Information):
        raise ModelError(f"information={information!r} is unknown; use 'expected' or 'observed'.")
    if estimator == "MLR" and information == "expected":
        raise ModelError("estimator='MLR' rests on observed information; leave out information=.")


def _require_degrees_of_freedom(table: ParameterTable) -> None:
    df = table.degrees_of_freedom
    if df < 0:
        raise ModelError(
            f"The model has {table.n_parameters} parameters, but the data only {table.n_moments}"
            f" means and (co)variances: {df} degrees of freedom. Add waves, or fix or equate"
            " parameters."
        )


def _saturated(data: PatternMoments, panel: PanelData, group: int) -> Evaluation:
    with suppress(ValueError):
        return saturated(data)
    where = panel.where(group)
    fewest, pair = thinnest_pair(data, panel.columns)
    raise DataError(
        f"The means and covariances of the {data.p} variables{where} can't be estimated from"
        f" these {data.n:.0f} persons: there are too few, or one column follows exactly from"
        f" others. Add persons, or leave out variables. (Fewest have both {pair}: {fewest:.0f}.)"
    )


def _unproven(
    model: Model,
    table: ParameterTable,
    sample: Sample,
    panel: PanelData,
    solution: Solution[ModelPoint],
    estimator: str,
    missing: str,
    reason: str,
) -> Fit:
    """Give back what is known without a proven maximum: counts, and no estimate."""
    nothing = np.full(table.n_free, np.nan)
    scaled = estimator == "MLR"
    names = indices.index_names(scaled=scaled, robust=scaled or missing == "fiml")
    df = table.degrees_of_freedom
    known = {"npar": table.n_parameters, "ntotal": panel.n, "df": df}
    blank = np.full(len(table.rows), np.nan)
    return Fit(
        model=model,
        table=table,
        group_names=tuple(g.name for g in panel.groups),
        group_sizes=tuple(len(g.values) for g in panel.groups),
        n_patterns=sum(len(e.data.count) for e in solution.point.evaluations),
        n_dropped=panel.n_dropped,
        estimator=estimator,
        missing=missing,
        converged=False,
        admissible=False,
        warnings=(*panel.notes, reason),
        method=solution.method,
        iterations=solution.iterations,
        theta=nothing,
        vcov=np.full((table.n_free, table.n_free), np.nan),
        indices={name: known.get(name, float("nan")) for name in names},
        standardised=inference.Standardised(blank, blank.copy()),
        defined=Defined.unknown(table),
        sample=sample,
    )


def _finished(
    model: Model,
    table: ParameterTable,
    panel: PanelData,
    solution: Solution[ModelPoint],
    unrestricted: Sequence[Evaluation],
    index: pd.Index,
    *,
    estimator: Estimator,
    missing: Missing,
    information: Information,
) -> Fit:
    point = solution.point
    exogenous = [table.observed.index(name) for name in model.exogenous]
    auxiliary = [table.observed.index(name) for name in model.auxiliary]
    independent = baseline([e.data for e in unrestricted], exogenous, auxiliary)
    basis = solution.tangent
    scaled = None
    if estimator == "MLR":
        products = inference.score_products(point)
        covariance = inference.vcov(solution.information, products, basis=basis)
        scaled = indices.scaling(
            unrestricted,
            inference.within(basis, solution.information),
            inference.within(basis, products),
            independent,
        )
    elif information == "observed":
        covariance = inference.vcov(solution.information, basis=basis)
    else:
        covariance = inference.vcov(point.expected_information(), basis=basis)
    scale = inference.natural_scale(solution.information)
    if basis is not None:
        covariance = inference.without_rounding(covariance, scale)
    measures = indices.fit_measures(
        point,
        unrestricted,
        independent,
        scaled,
        n_constraints=solution.rank,
        n_auxiliary=len(auxiliary),
    )
    if missing == "fiml":
        robust = fiml_corrected(
            point,
            unrestricted,
            independent,
            sandwich=scaled is not None,
            basis=basis,
        )
        measures |= indices.robust_measures(measures, robust, len(unrestricted))
    elif scaled is not None:
        measures |= indices.robust_measures(
            measures, indices.without_gaps(measures, scaled), len(unrestricted)
        )
    findings = inference.inadmissible(table, point)
    functions = defined(table, point, covariance, scale)
    return Fit(
        model=model,
        table=table,
        group_names=tuple(g.name for g in panel.groups),
        group_sizes=tuple(len(g.values) for g in panel.groups),
        n_patterns=sum(len(e.data.count) for e in unrestricted),
        n_dropped=panel.n_dropped,
        estimator=estimator,
        missing=missing,
        converged=True,
        admissible=not findings,
        warnings=(
            *panel.notes,
            *remarks.small_sample(point),
            *remarks.few_clusters(sum(e.data.n_clusters for e in unrestricted), measures["npar"]),
            *remarks.at_bounds(solution),
            *remarks.undefined(table, functions),
            *findings,
        ),
        method=solution.method,
        iterations=solution.iterations,
        theta=point.theta,
        vcov=covariance,
        indices=measures,
        standardised=inference.standardised(table, point, covariance),
        defined=functions,
        sample=Sample.of(panel, unrestricted, index, scaled),
    )
