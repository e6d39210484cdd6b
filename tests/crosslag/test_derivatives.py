"""Analytic derivatives against numerical ones, on random models, data and points."""

from __future__ import annotations

import numpy as np
import pytest
from factories.panels import draw, panel
from hypothesis import given, settings
from hypothesis import strategies as st

import crosslag as cl
from crosslag.estimate import model_point
from crosslag.moments import evaluate, group_patterns
from crosslag.ram import ram_groups, vech_indices
from crosslag.starting import starting_values

MODELS = {
    "clpm": cl.clpm(panel(3)),
    "clpm, lag 2": cl.clpm(panel(3), lags=2),
    "clpm, equal": cl.clpm(panel(3), equal=("lags", "residuals")),
    "riclpm": cl.riclpm(panel(3)),
    "riclpm, equal": cl.riclpm(panel(3), equal=("lags", "residuals", "means")),
    "riclpm, uneven": cl.riclpm(panel(3), equal=("lags", "residuals"), times=[0, 1, 3]),
    "riclpm, outcome": cl.riclpm({"x": ["x1", "x2", "x3"]}, predictors=["y1"], outcomes=["y2"]),
    "lcm_sr": cl.lcm_sr(panel(3)),
    "dpm": cl.dpm(panel(3), equal="lags"),
    "cfa": cl.longitudinal_cfa({"f": [["x1", "y1"], ["x2", "y2"], ["x3", "y3"]]}, "strict"),
    "regressions": cl.parse("f =~ x1 + a*x2 + x3; y3 ~ f + a*y2; y2 ~ y1 + f; y1 ~~ f"),
}


def numerical(function, theta, step=1e-5):
    rows = []
    for k in range(len(theta)):
        shift = np.zeros_like(theta)
        shift[k] = step
        rows.append((function(theta + shift) - function(theta - shift)) / (2 * step))
    return np.array(rows)


def a_point(name, seed):
    """A random point of the parameter space near the starting values."""
    table = MODELS[name].table()
    drawn = draw(60, 3, seed=seed, gaps=0.15)[list(table.observed)].dropna(how="all")
    data = [group_patterns(drawn.to_numpy())]
    rng = np.random.default_rng(seed)
    theta = starting_values(table, data)
    theta = theta + 0.1 * rng.standard_normal(len(theta))
    return ram_groups(table), data, theta


@settings(max_examples=30, deadline=None)
@given(name=st.sampled_from(sorted(MODELS)), seed=st.integers(0, 10_000))
def test_gradient_and_hessian_agree_with_differences(name, seed):
    structures, data, theta = a_point(name, seed)
    point = model_point(structures, data, theta)
    if point is None:  # the random point lies outside the parameter space
        return
    slope = numerical(lambda t: model_point(structures, data, t).logl, theta)
    np.testing.assert_allclose(point.gradient, slope, rtol=1e-5, atol=1e-4)
    hessian = numerical(lambda t: model_point(structures, data, t).gradient, theta)
    np.testing.assert_allclose(-point.observed_information(), hessian, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_moment_and_variance_jacobians_agree_with_differences(name):
    structures, _, theta = a_point(name, seed=3)
    structure = structures[0]
    rows, columns = vech_indices(structure.p)

    def moments(t):
        implied = structure.implied(t)
        return np.concatenate([implied.mu, implied.sigma[rows, columns]])

    implied = structure.implied(theta)
    np.testing.assert_allclose(structure.jacobian(implied), numerical(moments, theta), atol=1e-7)
    variances = numerical(lambda t: np.diag(structure.implied(t).covariance), theta)
    np.testing.assert_allclose(structure.variance_jacobian(implied), variances, atol=1e-7)


def test_scores_of_persons_add_up_to_the_gradient():
    structures, data, theta = a_point("riclpm", seed=4)
    point = model_point(structures, data, theta)
    np.testing.assert_allclose(sum(point.scores()).sum(axis=0), point.gradient, atol=1e-8)


def test_expected_information_is_the_mean_of_the_score_products():
    rng = np.random.default_rng(5)
    root = np.tril(rng.standard_normal((3, 3))) + 2 * np.eye(3)
    values = rng.standard_normal((200_000, 3)) @ root.T
    values[rng.random(len(values)) < 0.3, 1] = np.nan
    at_truth = evaluate(group_patterns(values), np.zeros(3), root @ root.T)
    scores = at_truth.scores()
    size = np.sqrt(np.diag(at_truth.expected_information()))
    standard = np.outer(size, size)
    difference = (scores.T @ scores - at_truth.expected_information()) / standard
    assert np.abs(difference).max() < 0.03
    difference = (at_truth.observed_information() - at_truth.expected_information()) / standard
    assert np.abs(difference).max() < 0.03


def test_likelihood_is_that_of_the_normal_distribution():
    from scipy.stats import multivariate_normal

    values = draw(40, 3, seed=6, gaps=0.3).dropna(how="all").to_numpy()
    mu, root = np.full(6, 2.5), np.tril(np.ones((6, 6)))
    sigma = root @ root.T
    by_hand = 0.0
    for row in values:
        seen = ~np.isnan(row)
        by_hand += multivariate_normal.logpdf(row[seen], mu[seen], sigma[np.ix_(seen, seen)])
    assert evaluate(group_patterns(values), mu, sigma).logl == pytest.approx(by_hand, rel=1e-12)
