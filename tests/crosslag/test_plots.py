"""The path diagram: well-formed, complete, and with significant effects strong."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from factories.panels import panel

import crosslag as cl

SPACE = {"svg": "http://www.w3.org/2000/svg"}


def drawn(fit, **options):
    return ET.fromstring(fit.plot(**options).svg)


def texts(tree):
    return [node.text for node in tree.iterfind(".//svg:text", SPACE)]


@pytest.fixture(scope="module")
def fit(gappy):
    return cl.fit(cl.riclpm(panel(4)), gappy, missing="fiml")


def test_every_lagged_effect_and_covariance_is_drawn(fit):
    tree = drawn(fit)
    paths = tree.findall("svg:g/svg:path", SPACE)
    assert len(paths) == 12 + 4 + 1
    shown = texts(tree)
    for name in ("wx1", "wy4", "RI_x", "Wave 1", "Wave 4"):
        assert name in shown
    for row in fit.estimates.query("op == '~'").itertuples():
        assert f"{row.std_all:.2f}".replace("-", "\N{MINUS SIGN}") in shown


def test_significant_effects_are_strong(fit):
    table = fit.estimates
    kept = table[(table["lhs"] != table["rhs"]) & table["op"].isin(["~", "~~"])]
    strong = (kept["pvalue"] < 0.05).sum()
    paths = drawn(fit).findall("svg:g/svg:path", SPACE)
    assert 0 < strong < len(kept)
    assert sum(path.get("stroke-width") == "2.4" for path in paths) == strong


def test_waves_stand_from_left_to_right(fit):
    tree = drawn(fit)
    places = {
        node.text: (float(node.get("x")), float(node.get("y")))
        for node in tree.iterfind(".//svg:text", SPACE)
    }
    across = [places[f"wx{t}"][0] for t in range(1, 5)]
    assert across == sorted(set(across))
    assert places["wx1"][1] < places["wy1"][1]
    assert places["RI_x"][0] < places["wx1"][0]


def test_everything_lies_inside_the_picture():
    names = ("x", "y", "z")
    rng = np.random.default_rng(1)
    process = cl.PanelProcess.stationary(
        0.7 * np.eye(3) + 0.3, 0.3 * np.eye(3), 0.7 * np.eye(3) + 0.3
    )
    columns = [f"{name}{t}" for t in (1, 2, 3) for name in names]
    import pandas as pd

    data = pd.DataFrame(process.draw(300, 3, rng).reshape(300, -1), columns=columns)
    tree = drawn(cl.fit(cl.riclpm(panel(3, names)), data))
    width = float(tree.get("width"))
    for box in tree.iterfind(".//svg:rect", SPACE):
        left = float(box.get("x", 0))
        assert left >= 0
        assert left + float(box.get("width")) <= width


def test_groups_have_a_panel_each_and_names_are_escaped(gappy):
    data = gappy.assign(arm=np.where(np.arange(len(gappy)) % 2, "<&>", "two"))
    tree = drawn(cl.fit(cl.clpm(panel(4)), data, missing="fiml", group="arm"))
    assert len(tree.findall("svg:g", SPACE)) == 2
    assert "<&>" in texts(tree)


def test_steps_without_a_wave_stand_where_they_lie(gappy):
    uneven = {name: [columns[i] for i in (0, 1, 3)] for name, columns in panel(4).items()}
    model = cl.riclpm(uneven, times=[0, 1, 3], equal=("lags", "residuals"))
    tree = drawn(cl.fit(model, gappy, missing="fiml"))
    places = {node.text: float(node.get("x")) for node in tree.iterfind(".//svg:text", SPACE)}
    row = [places[name] for name in ("RI_x", "wx1", "wx2", "px3", "wx3")]
    assert row == sorted(set(row))
    assert [places[f"Wave {t}"] for t in (1, 2, 3)] == [places[f"wx{t}"] for t in (1, 2, 3)]
    assert texts(tree).count("no data") == 2
    assert len(tree.findall("svg:g/svg:path", SPACE)) == 3 * 4 + 4 + 1


def test_what_is_left_out_is_said(fit, gappy):
    assert "left out" not in texts(drawn(fit))[-1].replace("its loadings are left out", "")
    model = cl.riclpm(panel(3), predictors=["x4"], outcomes=["y4"])
    tree = drawn(cl.fit(model, gappy, missing="fiml"))
    assert texts(tree)[-1] == "Some effects or covariances are left out."
    assert "RI_x" in texts(tree)  # though an outcome is regressed on it


def test_level_and_slope_are_drawn(gappy):
    fit = cl.fit(cl.lcm_sr(panel(4)), gappy, missing="fiml")
    tree = drawn(fit)
    shown = texts(tree)
    assert [shown.count(part) for part in ("level", "slope", "I_x", "S_y")] == [2, 2, 1, 1]
    assert "nan" not in shown
    assert fit.estimates["std_all"].isna().any()  # correlations of a slope without variance


def test_models_without_lagged_effects_are_drawn(gappy):
    indicators = {"f": [["x1", "y1"], ["x2", "y2"], ["x3", "y3"]]}
    fit = cl.fit(cl.longitudinal_cfa(indicators, "strict"), gappy, missing="fiml")
    assert {"f1", "f2", "f3"} <= set(texts(drawn(fit)))


def test_lag_two_passes_by_the_nodes_between(gappy):
    fit = cl.fit(cl.clpm(panel(4), lags=2), gappy, missing="fiml")
    curved = [p for p in drawn(fit).findall("svg:g/svg:path", SPACE) if "Q" in p.get("d")]
    assert len(curved) == 4 + 4  # covariances and a variable's effect on itself two waves later


def test_unstandardised_values_can_be_shown(fit):
    first = fit.estimates.query("lhs == 'wx2' and rhs == 'wy1'").iloc[0]
    shown = texts(drawn(fit, standardised=False))
    assert f"{first['est']:.2f}".replace("-", "\N{MINUS SIGN}") in shown


def test_a_picture_is_saved_and_shown(fit, tmp_path):
    picture = fit.plot()
    picture.save(tmp_path / "model.svg")
    assert (tmp_path / "model.svg").read_text(encoding="utf-8") == picture._repr_svg_()
    with pytest.raises(cl.DataError, match="Can't write"):
        picture.save(tmp_path / "absent" / "model.svg")


def test_models_without_waves_are_refused(gappy):
    with pytest.raises(cl.ModelError, match="Only a panel model"):
        cl.fit("x2 ~ x1", gappy, missing="fiml").plot()
