"""Analytic derivatives against numerical ones, on models that nobody would think of."""

from __future__ import annotations

import numpy as np
import pytest
from factories.panels import draw
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import crosslag as cl
from crosslag.batch import Moments, _Points
from crosslag.constraints import Functions, Restrictions
from crosslag.defined import _standard_labels
from crosslag.estimate import model_point
from crosslag.inference import standard_estimates, standard_values
from crosslag.moments import group_patterns
from crosslag.ram import ram_groups, vech_indices
from crosslag.resampling import slope

OBSERVED, LATENT = ("x1", "y1", "x2", "y2", "x3"), ("f", "g")
VARIABLES = OBSERVED + LATENT
EXPRESSIONS = ("a*b", "a/(1 + c^2)", "exp(b) - a", "sqrt(c^2 + 1)*b", "log(2 + a^2)", "-a^3 + b*c")
RESTRICTIONS = ("a == b*c", "c > a - 1", "a^2 + b^2 < 4", "b == exp(c) - 1", "a*b*c == 0.1")
seeds = st.integers(0, 100_000)


def a_model(rng: np.random.Generator) -> cl.Model:
    """Loadings, effects (with loops now and then), covariances and means; some tied, some fixed.

    The labels a, b and c are within one group or shared by all; a few parameters differ by group.
    """
    relations: list[cl.Relation] = []
    for factor in LATENT:
        for k, column in enumerate(rng.choice(OBSERVED, 3, replace=False)):
            relations.append(cl.Relation(factor, "=~", str(column), fixed=1.0 if k == 0 else None))
        relations.append(cl.Relation(factor, "~~", factor))
    relations += [cl.Relation(name, "~~", name) for name in OBSERVED]
    possible = [(a, "~", b) for a in VARIABLES for b in VARIABLES if a != b]
    possible += [(a, "~~", b) for i, a in enumerate(VARIABLES) for b in VARIABLES[:i]]
    possible += [(name, "~1", "") for name in VARIABLES]
    loaded = {(r.lhs, r.rhs) for r in relations if r.op == "=~"}
    for number in rng.choice(len(possible), 8, replace=False):
        lhs, op, rhs = possible[number]
        if op == "~" and ((lhs, rhs) in loaded or (rhs, lhs) in loaded):
            continue
        fixed = (None, None, 0.2)[rng.integers(3)]
        relations.append(cl.Relation(lhs, op, rhs, fixed=fixed))  # type: ignore[arg-type]
    free = [i for i, r in enumerate(relations) if r.fixed is None and r.lhs != r.rhs]
    if len(free) < 5:  # too little is free to be labelled: another one
        return a_model(rng)
    labelled = rng.choice(free, 5, replace=False)
    for label, i in zip("abcab", labelled, strict=True):
        r = relations[i]
        relations[i] = cl.Relation(r.lhs, r.op, r.rhs, label=label)
    definitions = "".join(f"d{k} := {e}\n" for k, e in enumerate(rng.choice(EXPRESSIONS, 3)))
    constraints = "\n".join(rng.choice(RESTRICTIONS, 2, replace=False))
    base = cl.Model(tuple(relations))
    return cl.parse(base.to_lavaan() + definitions + constraints, auto="none")


def a_point(seed: int, gaps: float = 0.15):
    """A random model, two groups' data and a point where the likelihood is defined."""
    rng = np.random.default_rng(seed)
    model = a_model(rng)
    groups = int(rng.integers(1, 3))
    table = model.table(groups)
    columns = list(table.observed)
    data = [
        group_patterns(draw(60, 3, seed + g, gaps=gaps)[columns].dropna(how="all").to_numpy())
        for g in range(groups)
    ]
    theta = 0.25 * rng.standard_normal(table.n_free)
    for row in table.rows:
        if row.free >= 0 and row.op == "~~" and row.lhs == row.rhs:
            theta[row.free] = rng.uniform(1.0, 2.0)
    structures = ram_groups(table)
    assume(model_point(structures, data, theta) is not None)
    return table, structures, data, theta


