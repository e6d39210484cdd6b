"""The search for the maximum: whatever the origin and the units of the scores, it ends there."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from factories.panels import draw, panel

import crosslag as cl
from crosslag import inference
from crosslag.estimate import maximise, model_point, standard_scale
from crosslag.moments import group_patterns
from crosslag.search import climb, layout
from crosslag.starting import starting_values

PANEL = panel(4)
SHIFTS, SCALES = (0, -50, 1000), (1, 1e-2, 1e4)
FAR = [0, 3, 6, 13]
MODELS = {
    "clpm, steps, stationary": cl.clpm(PANEL, times=FAR, equal="stationary"),
    "clpm, steps, lags": cl.clpm(PANEL, times=FAR, equal=("lags", "residuals")),
    "clpm, late step": cl.clpm(PANEL, times=[0, 1, 2, 4], equal="stationary"),
    "clpm, steps, means": cl.clpm(PANEL, times=[0, 1, 3, 4], equal=("lags", "residuals", "means")),
    "riclpm, steps": cl.riclpm(PANEL, times=FAR, equal="stationary"),
    "riclpm": cl.riclpm(PANEL),
    "lcm_sr": cl.lcm_sr(PANEL, equal=("lags", "residuals")),
    "lcm_sr, means": cl.lcm_sr(PANEL, equal=("lags", "residuals", "means")),
    "dpm": cl.dpm(PANEL, equal=("lags",)),
    "starts": cl.starts(PANEL, equal=("means",)),
}


@cache
def plain(name: str, seed: int) -> cl.Fit:
    return cl.fit(MODELS[name], draw(200, 4, seed, gaps=0.1), missing="fiml")


def assert_same(one: cl.Fit, other: cl.Fit) -> None:
    assert one.converged
    assert other.converged
    assert other.indices["chisq"] == pytest.approx(one.indices["chisq"], abs=1e-4)
    standardised = [
        fit.estimates.query("op != '~1'")[["std_all", "se_std_all"]] for fit in (one, other)
    ]
    np.testing.assert_allclose(*standardised, atol=1e-4)


@pytest.mark.parametrize("j", range(3))
@pytest.mark.parametrize("i", range(3))
@pytest.mark.parametrize("name", sorted(MODELS))
def test_origin_and_units_of_the_scores_change_nothing(name, i, j):
    """A Latin square: every shift and every scale meets every data set."""
    seed = 1 + (i + j) % 3
    moved = (draw(200, 4, seed, gaps=0.1) + SHIFTS[i]) * SCALES[j]
    assert_same(plain(name, seed), cl.fit(MODELS[name], moved, missing="fiml"))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_variables_may_have_different_origins_and_units(name):
    data = draw(200, 4, seed=1, gaps=0.1)
    of_y = [column for column in data if column.startswith("y")]
    data[of_y] = data[of_y] * 1e4 + 300
    assert_same(plain(name, 1), cl.fit(MODELS[name], data, missing="fiml"))


def factor_panel(seed: int) -> tuple[dict[str, list[list[str]]], pd.DataFrame]:
    """Two indicators of every score, one of them in other units."""
    rng = np.random.default_rng(seed)
    scores = draw(200, 4, seed, gaps=0.1)
    names = {v: [[f"{c}a", f"{c}b"] for c in columns] for v, columns in PANEL.items()}
    data = {
        f"{column}{which}": factor * (scores[column] + 0.5 * rng.standard_normal(len(scores)))
        for column in scores
        for which, factor in (("a", 1.0), ("b", 5.0))
    }
    return names, pd.DataFrame(data)


def test_steps_between_factors_start_in_the_units_of_their_indicators():
    names, data = factor_panel(seed=1)
    model = cl.riclpm(names, times=[0, 1, 3, 4], equal=("lags", "residuals"))
    of_y = [column for column in data if column.startswith("y")]
    moved = data.assign(**{column: data[column] * 1e4 - 70 for column in of_y})
    one, other = (cl.fit(model, d, missing="fiml") for d in (data, moved))
    assert one.method == other.method == "scoring"
    assert_same(one, other)


@pytest.mark.parametrize(
    ("model", "n", "seed"),
    [
        (MODELS["clpm, steps, lags"], 200, 3),
        (MODELS["clpm, steps, lags"], 400, 2),
        (cl.lcm_sr(panel(3), equal=("lags", "residuals")), 300, 2),
    ],
)
def test_no_random_start_leads_to_a_higher_maximum(model, n, seed):
    data = draw(n, len(model.waves[0][1]), seed)
    fit = cl.fit(model, data)
    table, structures = layout(model, 1)
    patterns = [group_patterns(data[list(table.observed)].to_numpy())]

    def at(theta):
        return model_point(structures, patterns, theta)

    rng = np.random.default_rng(seed)
    scale = standard_scale(fit.point)
    for _ in range(60):
        start = fit.theta + 0.4 * scale * rng.standard_normal(len(fit.theta))
        if at(start) is not None:
            found = maximise(at, start, budget=60)
            assert not found.converged or found.point.logl < fit.indices["logl"] + 1e-4


def curved_growth(seed: int) -> pd.DataFrame:
    """Levels, growth that is not a line, and deviations with lagged effects."""
    rng, n = np.random.default_rng(seed), 150
    within = np.array([[0.5, 0.1], [0.1, 0.5]])
    level = rng.multivariate_normal(np.zeros(2), [[0.4, -0.15], [-0.15, 0.5]], n)
    deviation = rng.multivariate_normal(np.zeros(2), within, n)
    waves = []
    for t in range(4):
        if t:
            fresh = rng.multivariate_normal(np.zeros(2), 0.8 * within, n)
            deviation = deviation @ np.array([[0.3, -0.2], [0.05, 0.35]]) + fresh
        waves.append(level + deviation + 3 + 0.1 * t)
    rng = np.random.default_rng(seed + 1000)
    slope = rng.multivariate_normal([0.3, -0.2], [[0.3, 0.1], [0.1, 0.3]], n)
    columns = {
        f"{v}{t + 1}": wave[:, i] for t, wave in enumerate(waves) for i, v in enumerate("xy")
    }
    data = pd.DataFrame(columns)
    for t in range(4):
        data[f"x{t + 1}"] += slope[:, 0] * t**1.5
        data[f"y{t + 1}"] += slope[:, 1] * t
    return data


@pytest.mark.parametrize("seed", [19, 24])
def test_growth_with_lagged_effects_ends_at_the_highest_of_several_maxima(seed):
    """From two starts, the search ended 27 units below the best of ten, or nowhere."""
    model, data = MODELS["lcm_sr"], curved_growth(seed)
    fit = cl.fit(model, data)
    assert fit.converged
    table, structures = layout(model, 1)
    patterns = [group_patterns(data[list(table.observed)].to_numpy())]
    start = starting_values(table, patterns)
    scale = standard_scale(model_point(structures, patterns, start))
    rng, heights = np.random.default_rng(seed), []
    for _ in range(10):
        other = start + 0.5 * scale * rng.standard_normal(len(start))
        if model_point(structures, patterns, other) is not None:
            found = climb(table, structures, patterns, other, fallbacks=1)
            heights += [found.point.logl] if found.converged else []
    assert heights
    assert max(heights) < fit.indices["logl"] + 1e-4


def test_an_information_that_is_not_definite_under_constraints_names_parameters():
    """The last point of a search without end: negative curvature, in sizes far apart."""
    table = cl.parse("y ~ x\ny ~~ y\nx ~~ x\ny ~ 1\nx ~ 1", "none").table(1)
    information = np.diag([-1.0, -1e-8, 1e12, 1.0, 1.0])
    information[0, 1] = information[1, 0] = 1e10
    names = inference.unidentified(table, information, np.eye(5))
    assert names
    assert set(names) <= set(table.free_names())
    assert inference.unidentified(table, np.full((5, 5), np.inf), np.eye(5)) == []


def test_scores_too_far_from_zero_are_said_to_be():
    far = draw(200, 4, 1) + 1e7
    fit = cl.fit(MODELS["dpm"], far, missing="fiml")
    assert not fit.converged
    assert any("standard deviations from zero: subtract" in note for note in fit.warnings)
