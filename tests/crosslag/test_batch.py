"""Many fits at once are the fits one by one."""

from __future__ import annotations

import numpy as np
import pytest
from factories.panels import draw, panel
from hypothesis import given, settings
from hypothesis import strategies as st

import crosslag as cl
from crosslag.batch import Moments, inverses, solve_many
from crosslag.estimate import maximise, model_point
from crosslag.inference import vcov
from crosslag.moments import group_patterns, reweighted
from crosslag.ram import ram_groups
from crosslag.resampling import counted_moments, weights

MODELS = {
    "clpm": cl.clpm(panel(3)),
    "riclpm": cl.riclpm(panel(4)),
    "riclpm, equal": cl.riclpm(panel(3), equal=("lags", "residuals", "means")),
    "dpm": cl.dpm(panel(4)),
    "a loop": cl.parse("x2 ~ x1 + a*y2; y2 ~ y1 + a*x2; x3 ~ x2; y3 ~ y2; x2 ~~ y2"),
}


def prepared(name: str, seeds: range, n: int = 300, groups: int = 1):
    """Data sets of a model: patterns by data set and group, their moments, and where to start."""
    model = MODELS[name]
    table = model.table(groups)
    columns = list(table.observed)
    drawn = [
        [
            group_patterns(draw(n + 50 * g, 4, seed=10 * seed + g)[columns].to_numpy())
            for g in range(groups)
        ]
        for seed in seeds
    ]
    moments = [
        Moments(
            np.array([one[g].n for one in drawn]),
            np.array([one[g].mean[0] for one in drawn]),
            np.array([one[g].scatter[0] for one in drawn]),
        )
        for g in range(groups)
    ]
    data = draw(5000, 4, seed=999)
    names = [name for name in "ab"[:groups] for _ in range(5000 // groups)]
    population = cl.fit(model, data.assign(arm=names), group="arm" if groups > 1 else None)
    start = population.theta
    covariance = population.vcov * (5000 / groups / n)
    return ram_groups(table), drawn, moments, start, covariance


def fitted_alone(structures, patterns, start):
    solution = maximise(lambda theta: model_point(structures, patterns, theta), start)
    assert solution.converged
    return solution.point


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("name", sorted(MODELS))
def test_fits_together_are_the_fits_one_by_one(name, groups):
    structures, drawn, moments, start, covariance = prepared(name, range(6), groups=groups)
    solved = solve_many(structures, moments, start, covariance)
    assert solved.proven.sum() >= 5
    errors = np.sqrt(np.diagonal(inverses(solved.expected), axis1=1, axis2=2))
    for k in np.flatnonzero(solved.proven):
        point = fitted_alone(structures, drawn[k], start)
        np.testing.assert_allclose(solved.theta[k], point.theta, rtol=1e-7, atol=1e-8)
        assert solved.logl[k] == pytest.approx(point.logl, rel=1e-12)
        alone = np.sqrt(np.diag(vcov(point.expected_information())))
        np.testing.assert_allclose(errors[k], alone, rtol=1e-7)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), name=st.sampled_from(sorted(MODELS)))
def test_informations_are_those_of_a_single_fit_anywhere(seed, name):
    from crosslag.batch import _Points

    structures, drawn, moments, start, covariance = prepared(name, range(seed, seed + 2), n=80)
    rng = np.random.default_rng(seed)
    spread = np.sqrt(np.diag(covariance))
    theta = start + 0.5 * spread * rng.standard_normal((2, len(start)))
    points = _Points.at(structures, moments, theta)
    expected, observed = points.informations()
    gradient = points.gradient()
    for k in range(2):
        alone = model_point(structures, drawn[k], theta[k])
        if alone is None:
            assert points.logl[k] == -np.inf
            continue
        assert points.logl[k] == pytest.approx(alone.logl, rel=1e-12)
        np.testing.assert_allclose(gradient[k], alone.gradient, rtol=1e-8, atol=1e-7)
        size = np.abs(np.diag(alone.expected_information())).max()
        for ours, theirs in (
            (expected[k], alone.expected_information()),
            (observed[k], alone.observed_information()),
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-10 * size)


def test_company_changes_nothing():
    structures, _, moments, start, covariance = prepared("riclpm", range(8))
    together = solve_many(structures, moments, start, covariance)
    kept = np.arange(8) % 3 == 0
    fewer = solve_many(structures, [m.only(kept) for m in moments], start, covariance)
    np.testing.assert_array_equal(together.proven[kept], fewer.proven)
    np.testing.assert_allclose(together.theta[kept], fewer.theta, rtol=1e-10, atol=1e-10)


def test_hopeless_data_are_left_unproven_and_harm_no_other():
    structures, _, moments, start, covariance = prepared("riclpm", range(4))
    spoilt = Moments(moments[0].n, moments[0].mean.copy(), moments[0].covariance.copy())
    spoilt.covariance[1] = np.ones_like(spoilt.covariance[1])
    solved = solve_many(structures, [spoilt], start, covariance)
    assert solved.proven.tolist() == [True, False, True, True]


@pytest.mark.parametrize("clusters", [None, np.arange(200) // 9])
def test_counted_moments_are_those_of_the_persons_drawn(clusters):
    data = group_patterns(draw(200, 3, seed=4).to_numpy(), clusters)
    times = np.array([weights(data, np.random.default_rng(k)) for k in range(3)])
    moments = counted_moments(data, times)
    for k in range(3):
        alone = reweighted(data, times[k])
        assert moments.n[k] == alone.n
        np.testing.assert_allclose(moments.mean[k], alone.mean[0], rtol=1e-12)
        np.testing.assert_allclose(moments.covariance[k], alone.scatter[0], rtol=1e-10, atol=1e-12)
