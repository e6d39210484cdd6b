"""Known effects are found, without bias and with intervals that cover; the page says the same."""

from __future__ import annotations

import json

import numpy as np
import pytest
from benchmarks import recovery

LAGGED = {"x → x", "y → y", "x → y", "y → x"}


def effects(condition: dict) -> list[dict]:
    return [row for row in condition["effects"] if row["effect"] in LAGGED]


@pytest.mark.parametrize(
    ("model", "data", "replications"),
    [
        ("CLPM", "complete", 512),
        ("RI-CLPM", "complete", 512),
        ("CLPM", "missing at random", 40),
        ("RI-CLPM", "missing at random", 60),
    ],
)
def test_lagged_effects_are_recovered(model, data, replications):
    found = recovery.simulated(model, data, replications)
    assert found["not_converged"] <= 0.02 * replications
    for row in effects(found):
        # Four errors of the simulation, and what maximum likelihood is off in small samples.
        assert abs(row["bias"]) < 4 * row["bias_mcse"] + 0.01, row
        assert abs(row["coverage_ML"] - 0.95) < 4 * row["coverage_ML_mcse"] + 0.01, row
        assert row["se_ML"] == pytest.approx(row["sd"], rel=4 / np.sqrt(2 * replications))


def test_only_robust_intervals_cover_where_scores_are_skewed():
    found = recovery.simulated("RI-CLPM", "skewed", 60)
    (row,) = [row for row in found["effects"] if row["effect"] not in LAGGED]
    assert row["coverage_ML"] < 0.87
    assert row["coverage_MLR"] > 0.89
    for lagged in effects(found):
        assert abs(lagged["coverage_MLR"] - 0.95) < 4 * lagged["coverage_MLR_mcse"] + 0.01


def test_what_is_missing_depends_on_observed_scores_only():
    """Whoever has the same scores before a gap has the same chance of it."""
    rng = np.random.default_rng(1)
    scores = rng.standard_normal((20_000, recovery.WAVES, 2))
    gappy = recovery.with_gaps(scores, np.random.default_rng(2))
    assert not np.isnan(gappy[:, 0]).any()
    other = scores.copy()
    gone = np.isnan(gappy)
    other[gone] = 99.0
    again = recovery.with_gaps(other, np.random.default_rng(2))
    np.testing.assert_array_equal(np.isnan(again), gone)
    left = np.isnan(gappy[:, 1]).all(axis=1)
    assert scores[left, 0, 0].mean() < -0.2
    assert abs(scores[left, 1, 0].mean()) < 0.1


def test_the_page_shows_the_results_on_file():
    conditions = json.loads(recovery.RESULTS.read_text(encoding="utf-8"))
    text = recovery.PAGE.read_text(encoding="utf-8")
    assert recovery.page(text, conditions) == text
    for table in recovery.tables(conditions).values():
        assert table in text


def test_the_results_on_file_are_without_bias_and_cover():
    conditions = json.loads(recovery.RESULTS.read_text(encoding="utf-8"))
    assert [(c["model"], c["data"]) for c in conditions] == [
        (model, data) for model in recovery.MODELS for data in recovery.DATA
    ]
    for condition in conditions:
        assert condition["replications"] >= 500
        for row in effects(condition):
            assert abs(row["bias"]) < 0.05 * abs(row["truth"]) + 2 * row["bias_mcse"]
            assert 0.93 < row["coverage_ML"] < 0.965
