"""The cross-lagged panel model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from crosslag.builders.common import (
    EQUALITIES,
    equalities,
    free_name,
    number_of_waves,
    steps,
)
from crosslag.builders.process import Process
from crosslag.errors import ModelError
from crosslag.model import Model, Relation
from crosslag.variables import checked_variables

__all__ = ["clpm"]


def clpm(
    variables: Mapping[str, Sequence[str]],
    lags: int = 1,
    equal: Collection[str] = (),
    *,
    times: Sequence[int] | None = None,
) -> Model:
    """Build a cross-lagged panel model.

    Every variable at a wave is predicted by all variables at the wave before (and, with
    ``lags=2``, at the wave before that); what is left covaries within the wave.

    Without random intercepts, stable differences between persons turn up as cross-lagged
    effects; compare with :func:`riclpm`.

    Parameters
    ----------
    variables
        Name of every variable and its columns in order of time; at least two waves.
    lags
        1 or 2.
    equal
        ``"lags"``: the same lagged effects at every wave, in each group by itself;
        ``"lags_across_groups"``: lagged effects the same in all groups;
        ``"standardised_lags"``: the same effects at every wave once all variables are standardised
        (nonlinear constraints; beside ``"lags"``, all variances grow by one factor from wave to
        wave; beside ``"lags"`` and ``"residuals"``, this is ``"stationary"``);
        ``"residuals"``: the same residual (co)variances from wave ``lags + 1`` on;
        ``"stationary"``: equal effects and residuals, and a first wave in equilibrium with them;
        ``"means"``: the same mean of a variable at every wave (nonlinear constraints on
        intercepts).
    times
        When the waves were, in whole numbers. Steps in between become latent variables without
        data; this needs ``equal=("lags", "residuals")`` or ``equal="stationary"``.

    Returns
    -------
    Model
        With k variables, T waves and one lag, ``degrees_of_freedom()`` is
        ``k**2 * (T - 1) * (T - 2) / 2``. Equal (standardised) effects add ``k**2 * (T - 2)``,
        equal residuals ``k * (k + 1) / 2 * (T - 2)``, equilibrium ``k * (k + 1) / 2`` more, and
        equal means ``k * (T - 1)``. Standardised effects that are equal beside equal raw ones add
        ``k * (T - 1) - 1`` to those (over time), or in each group but the first (over groups).

    Raises
    ------
    ModelError
        If waves are too few or unequal in number, or an option is unknown.
    """
    panel = checked_variables(variables)
    if type(lags) is not int or lags not in (1, 2):
        raise ModelError(f"lags must be 1 or 2, not {lags!r}.")
    n_waves = number_of_waves(panel, "A cross-lagged panel model", least=lags + 1)
    options = equalities(equal, EQUALITIES)
    if lags == 2 and options.intersection({"standardised_lags", "stationary"}):
        raise ModelError('"standardised_lags" and "stationary" are for models with one lag.')
    at = steps(times, n_waves, options)
    if lags == 2 and at[-1] >= n_waves:
        raise ModelError("Unequal intervals are for models with one lag.")
    series, phantoms = _with_phantoms(panel, at)
    process = Process(series, options, lags)
    relations = [
        *(Relation(name, "=~", column, fixed=0.0) for name, column in phantoms.items()),
        *process.relations(),
        *(
            process.intercept(name, step)
            for step in range(process.n_steps)
            for name in panel
            if "means" in options or series[name][step] not in phantoms
        ),
    ]
    return Model(
        tuple(relations),
        "CLPM" if lags == 1 else "CLPM with lag 2",
        tuple(panel.items()),
        tuple(process.definitions()),
        tuple(process.constraints()),
    )


def _with_phantoms(
    panel: Mapping[str, Sequence[str]], at: Sequence[int]
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Fill steps without a wave by latent variables; each is tied to a column by a loading of 0."""
    taken = {column for columns in panel.values() for column in columns}
    series: dict[str, list[str]] = {}
    phantoms: dict[str, str] = {}
    for name, columns in panel.items():
        names = dict(zip(at, columns, strict=True))
        for step in range(at[-1] + 1):
            if step not in names:
                names[step] = free_name(f"p{name}{step + 1}", taken)
                taken.add(names[step])
                phantoms[names[step]] = columns[0]
        series[name] = [names[step] for step in range(at[-1] + 1)]
    return series, phantoms
