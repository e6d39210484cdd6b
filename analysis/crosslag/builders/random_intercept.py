"""The random-intercept cross-lagged panel model and its extensions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast, get_args

from crosslag.builders.common import (
    EQUALITIES,
    Waves,
    checked_columns,
    covariances,
    equalities,
    free_name,
    number_of_waves,
    steps,
)
from crosslag.builders.measurement import Invariance, Measurement
from crosslag.builders.process import Process
from crosslag.errors import ModelError
from crosslag.model import Model, Relation
from crosslag.variables import checked_variables

__all__ = ["PredictorsOn", "riclpm"]

PredictorsOn: TypeAlias = Literal["intercepts", "scores"]


def riclpm(
    variables: Mapping[str, Sequence[str]] | Mapping[str, Sequence[Sequence[str]]],
    equal: Collection[str] = (),
    *,
    times: Sequence[int] | None = None,
    predictors: Sequence[str] = (),
    predictors_on: PredictorsOn = "intercepts",
    outcomes: Sequence[str] = (),
    covariates: Mapping[str, Sequence[str]] | None = None,
    invariance: Invariance | None = None,
) -> Model:
    """Build a random-intercept cross-lagged panel model (Hamaker and others 2015).

    Each observed score is its wave's mean, plus the person's stable level (``RI_x``), plus the
    deviation at that wave (``wx1``); the lagged effects link the deviations.

    Parameters
    ----------
    variables
        Name of every variable and its columns in order of time; at least three waves. For several
        indicators, a list of columns at every wave: factors (``x1``) then take the scores' place.
    equal
        As in :func:`clpm`.
    times
        When the waves were, in whole numbers, as in :func:`clpm`.
    predictors
        Columns that do not change over time and predict the variables.
    predictors_on
        ``"intercepts"``: they predict the random intercepts, hence all waves alike; ``"scores"``:
        they predict the score at every wave, each with an effect of its own.
    outcomes
        Columns that the random intercepts predict.
    covariates
        Name of every time-varying covariate and its columns; each predicts the deviations at its
        wave, from the second on, and covaries with intercepts and first deviations.
    invariance
        With several indicators: ``"metric"``, ``"scalar"`` (the default) or ``"strict"``, as in
        :func:`longitudinal_cfa`.

    Returns
    -------
    Model
        With k variables and T waves, ``degrees_of_freedom()`` is
        ``k**2 * (T - 1) * (T - 2) / 2 - k * (k + 1) / 2``; equalities add what they add to
        :func:`clpm`. One predictor on intercepts, or one outcome,
        adds ``k * (T - 1)``, a predictor on scores nothing; a covariate adds
        ``k * (T**2 - 3 * T + 1)``.

    Raises
    ------
    ModelError
        If waves are too few or unequal in number, or an option is unknown.

    References
    ----------
    Hamaker and others (2015), doi:10.1037/a0038889; extensions: Mulder and Hamaker (2021),
    doi:10.1080/10705511.2020.1784738.
    """
    options = equalities(equal, EQUALITIES)
    if predictors_on not in get_args(PredictorsOn):
        known = list(get_args(PredictorsOn))
        raise ModelError(f"predictors_on={predictors_on!r} is unknown; use one of {known}.")
    if invariance is not None and invariance not in get_args(Invariance):
        known = list(get_args(Invariance))
        raise ModelError(f"invariance={invariance!r} is unknown; use one of {known}.")
    measurement = _measurement(variables, invariance or "scalar")
    if measurement is None and invariance is not None:
        raise ModelError("invariance= is for several indicators: give lists of columns by wave.")
    if measurement is not None and "means" in options:
        raise ModelError('"means" is for variables with one column at each wave.')
    panel = (
        checked_variables(cast(Waves, variables))
        if measurement is None
        else dict(measurement.factors)
    )
    title = "A random-intercept cross-lagged panel model"
    at = steps(times, number_of_waves(panel, title, least=3), options)
    extras = _Extras.of(predictors, predictors_on, outcomes, covariates)
    extras.check(panel, measurement)
    parts = _Parts.of(panel, at, extras.columns())
    process = Process(parts.within, options - {"means"})
    relations = [
        *(() if measurement is None else _measured(measurement)),
        *parts.loadings(panel),
        *process.relations(),
        *covariances(tuple(parts.intercepts.values())),
        *(_means(panel, options) if measurement is None else ()),
        *extras.relations(panel, parts),
    ]
    return Model(
        tuple(relations),
        "RI-CLPM",
        tuple((name, tuple(columns)) for name, columns in panel.items()),
        tuple(process.definitions()),
        tuple(process.constraints()),
    )


def _measurement(variables: Mapping[str, Sequence[object]], invariance: str) -> Measurement | None:
    if not isinstance(variables, Mapping) or not all(
        isinstance(waves, Iterable) and not isinstance(waves, str) for waves in variables.values()
    ):
        return None  # to be refused as a panel of single columns
    lists = [isinstance(c, list | tuple) for waves in variables.values() for c in waves]
    if not any(lists):
        return None
    if not all(lists):
        raise ModelError("Give every variable one column at each wave, or a list of indicators.")
    if invariance == "configural":
        raise ModelError(
            "Random intercepts of factors need equal loadings: invariance 'metric' at least."
        )
    indicators = cast(Mapping[str, Sequence[Sequence[str]]], variables)
    return Measurement.of(indicators, cast(Invariance, invariance), unique_covariances=True)


def _measured(measurement: Measurement) -> Iterator[Relation]:
    yield from measurement.loadings()
    yield from measurement.uniquenesses()
    yield from measurement.means()


def _means(panel: Waves, options: frozenset[str]) -> Iterator[Relation]:
    for name, columns in panel.items():
        for column in columns:
            label = f"m_{name}" if "means" in options else ""
            yield Relation(column, "~1", label=label, within_group=True)


@dataclass(frozen=True)
class _Parts:
    """Names of the intercepts, and of the deviations at every step.

    ``at`` says at which step each wave lies.
    """

    intercepts: Mapping[str, str]
    within: Mapping[str, list[str]]
    at: Sequence[int]

    @classmethod
    def of(cls, panel: Waves, at: Sequence[int], others: Collection[str]) -> _Parts:
        """Name latent variables ``RI_x`` and ``wx1``, or ``w_x_1`` where those would clash."""
        columns = [column for names in panel.values() for column in names] + list(others)
        for joint in ("", "_", "__"):
            intercepts = {name: f"RI_{joint[1:]}{name}" for name in panel}
            within = {name: _within_names(name, joint, at) for name in panel}
            named = [*columns, *intercepts.values(), *(n for ns in within.values() for n in ns)]
            if len(set(named)) == len(named):
                return cls(intercepts, within, at)
        raise ModelError("Columns or variables are named like the model's latent ones; rename.")

    def loadings(self, panel: Waves) -> Iterator[Relation]:
        """Split scores into intercept and deviation; steps without a wave measure nothing."""
        for name, columns in panel.items():
            for column in columns:
                yield Relation(self.intercepts[name], "=~", column, fixed=1.0)
        waves = {step: wave for wave, step in enumerate(self.at)}
        for step in range(self.at[-1] + 1):
            for name, columns in panel.items():
                measured = columns[waves.get(step, 0)]
                fixed = 1.0 if step in waves else 0.0
                yield Relation(self.within[name][step], "=~", measured, fixed=fixed)


def _within_names(name: str, joint: str, at: Sequence[int]) -> list[str]:
    names = {step: f"w{joint}{name}{joint}{wave}" for wave, step in enumerate(at, start=1)}
    taken = list(names.values())
    for step in range(at[-1] + 1):
        if step not in names:
            names[step] = free_name(f"p{joint}{name}{joint}{step + 1}", taken)
            taken.append(names[step])
    return [names[step] for step in range(at[-1] + 1)]


@dataclass(frozen=True)
class _Extras:
    """Predictors, outcomes and covariates."""

    predictors: tuple[str, ...]
    predictors_on: PredictorsOn
    outcomes: tuple[str, ...]
    covariates: Waves

    @classmethod
    def of(
        cls,
        predictors: Sequence[str],
        predictors_on: PredictorsOn,
        outcomes: Sequence[str],
        covariates: Waves | None,
    ) -> _Extras:
        if not isinstance(covariates, Mapping | None):
            raise ModelError(
                "Give the covariates as a dict of names and columns, not as"
                f" {type(covariates).__name__}."
            )
        over_time = {
            name: checked_columns(f"covariates[{name!r}]", found)
            for name, found in (covariates or {}).items()
        }
        return cls(
            checked_columns("predictors", predictors),
            predictors_on,
            checked_columns("outcomes", outcomes),
            over_time,
        )

    def columns(self) -> list[str]:
        over_time = [column for columns in self.covariates.values() for column in columns]
        return [*self.predictors, *self.outcomes, *over_time]

    def check(self, panel: Waves, measurement: Measurement | None) -> None:
        measured = (
            panel
            if measurement is None
            else {
                f"{name} {i}": wave
                for name, waves in measurement.indicators.items()
                for i, wave in enumerate(waves)
            }
        )
        named = [*self.columns(), *(column for columns in measured.values() for column in columns)]
        repeated = sorted({column for column in named if named.count(column) > 1})
        if repeated:
            raise ModelError(f"Each column has one part in the model; repeated: {repeated}.")
        n_waves = len(next(iter(panel.values())))
        for name, over_time in self.covariates.items():
            if len(over_time) != n_waves:
                raise ModelError(f"Covariate '{name}' needs a list of {n_waves} columns.")

    def relations(self, panel: Waves, parts: _Parts) -> Iterator[Relation]:
        intercepts = list(parts.intercepts.values())
        targets = intercepts
        if self.predictors_on == "scores":
            targets = [column for columns in panel.values() for column in columns]
        for target in targets:
            for predictor in self.predictors:
                yield Relation(target, "~", predictor)
        for outcome in self.outcomes:
            for intercept in intercepts:
                yield Relation(outcome, "~", intercept)
        over_time = [column for columns in self.covariates.values() for column in columns]
        exogenous = [*self.predictors, *over_time]
        yield from covariances(exogenous)
        yield from covariances(self.outcomes)
        for columns in self.covariates.values():
            for wave, column in enumerate(columns):
                for name, intercept in parts.intercepts.items():
                    yield Relation(intercept, "~~", column)
                    yield Relation(parts.within[name][0], "~~", column)
                    if wave:
                        yield Relation(parts.within[name][parts.at[wave]], "~", column)
        for column in (*exogenous, *self.outcomes):
            yield Relation(column, "~1")
