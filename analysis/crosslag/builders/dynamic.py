"""Alternatives to the random-intercept model: growth, accumulating effects, trait and state."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from numbers import Real

from crosslag.builders.common import (
    EQUALITIES,
    covariances,
    equalities,
    free_name,
    number_of_waves,
)
from crosslag.builders.process import Process
from crosslag.errors import ModelError
from crosslag.model import Model, Relation
from crosslag.variables import checked_variables

__all__ = ["dpm", "lcm_sr", "starts"]


def lcm_sr(
    variables: Mapping[str, Sequence[str]],
    equal: Collection[str] = (),
    *,
    times: Sequence[float] | None = None,
) -> Model:
    """Build a latent curve model with structured residuals (Curran and others 2014).

    Each score is a person's own straight line (``I_x``, ``S_x``) plus a deviation (``wx1``); the
    lagged effects link the deviations.

    Parameters
    ----------
    variables
        Name of every variable and its columns in order of time; at least three waves.
    equal
        As in :func:`clpm`, of the deviations. ``"means"``: slopes with mean 0, so that a variable
        has the same mean at every wave, while persons grow or decline.
    times
        When the waves were, for the slopes; 0, 1, 2, ... if not given. Lagged effects are from
        wave to wave whatever the interval.

    Returns
    -------
    Model
        With k variables and T waves, ``degrees_of_freedom()`` is
        ``k**2 * (T - 1) * (T - 2) / 2 + k * (T - 2) - k * (2 * k + 1)``; equalities add what they
        add to :func:`clpm`, but equal means only ``k``.

    Raises
    ------
    ModelError
        If waves are too few or unequal in number, or an option is unknown.

    References
    ----------
    doi:10.1037/a0035297
    """
    panel = checked_variables(variables)
    n_waves = number_of_waves(panel, "A latent curve model", least=3)
    options = equalities(equal, EQUALITIES)
    when = _times(times, n_waves)
    taken = _columns(panel)
    level = _latent(panel, "I_{}", taken)
    slope = _latent(panel, "S_{}", taken)
    within = _deviations(panel, "w", taken)
    process = Process(within, options - {"means"})
    mean_slope = 0.0 if "means" in options else None
    growth = [name for variable in panel for name in (level[variable], slope[variable])]
    relations = [
        *_measured(panel, level, [1.0] * n_waves),
        *_measured(panel, slope, [t - when[0] for t in when]),
        *_split(panel, within),
        *process.relations(),
        *covariances(growth),
        *(Relation(column, "~1", fixed=0.0) for columns in panel.values() for column in columns),
        *(
            Relation(name, "~1", fixed=fixed)
            for variable in panel
            for name, fixed in ((level[variable], None), (slope[variable], mean_slope))
        ),
    ]
    return _model(panel, relations, "LCM-SR", process)


def dpm(variables: Mapping[str, Sequence[str]], equal: Collection[str] = ()) -> Model:
    """Build a dynamic panel model.

    The scores themselves predict each other, and a person's own constant (``A_x``) is added at
    every wave from the second on; it covaries with the first scores. In contrast to the
    random-intercept model its influence accumulates over time.

    Parameters
    ----------
    variables
        Name of every variable and its columns in order of time; at least three waves.
    equal
        As in :func:`clpm`; scores are standardised with all their variance, that of the persons'
        constants included. ``"stationary"``: equal effects and residuals, and first scores whose
        (co)variances, also with the persons' constants, are in equilibrium with them; the model
        then fits as well as a stationary :func:`riclpm`, of which it is another form.

    Returns
    -------
    Model
        With k variables and T waves, ``degrees_of_freedom()`` is
        ``k**2 * (T - 1) * (T - 2) / 2 - k * (k + 1) / 2 - k**2``: three waves are enough only with
        equal effects. Equalities add what they add to :func:`clpm`, equilibrium ``k**2`` more.

    Raises
    ------
    ModelError
        If waves are too few or unequal in number, or an option is unknown.

    References
    ----------
    Allison and others (2017), doi:10.1177/2378023117710578; with several outcomes: Andersen
    (2022), doi:10.1037/met0000285.
    """
    panel = checked_variables(variables)
    number_of_waves(panel, "A dynamic panel model", least=3)
    options = equalities(equal, EQUALITIES)
    constant = _latent(panel, "A_{}", _columns(panel))
    process = Process(panel, options, constants=constant)
    relations = [
        *(
            Relation(constant[name], "=~", column, fixed=1.0)
            for name, columns in panel.items()
            for column in columns[1:]
        ),
        *process.relations(),
        *(process.intercept(name, step) for name in panel for step in range(process.n_steps)),
    ]
    return _model(panel, relations, "DPM", process)


def starts(variables: Mapping[str, Sequence[str]], equal: Collection[str] = ()) -> Model:
    """Build a stable trait, autoregressive trait and state model (Kenny and Zautra 2001).

    Each score is a stable trait (``T_x``), plus a process in equilibrium (``ARx1``) in which all
    variables predict each other, plus a state (``Sx1``) that is gone by the next wave. Effects,
    residuals and state (co)variances are the same at every wave.

    Parameters
    ----------
    variables
        Name of every variable and its columns in order of time; at least four waves.
    equal
        ``"means"``: the same mean of a variable at every wave; ``"lags_across_groups"``.

    Returns
    -------
    Model
        With k variables and T waves, ``degrees_of_freedom()`` is
        ``k * T * (k * T + 1) / 2 - k**2 - 3 * k * (k + 1) / 2``; equal means add ``k * (T - 1)``.

    Raises
    ------
    ModelError
        If waves are too few or unequal in number, or an option is unknown.

    References
    ----------
    Kenny and Zautra (2001), doi:10.1037/10409-008
    """
    panel = checked_variables(variables)
    number_of_waves(panel, "A STARTS model", least=4)
    options = equalities(equal, ("means", "lags_across_groups"))
    taken = _columns(panel)
    trait = _latent(panel, "T_{}", taken)
    within, state = _deviations(panel, "AR", taken), _deviations(panel, "S", taken)
    # Effects of 0 would leave process and state indistinguishable at the start.
    process = Process(within, options - {"means"} | {"stationary"}, carried_over=0.5)
    states = Process(state, frozenset({"residuals"}), lags=0, letter="s")
    relations = [
        *_measured(panel, trait, [1.0] * len(next(iter(panel.values())))),
        *_split(panel, within),
        *_split(panel, state),
        *process.relations(),
        *states.relations(),
        *covariances(tuple(trait.values())),
        *(
            Relation(
                column, "~1", label=f"m_{name}" if "means" in options else "", within_group=True
            )
            for name, columns in panel.items()
            for column in columns
        ),
    ]
    return _model(panel, relations, "STARTS", process)


def _model(
    panel: Mapping[str, tuple[str, ...]], relations: list[Relation], kind: str, process: Process
) -> Model:
    return Model(
        tuple(relations),
        kind,
        tuple(panel.items()),
        tuple(process.definitions()),
        tuple(process.constraints()),
    )


def _times(times: Sequence[float] | None, n_waves: int) -> list[float]:
    if times is None:
        return [float(wave) for wave in range(n_waves)]
    when = list(times) if isinstance(times, Iterable) else [times]
    numbers = all(isinstance(t, Real) and math.isfinite(t) for t in when)
    if len(when) != n_waves or not numbers or any(b <= a for a, b in pairwise(when)):
        raise ModelError(f"times={times!r}: give {n_waves} increasing numbers, one for each wave.")
    return [float(t) for t in when]


def _columns(panel: Mapping[str, Sequence[str]]) -> set[str]:
    return {column for columns in panel.values() for column in columns}


def _latent(panel: Mapping[str, Sequence[str]], pattern: str, taken: set[str]) -> dict[str, str]:
    """Name one latent variable for every variable, and note the names as taken."""
    names = {}
    for variable in panel:
        names[variable] = free_name(pattern.format(variable), taken)
        taken.add(names[variable])
    return names


def _deviations(
    panel: Mapping[str, Sequence[str]], prefix: str, taken: set[str]
) -> dict[str, list[str]]:
    """Name one latent variable for every column."""
    names: dict[str, list[str]] = {}
    for variable, columns in panel.items():
        names[variable] = []
        for wave in range(1, len(columns) + 1):
            names[variable].append(free_name(f"{prefix}{variable}{wave}", taken))
            taken.add(names[variable][-1])
    return names


def _measured(
    panel: Mapping[str, Sequence[str]], latent: Mapping[str, str], loadings: Sequence[float]
) -> Iterator[Relation]:
    for name, columns in panel.items():
        for column, loading in zip(columns, loadings, strict=True):
            yield Relation(latent[name], "=~", column, fixed=loading)


def _split(
    panel: Mapping[str, Sequence[str]], parts: Mapping[str, Sequence[str]]
) -> Iterator[Relation]:
    for wave in range(len(next(iter(panel.values())))):
        for name, columns in panel.items():
            yield Relation(parts[name][wave], "=~", columns[wave], fixed=1.0)
