"""The cross-lagged panel model, and the one with random intercepts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations

from crosslag.errors import ModelError
from crosslag.model import Model, Relation, checked_variables

__all__ = ["clpm", "riclpm"]

_Waves = Mapping[str, Sequence[str]]

CLPM_EQUALITIES = ("lags", "lags_across_groups", "residuals")
RICLPM_EQUALITIES = (*CLPM_EQUALITIES, "means")


def clpm(
    variables: Mapping[str, Sequence[str]], lags: int = 1, equal: Collection[str] = ()
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
        ``"residuals"``: the same residual (co)variances from wave ``lags + 1`` on.

    Returns
    -------
    Model
        With k variables, T waves and one lag, ``degrees_of_freedom()`` is
        ``k**2 * (T - 1) * (T - 2) / 2``.

    Raises
    ------
    ModelError
        If waves are too few or unequal in number, or an option is unknown.
    """
    panel = checked_variables(variables)
    if lags not in (1, 2):
        raise ModelError(f"lags must be 1 or 2, not {lags!r}.")
    n_waves = _n_waves(panel, "A cross-lagged panel model", least=lags + 1)
    options = _equalities(equal, CLPM_EQUALITIES)
    observed = [column for wave in range(n_waves) for column in _at(panel, wave).values()]
    relations = [
        *_lagged(panel, lags, options),
        *_within_wave(panel, options, first_equal=lags),
        *(Relation(column, "~1") for column in observed),
    ]
    kind = "CLPM" if lags == 1 else "CLPM with lag 2"
    return Model(tuple(relations), kind, tuple(panel.items()))


def riclpm(variables: Mapping[str, Sequence[str]], equal: Collection[str] = ()) -> Model:
    """Build a random-intercept cross-lagged panel model (Hamaker and others 2015).

    Each observed score is its wave's mean, plus the person's stable level (``RI_x``), plus the
    deviation at that wave (``wx1``); the lagged effects link the deviations.

    Parameters
    ----------
    variables
        Name of every variable and its columns in order of time; at least three waves.
    equal
        As in :func:`clpm`, and ``"means"``: the same mean of a variable at every wave.

    Returns
    -------
    Model
        With k variables and T waves, ``degrees_of_freedom()`` is
        ``k**2 * (T - 1) * (T - 2) / 2 - k * (k + 1) / 2``.

    Raises
    ------
    ModelError
        If waves are too few or unequal in number, or an option is unknown.

    References
    ----------
    doi:10.1037/a0038889
    """
    panel = checked_variables(variables)
    n_waves = _n_waves(panel, "A random-intercept cross-lagged panel model", least=3)
    options = _equalities(equal, RICLPM_EQUALITIES)
    intercepts, within = _latent_names(panel)
    relations = [
        *(
            Relation(intercepts[name], "=~", column, fixed=1.0)
            for name, columns in panel.items()
            for column in columns
        ),
        *(
            Relation(within[name][wave], "=~", panel[name][wave], fixed=1.0)
            for wave in range(n_waves)
            for name in panel
        ),
        *_lagged(within, 1, options),
        *_covariances(tuple(intercepts.values())),
        *_within_wave(within, options, first_equal=1),
        *(
            Relation(
                column, "~1", label=f"m_{name}" if "means" in options else "", within_group=True
            )
            for name, columns in panel.items()
            for column in columns
        ),
    ]
    return Model(tuple(relations), "RI-CLPM", tuple(panel.items()))


def _n_waves(panel: _Waves, title: str, *, least: int) -> int:
    count = len(next(iter(panel.values())))
    if count < least:
        raise ModelError(f"{title} needs at least {least} waves; there are {count}.")
    return count


def _equalities(equal: Collection[str], known: tuple[str, ...]) -> frozenset[str]:
    options = frozenset((equal,) if isinstance(equal, str) else equal)
    unknown = sorted(options.difference(known))
    if unknown:
        raise ModelError(f"equal={unknown}: unknown here; choose among {list(known)}.")
    return options


def _at(waves: _Waves, wave: int) -> dict[str, str]:
    return {name: columns[wave] for name, columns in waves.items()}


def _lagged(waves: _Waves, lags: int, equal: frozenset[str]) -> Iterator[Relation]:
    over_time, over_groups = "lags" in equal, "lags_across_groups" in equal
    n_waves = len(next(iter(waves.values())))
    for wave in range(1, n_waves):
        for outcome, lhs in _at(waves, wave).items():
            for lag in range(1, min(lags, wave) + 1):
                for predictor, rhs in _at(waves, wave - lag).items():
                    label = f"l{lag if lag > 1 else ''}_{outcome}_{predictor}"
                    if not over_time:
                        label = f"{label}_{wave + 1}" if over_groups else ""
                    yield Relation(lhs, "~", rhs, label=label, within_group=not over_groups)


def _within_wave(waves: _Waves, equal: frozenset[str], *, first_equal: int) -> Iterator[Relation]:
    n_waves = len(next(iter(waves.values())))
    for wave in range(n_waves):
        tied = "residuals" in equal and wave >= first_equal
        yield from _covariances(tuple(_at(waves, wave).values()), tuple(waves) if tied else ())


def _covariances(names: Sequence[str], labels: Sequence[str] = ()) -> Iterator[Relation]:
    """All variances and covariances, labelled ``r_<first>_<second>`` if there are labels."""
    tags = dict(zip(names, labels, strict=True)) if labels else {}
    pairs = [*((name, name) for name in names), *combinations(names, 2)]
    for a, b in pairs:
        label = f"r_{tags[a]}_{tags[b]}" if tags else ""
        yield Relation(a, "~~", b, label=label, within_group=True)


def _latent_names(panel: _Waves) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Name the latent variables ``RI_x`` and ``wx1``, or ``w_x_1`` where those would clash."""
    columns = [column for names in panel.values() for column in names]
    for joint in ("", "_", "__"):
        intercepts = {name: f"RI_{joint[1:]}{name}" for name in panel}
        within = {
            name: [f"w{joint}{name}{joint}{wave}" for wave in range(1, len(names) + 1)]
            for name, names in panel.items()
        }
        named = [*columns, *intercepts.values(), *(n for names in within.values() for n in names)]
        if len(set(named)) == len(named):
            return intercepts, within
    raise ModelError("Columns or variables are named like the model's latent ones; rename them.")
