"""A model that the data can't identify has no solution, however near zero its gradient is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from factories.panels import draw

import crosslag as cl
from crosslag.batch import Moments, solve_many
from crosslag.moments import group_patterns
from crosslag.resampling import counted_moments
from crosslag.search import layout

FREE_SCALE = "f =~ NA*x1 + x2 + x3 + y1"


def heavy(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((200, 1))
    scores = factor @ [[1, 0.8, 0.9, 0.3]] + rng.standard_t(4, size=(200, 4))
    return pd.DataFrame(scores, columns=["x1", "x2", "x3", "y1"])


@pytest.mark.parametrize("missing", ["listwise", "fiml"])
def test_a_factor_without_a_scale_never_converges(missing):
    """The flat direction is bent by what is left of the gradient: some of these once passed."""
    for seed in range(30):
        fit = cl.fit(FREE_SCALE, heavy(seed), missing=missing)
        assert not fit.converged, seed
        assert np.isnan(fit.theta).all()
        assert "can't tell these parameters apart" in fit.warnings[-1]
        assert all(name in fit.warnings[-1] for name in ("f =~ x1", "f =~ x2", "f ~~ f"))


@pytest.mark.parametrize("seed", range(10))
def test_one_factor_without_a_scale_is_named_beside_one_with(seed):
    data = draw(300, 3, seed=seed, gaps=0.1)
    fit = cl.fit("f =~ NA*x1 + x2 + x3\ng =~ y1 + y2 + y3", data, missing="fiml")
    assert not fit.converged
    assert "f =~ x1, f =~ x2, f =~ x3, f ~~ f, f ~~ g (tried" in fit.warnings[-1]


def test_nothing_more_is_tried_where_nothing_can_help():
    assert cl.fit(FREE_SCALE, heavy(1)).warnings[-1].endswith("(tried: scoring).")


def test_constraints_that_leave_the_scale_open_identify_nothing():
    model = "f =~ NA*x1 + a*x1 + b*x2 + x3 + y1\na == 2*b"
    for seed in range(10):
        fit = cl.fit(model, heavy(seed))
        assert not fit.converged
        assert fit.warnings[-1].endswith("(tried: scoring).")


def test_many_fits_at_once_prove_no_more_than_one_by_one():
    table, structures = layout(cl.parse(FREE_SCALE), 1)
    data = heavy(3)
    groups = [group_patterns(data.to_numpy())]
    times = np.ones((5, len(data)))
    moments: list[Moments] = [counted_moments(group, times) for group in groups]
    start = np.ones(table.n_free)
    start[table.free_names().index("f =~ y1")] = 0.3
    solved = solve_many(structures, moments, start, np.eye(table.n_free) * 1e-4)
    assert not solved.proven.any()


def test_a_start_where_nothing_is_identified_does_not_end_the_search():
    """At effects of 0 the two paths can't be told apart; elsewhere they can."""
    data = draw(400, 4, seed=1)
    fit = cl.fit("f =~ start(0)*x1 + start(0)*x2 + start(0)*x3 + start(0)*y1", data)
    assert fit.converged