def numerical(function, theta: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Derivatives by each parameter, (q, ...)."""
    units = step * np.eye(len(theta))
    return np.array([(function(theta + u) - function(theta - u)) / (2 * step) for u in units])


def assert_close(ours: np.ndarray, theirs: np.ndarray, tolerance: float = 1e-6) -> None:
    size = max(1.0, float(np.abs(theirs).max(initial=0.0)))
    np.testing.assert_allclose(ours, theirs, atol=tolerance * size, rtol=0)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_gradient_and_hessian(seed):
    _, structures, data, theta = a_point(seed)
    point = model_point(structures, data, theta)
    assert_close(point.gradient, numerical(lambda t: model_point(structures, data, t).logl, theta))
    assert_close(slope(point), point.gradient, 1e-10)
    hessian = numerical(lambda t: model_point(structures, data, t).gradient, theta)
    assert_close(point.observed_information(), -hessian)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_jacobians_of_moments_and_variances(seed):
    _, structures, _, theta = a_point(seed)
    for structure in structures:
        rows, columns = vech_indices(structure.p)

        def moments(t, s=structure, cells=(rows, columns)):
            implied = s.implied(t)
            return np.concatenate([implied.mu, implied.sigma[cells]])

        implied = structure.implied(theta)
        assert_close(structure.jacobian(implied), numerical(moments, theta))
        variances = numerical(lambda t, s=structure: np.diag(s.implied(t).covariance), theta)
        assert_close(structure.variance_jacobian(implied), variances)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_curvature_is_the_hessian_of_a_linear_function_of_the_moments(seed):
    _, structures, _, theta = a_point(seed)
    rng = np.random.default_rng(seed)
    for structure in structures:
        g_mu = rng.standard_normal(structure.p)
        g_sigma = rng.standard_normal((structure.p, structure.p))
        g_sigma += g_sigma.T

        def gradient(t, s=structure, by=(g_mu, g_sigma)):
            return s.pullback(s.implied(t), *by)

        curvature = structure.curvature(structure.implied(theta), g_mu, g_sigma)
        assert_close(curvature, numerical(gradient, theta))


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_standardised_values_and_defined_parameters(seed):
    table, structures, data, theta = a_point(seed)

    def at(t):
        return model_point(structures, data, t)

    values, slopes = standard_values(table, at(theta))
    possible = np.isfinite(values)
    np.testing.assert_allclose(values, standard_estimates(table, at(theta)))
    numbers = numerical(lambda t: standard_values(table, at(t))[0], theta).T
    assert_close(slopes[possible], numbers[possible], 1e-5)
    functions = Functions(table)
    q = len(theta)
    ours = functions.defined(functions.known(theta))[1]
    assert_close(ours, numerical(lambda t: functions.defined(functions.known(t))[0], theta).T)

    def standardised(t):
        return functions.defined(functions.with_definitions(_standard_labels(table, at(t)), q))

    std_values, std_slopes = standardised(theta)
    if np.isfinite(std_values).all():
        assert_close(std_slopes, numerical(lambda t: standardised(t)[0], theta).T, 1e-5)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_constraints_and_bounds(seed):
    table, _, _, theta = a_point(seed)
    restrictions = Restrictions(table)
    assert len(restrictions.ordered) == 2
    jets = restrictions.jets(theta, curved=True)

    def values(t):
        return np.array([jet.value for jet in restrictions.jets(t)])

    np.testing.assert_allclose(restrictions.values(theta), values(theta), rtol=1e-12, atol=1e-14)

    def slopes(t):
        return np.array([jet.gradient for jet in restrictions.jets(t)])

    assert_close(np.array([jet.gradient for jet in jets]), numerical(values, theta).T)
    hessians = np.moveaxis(numerical(slopes, theta), 0, 1)
    assert_close(np.array([jet.hessian for jet in jets]), hessians)


@settings(max_examples=40, deadline=None)
@given(seed=seeds)
def test_many_fits_at_once_have_the_derivatives_of_single_ones(seed):
    _, structures, data, theta = a_point(seed, gaps=0.0)
    others = theta + 0.05 * np.random.default_rng(seed).standard_normal((3, len(theta)))
    moments = [
        Moments(np.full(3, d.n), np.repeat(d.mean, 3, axis=0), np.repeat(d.scatter, 3, axis=0))
        for d in data
    ]
    points = _Points.at(structures, moments, others)
    expected, observed = points.informations()
    gradient = points.gradient()
    for k in range(3):
        alone = model_point(structures, data, others[k])
        if alone is None:
            assert points.logl[k] == -np.inf
            continue
        assert points.logl[k] == pytest.approx(alone.logl, rel=1e-10)
        assert_close(gradient[k], alone.gradient, 1e-9)
        assert_close(expected[k], alone.expected_information(), 1e-9)
        assert_close(observed[k], alone.observed_information(), 1e-9)
