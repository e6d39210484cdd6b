"""What is asked for wrongly is refused by name, never ignored and never another program's error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from factories.panels import draw, panel
from typer.testing import CliRunner

import crosslag as cl
from crosslag.cli import app

PROCESS = cl.PanelProcess.stationary(0.4 * np.eye(2), 0.3 * np.eye(2), np.eye(2))
MODEL = cl.riclpm(panel(4))


def fitted(data, **options):
    return cl.fit(MODEL, data, **options)


WRONG = {
    "auxiliary columns as numbers": lambda d: fitted(d, missing="fiml", auxiliary=[3]),
    "auxiliary columns as nothing": lambda d: fitted(d, missing="fiml", auxiliary=3),
    "given predictors in words": lambda d: fitted(d, fixed_x="no"),
    "defaults of nobody": lambda d: fitted(d, auto="lavaan"),
    "half a person": lambda _: cl.power(PROCESS, 50.5, 3),
    "persons in words": lambda _: cl.power(PROCESS, "50", 3),
    "half a person of several": lambda _: cl.power(PROCESS, [50, 50.5], 3),
    "no process": lambda _: cl.power(None, 50, 3),
    "no model": lambda _: cl.power(PROCESS, 50, 3, model=5),
    "a negative seed": lambda _: cl.power(PROCESS, 50, 3, seed=-1),
    "half a wave": lambda _: cl.power(PROCESS, 50, 3.5),
    "gaps in words": lambda _: cl.power(PROCESS, 50, 3, gaps="few"),
    "a level in words": lambda _: cl.power(PROCESS, 50, 3, alpha="5 %"),
    "levels in words": lambda _: cl.PanelProcess.stationary("a", np.eye(2), np.eye(2)),
    "lists of different length": lambda _: cl.PanelProcess.stationary([[1], [1, 2]], [[0]], [[1]]),
    "effects of another shape": lambda _: cl.PanelProcess.stationary(np.eye(2), [0.3], np.eye(2)),
    "a number for a generator": lambda _: PROCESS.draw(5, 3, 1),
    "half a drawn person": lambda _: PROCESS.draw(5.5, 3, np.random.default_rng(1)),
    "a shift in words": lambda _: PROCESS.draw(5, 3, np.random.default_rng(1), "up"),
    "no group": lambda _: MODEL.table(0),
    "fewer than no groups": lambda _: MODEL.degrees_of_freedom(-1),
    "half a group": lambda _: MODEL.to_lavaan(1.5),
    "invariance of single columns": lambda _: cl.riclpm(panel(4), invariance="metric"),
}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_wrong_arguments_are_refused_by_name(complete, case):
    with pytest.raises(cl.ModelError):
        WRONG[case](complete)


@pytest.mark.parametrize("options", [{"waves": 3}, {"keep": 3}])
def test_lists_of_a_long_table_are_lists(options):
    long = pd.DataFrame({"id": [1, 1, 2, 2], "t": [1, 2, 1, 2], "x": [1.0, 2.0, 3.0, 5.0]})
    with pytest.raises(cl.DataError):
        cl.Panel.from_long(long, "id", "t", ["x"], **options)


def test_power_takes_a_model_as_text():
    found = cl.power(PROCESS, 200, 3, model="x2 ~ x1 + y1", replications=20)
    assert {"x1", "y1"} <= set(found.effects()["rhs"])


def test_a_latent_variable_is_no_column(complete):
    with pytest.raises(cl.ModelError, match="x4: latent in the model, but also a column"):
        cl.fit("x4 =~ x1 + x2 + x3", complete)
    assert cl.fit("f =~ x1 + x2 + x3", complete).converged


def test_rows_that_a_panel_left_out_are_named_with_the_fit():
    wide = draw(200, 4, seed=1).assign(id=range(200))
    long = pd.wide_to_long(wide, ["x", "y"], "id", "wave").reset_index()
    made = cl.Panel.from_long(long, "id", "wave", ["x", "y"], waves=[1, 2, 3])
    fit = cl.fit(cl.clpm(made.variables), made)
    assert fit.warnings[0] == made.notes[0]
    assert "200 row(s) at other values of 'wave'" in fit.warnings[0]


def test_what_has_no_standardised_value_has_no_error_of_one():
    process = cl.PanelProcess.stationary(np.zeros((2, 2)), 0.3 * np.eye(2), np.eye(2))
    scores = process.draw(80, 3, np.random.default_rng(3)).reshape(80, -1)
    columns = [f"{name}{wave}" for wave in (1, 2, 3) for name in "xy"]
    fit = cl.fit(cl.riclpm(panel(3)), pd.DataFrame(scores, columns=columns))
    unknown = fit.estimates["std_all"].isna()
    assert unknown.any()
    assert fit.estimates.loc[unknown, "se_std_all"].isna().all()


def test_the_command_says_its_version():
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.output.startswith("crosslag 0.")
