"""The models of a precedence analysis, fitted as planned through crosslag."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pandas as pd

import crosslag as cl
from longwave.domain.errors import InvalidInputError
from longwave.domain.protocol.model import PrecedenceAnalysis

Columns = Mapping[str, Sequence[str]]

BUILDERS: dict[str, Callable[..., cl.Model]] = {
    "clpm": cl.clpm,
    "clpm_lag2": partial(cl.clpm, lags=2),
    "riclpm": cl.riclpm,
}
"""How each model that a plan may name is built."""

TITLES = {
    "clpm": "Cross-lagged panel model",
    "clpm_lag2": "Cross-lagged panel model with a second lag",
    "riclpm": "Random-intercept cross-lagged panel model",
}

CROSS_LAGGED = "cross-lagged"
AUTOREGRESSIVE = "autoregressive"

LAGGED_COLUMNS = (
    "kind", "predictor", "outcome", "from_wave", "to_wave", "group",
    "est", "se", "pvalue", "ci_lower", "ci_upper", "std_all",
)  # fmt: skip
"""Columns of `lagged_effects`; ``kind`` is "cross-lagged" or "autoregressive"."""


def panel_columns(plan: PrecedenceAnalysis) -> dict[str, list[str]]:
    """Return for each variable of a plan its columns of the panel, in order of time."""
    return {
        variable: [f"{source.replace('.', '_', 1)}__{wave}" for wave in plan.waves]
        for variable, source in plan.variables.items()
    }


def fit_model(
    model: str, plan: PrecedenceAnalysis, data: pd.DataFrame, *, by_group: bool | None = None
) -> cl.Fit:
    """Fit one model of a plan.

    Parameters
    ----------
    model
        "clpm", "clpm_lag2" or "riclpm".
    plan
        The planned analysis.
    data
        One row per person, with the panel's columns and, for groups, ``arm``.
    by_group
        Whether to fit the arms as groups; by default as the plan says.

    Raises
    ------
    InvalidInputError
        If there is no such model.
    crosslag.CrosslagError
        If the data cannot be analysed so.
    """
    if model not in BUILDERS:
        raise InvalidInputError(
            f"The analysis {plan.id} names the model {model}, which is not known.",
            f"Choose among {', '.join(BUILDERS)}.",
        )
    grouped = plan.group is not None if by_group is None else by_group
    return cl.fit(
        BUILDERS[model](panel_columns(plan), equal=plan.equal),
        data,
        estimator=plan.estimator,
        missing=plan.missing,
        group="arm" if grouped else None,
    )


def annotated_estimates(fit: cl.Fit, plan: PrecedenceAnalysis) -> pd.DataFrame:
    """Return the estimates of a fit, with what each lagged effect leads from and to.

    The columns kind, predictor, outcome, from_wave and to_wave are empty for other parameters.
    """
    place = _places(fit.model, plan)
    estimates = fit.estimates
    named = []
    for lhs, op, rhs in zip(estimates["lhs"], estimates["op"], estimates["rhs"], strict=True):
        if op != "~":
            named.append(("", "", "", "", ""))
            continue
        outcome, to_wave = place[lhs]
        predictor, from_wave = place[rhs]
        kind = AUTOREGRESSIVE if outcome == predictor else CROSS_LAGGED
        named.append((kind, predictor, outcome, from_wave, to_wave))
    words = pd.DataFrame(named, columns=list(LAGGED_COLUMNS[:5]), index=estimates.index)
    return pd.concat([words, estimates], axis=1)


def lagged_effects(fit: cl.Fit, plan: PrecedenceAnalysis) -> pd.DataFrame:
    """Return the lagged effects of a fit, one row per effect and group.

    See `LAGGED_COLUMNS`. ``est`` is in the units of the scores; intervals are 95 %.
    """
    estimates = annotated_estimates(fit, plan)
    return estimates.loc[estimates["kind"] != "", list(LAGGED_COLUMNS)].reset_index(drop=True)


def _places(model: cl.Model, plan: PrecedenceAnalysis) -> dict[str, tuple[str, str]]:
    """Return the variable and wave that each name of a lagged effect stands for.

    A latent variable measured by one column alone stands for that column.
    """
    places = {
        column: (variable, wave)
        for variable, columns in panel_columns(plan).items()
        for column, wave in zip(columns, plan.waves, strict=True)
    }
    indicators: dict[str, list[str]] = {}
    for relation in model.relations:
        if relation.op == "=~":
            indicators.setdefault(relation.lhs, []).append(relation.rhs)
    single = {name: found[0] for name, found in indicators.items() if len(found) == 1}
    return places | {name: places[column] for name, column in single.items()}
