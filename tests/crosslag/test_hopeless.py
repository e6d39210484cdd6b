"""Data that contradict a model: the search ends soon, and says what was tried."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from factories.panels import draw, panel

import crosslag as cl
from crosslag import search
from crosslag.boundary import _bounded

WAVES = 4


def frame(scores: np.ndarray) -> pd.DataFrame:
    columns = [f"{name}{wave}" for wave in range(1, WAVES + 1) for name in "xy"]
    return pd.DataFrame(scores.reshape(len(scores), -1), columns=columns)


def random_walks(n: int = 300) -> pd.DataFrame:
    """Variances that grow without end: nothing about them is stationary."""
    return frame(np.random.default_rng(n).standard_normal((n, WAVES, 2)).cumsum(axis=1))


def unchanging(n: int = 300) -> pd.DataFrame:
    """Persons who stay what they are: nothing is left for the deviations."""
    rng = np.random.default_rng(n)
    return frame(
        rng.standard_normal((n, 1, 2)) + 0.05 * rng.standard_normal((n, WAVES, 2)),
    )


def with_gaps(data: pd.DataFrame) -> pd.DataFrame:
    return data.mask(np.random.default_rng(1).random(data.shape) < 0.15)


STATIONARY = cl.riclpm(panel(WAVES), equal=("stationary",))
STANDARDISED = cl.riclpm(panel(WAVES), equal=("standardised_lags",))
HOPELESS = {
    "stationary": (STATIONARY, random_walks(60), "listwise"),
    "no deviations, few": (cl.riclpm(panel(WAVES)), unchanging(60), "listwise"),
    "standardised lags": (STANDARDISED, random_walks(60), "listwise"),
    "no deviations, gaps": (cl.riclpm(panel(WAVES)), with_gaps(unchanging()), "fiml"),
}


@pytest.mark.parametrize("case", sorted(HOPELESS))
def test_a_hopeless_search_ends_soon_and_says_what_was_tried(case, monkeypatch):
    spent = []

    def counted(*arguments):
        spent.append(1)
        return model_point(*arguments)

    model_point = search.model_point
    monkeypatch.setattr(search, "model_point", counted)
    model, data, missing = HOPELESS[case]
    fit = cl.fit(model, data, missing=missing)
    assert not fit.converged
    assert fit.estimates["est"].isna().any()
    assert "tried: scoring, damped scoring" in fit.warnings[-1]
    assert len(spent) < 4000


def test_a_fallback_that_helped_is_named():
    fit = cl.fit(STATIONARY, random_walks())
    assert fit.converged
    assert fit.method == "sequential quadratic programming"


def test_bounds_that_exclude_the_data_hold_the_estimates():
    model = _bounded(cl.riclpm(panel(WAVES)), ["RI_x", "RI_y"])
    process = cl.PanelProcess.stationary(np.zeros((2, 2)), -0.3 * np.eye(2), np.eye(2))
    data = frame(process.draw(300, WAVES, np.random.default_rng(1)))
    fit = cl.fit(model, data)
    assert fit.converged
    variances = fit.estimates.query("op == '~~' and lhs == rhs").set_index("lhs")["est"]
    assert (variances[["RI_x", "RI_y"]] >= 0).all()


def test_an_ordinary_search_needs_no_fallback():
    fit = cl.fit(STANDARDISED, draw(300, WAVES, 1, gaps=0.1), missing="fiml")
    assert fit.converged
    assert fit.method == "scoring"
