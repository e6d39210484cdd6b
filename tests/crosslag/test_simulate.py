"""The simulated process has the moments it claims, and its parameters come back."""

from __future__ import annotations

import numpy as np
import pytest
from factories.panels import PROCESS, draw, panel

import crosslag as cl


def test_draws_have_the_moments_of_the_process():
    scores = PROCESS.draw(200_000, 4, np.random.default_rng(1)).reshape(200_000, -1)
    np.testing.assert_allclose(np.cov(scores.T), PROCESS.moments(4), atol=0.03)
    np.testing.assert_allclose(scores.mean(axis=0), 0, atol=0.02)


def test_a_stationary_process_keeps_its_covariance():
    moments = PROCESS.moments(6).reshape(6, 2, 6, 2)
    for wave in range(6):
        np.testing.assert_allclose(moments[wave, :, wave], PROCESS.between + PROCESS.first)


def test_the_same_seed_gives_the_same_data():
    one, other = (PROCESS.draw(50, 3, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_a_shift_is_added_to_the_scores_alone():
    shift = np.arange(6.0).reshape(3, 2)
    plain = PROCESS.draw(20, 3, np.random.default_rng(7))
    moved = PROCESS.draw(20, 3, np.random.default_rng(7), shift=shift)
    np.testing.assert_allclose(moved - plain, np.broadcast_to(shift, plain.shape))
    each = np.random.default_rng(1).standard_normal((20, 3, 2))
    moved = PROCESS.draw(20, 3, np.random.default_rng(7), shift=each)
    np.testing.assert_allclose(moved - plain, each)


@pytest.mark.parametrize("n", [0, 1])
def test_few_persons_can_be_drawn(n):
    assert PROCESS.draw(n, 3, np.random.default_rng(1)).shape == (n, 3, 2)


def test_impossible_processes_are_refused():
    good = np.eye(2)
    with pytest.raises(cl.ModelError, match="positive semidefinite"):
        cl.PanelProcess(-good, 0.1 * good, good, good)
    with pytest.raises(cl.ModelError, match="symmetric"):
        cl.PanelProcess(np.array([[1.0, 0.2], [0.1, 1.0]]), 0.1 * good, good, good)
    with pytest.raises(cl.ModelError, match=r"shape \(2, 2\)"):
        cl.PanelProcess(good, np.eye(3), good, good)
    with pytest.raises(cl.ModelError, match="too strong"):
        cl.stationary_innovation(1.2 * good, good)
    with pytest.raises(cl.ModelError, match="shift must have shape"):
        PROCESS.draw(5, 3, np.random.default_rng(1), shift=np.zeros((2, 2)))


@pytest.mark.parametrize("gaps", [0.0, 0.15])
def test_known_effects_come_back_from_a_large_sample(gaps):
    fit = cl.fit(cl.riclpm(panel(5), equal=("lags",)), draw(20_000, 5, 3, gaps), missing="fiml")
    effects = fit.estimates.query("op == '~'").head(4)
    error = np.abs(effects["est"].to_numpy() - PROCESS.lags.ravel())
    assert (error < 4 * effects["se"].to_numpy()).all()
    assert (effects["se"] < 0.02).all()
    assert fit.indices["rmsea"] < 0.02
    level = fit.estimates.query("op == '~~' and lhs.str.startswith('RI_')")
    truth = [1.0, 0.9, -0.4]
    assert (np.abs(level["est"].to_numpy() - truth) < 4 * level["se"].to_numpy()).all()
