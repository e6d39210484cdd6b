"""Power by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from factories.panels import PROCESS, draw, panel
from scipy import stats

import crosslag as cl


@pytest.fixture(scope="module")
def found():
    return cl.power(PROCESS, [200, 400], 4, replications=150, seed=2)


def test_the_truth_is_that_of_the_process(found):
    truth = found.effects().set_index(["n", "lhs", "rhs"])["truth"]
    for n in (200, 400):
        for wave in (2, 3, 4):
            before = wave - 1
            assert truth[n, f"wx{wave}", f"wx{before}"] == pytest.approx(0.3, abs=1e-6)
            assert truth[n, f"wy{wave}", f"wx{before}"] == pytest.approx(-0.15, abs=1e-6)


def test_estimates_are_centred_and_intervals_cover(found):
    large = found.table[found.table["n"] == 400]
    assert (np.abs(large["bias"]) < 5 * large["sd"] / np.sqrt(150)).all()
    assert 0.92 < large["coverage"].mean() < 0.97
    assert 0.9 < (large["se"] / large["sd"]).median() < 1.1


def test_power_grows_with_persons_and_nears_its_approximation(found):
    small, large = (part for _, part in found.effects().groupby("n"))
    assert large["power"].mean() > small["power"].mean()
    z = np.abs(large["truth"]) / large["sd"]
    expected = stats.norm.cdf(z - 1.96) + stats.norm.cdf(-z - 1.96)
    assert np.abs(large["power"] - expected).max() < 0.15


def test_an_effect_of_zero_is_found_at_the_level_of_the_test():
    process = cl.PanelProcess.stationary(
        [[1.0, 0.3], [0.3, 1.0]], [[0.3, 0.0], [0.0, 0.3]], [[1.0, 0.2], [0.2, 1.0]]
    )
    null = cl.power(process, 400, 3, replications=400).effects().query("lhs == 'wx3'")
    row = null[null["rhs"] == "wy2"].iloc[0]
    assert row["truth"] == pytest.approx(0.0, abs=1e-6)
    assert abs(row["power"] - 0.05) < 0.045


def test_the_number_of_workers_changes_nothing(found):
    other = cl.power(PROCESS, [200, 400], 4, replications=150, seed=2, workers=2)
    pd.testing.assert_frame_equal(found.table, other.table)
    pd.testing.assert_frame_equal(found.studies, other.studies)


def test_gaps_and_dropout_cost_power():
    full = cl.power(PROCESS, 300, 3, replications=60)
    less = cl.power(PROCESS, 300, 3, replications=60, gaps=0.1, dropout=0.15)
    assert less.effects()["se"].mean() > 1.1 * full.effects()["se"].mean()


def test_a_study_is_fitted_as_fit_would(found):
    """Against one study that is drawn and fitted by hand."""
    rng = np.random.default_rng([9, 250, 0])
    values = PROCESS.draw(250, 3, rng)
    rng.random(values.shape)
    data = pd.DataFrame(values.reshape(250, -1), columns=draw(2, 3, 1).columns)
    fit = cl.fit(cl.riclpm(panel(3)), data)
    from crosslag.planning import _Design, _population, _simulate
    from crosslag.search import layout

    table, structures = layout(cl.riclpm(panel(3)), 1)
    known = list(data.columns)
    columns = tuple(known.index(name) for name in table.observed)
    design = _Design(PROCESS, columns, 3, 0.0, 0.0)
    job = _population(table, list(structures), design, 250, 9)
    estimates, errors, _ = _simulate(job, design, 250, 1, 1)[0]
    np.testing.assert_allclose(estimates, fit.theta, atol=1e-4)
    np.testing.assert_allclose(errors, np.sqrt(np.diag(fit.vcov)), rtol=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 1}, "whole number of at least"),
        ({"replications": 3}, "whole number of at least"),
        ({"gaps": 1.0}, "gaps=1.0"),
        ({"alpha": 5}, "alpha=5"),
        ({"names": ["x"]}, "has 2 variables"),
        ({"model": cl.riclpm({"a": ["a1", "a2", "a3"]})}, "The model has a1"),
        ({"waves": 2}, "at least 3 waves"),
    ],
)
def test_impossible_wishes_are_refused(options, message):
    with pytest.raises(cl.ModelError, match=message):
        cl.power(PROCESS, **{"n": 100, "waves": 3, "replications": 20, **options})


def test_another_model_can_be_fitted():
    process = cl.PanelProcess.stationary(np.zeros((2, 2)), 0.3 * np.eye(2), np.eye(2))
    found = cl.power(process, 500, 3, model=cl.clpm(panel(3)), replications=40)
    assert found.effects().query("lhs == 'x2' and rhs == 'x1'")["truth"].item() == pytest.approx(
        0.3
    )
