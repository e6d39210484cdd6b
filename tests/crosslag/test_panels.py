"""Panels from long and wide tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from factories.panels import draw, panel

import crosslag as cl


@pytest.fixture
def long(gappy):
    parts = [
        gappy[[f"x{t}", f"y{t}"]]
        .set_axis(["x", "y"], axis="columns")
        .assign(id=gappy.index, wave=t, arm=np.where(gappy.index % 2, "a", "b"))
        for t in (3, 1, 4, 2)
    ]
    return pd.concat(parts, ignore_index=True).dropna(subset=["x", "y"], how="all")


def test_long_and_wide_give_the_same_fit(long, gappy):
    made = cl.Panel.from_long(long, "id", "wave", ["x", "y"], keep=["arm"])
    assert made.variables["x"] == ("x_1", "x_2", "x_3", "x_4")
    one = cl.fit(cl.riclpm(made.variables), made, missing="fiml", group="arm")
    wide = cl.Panel.from_wide(
        gappy.assign(arm=np.where(gappy.index % 2, "a", "b")).iloc[one.n_dropped :], panel(4)
    )
    assert dict(wide.variables) == {name: tuple(columns) for name, columns in panel(4).items()}
    other = cl.fit(cl.riclpm(wide.variables), wide, missing="fiml", group="arm")
    assert one.indices["chisq"] == pytest.approx(other.indices["chisq"], rel=1e-6)
    assert one.indices["ntotal"] == other.indices["ntotal"]


def test_values_stay_with_their_person_and_wave(long):
    made = cl.Panel.from_long(long.sample(frac=1, random_state=1), "id", "wave", ["y"])
    table = made.data.set_index("id")
    for row in long.sample(50, random_state=2).itertuples():
        value = table.loc[row.id, f"y_{row.wave}"]
        assert value == row.y or (np.isnan(value) and np.isnan(row.y))


def test_duplicated_rows_are_named(long):
    twice = pd.concat([long, long[(long["id"] == 7) & (long["wave"] == 2)]])
    with pytest.raises(cl.DataError, match=r"more than one row at a wave \(id at wave\): 7 at 2"):
        cl.Panel.from_long(twice, "id", "wave", ["x"])


def test_texts_need_an_order_in_time(long):
    named = long.assign(wave="w" + long["wave"].astype(str))
    with pytest.raises(cl.DataError, match="no order in time; list them"):
        cl.Panel.from_long(named, "id", "wave", ["x"])
    listed = cl.Panel.from_long(named, "id", "wave", ["x"], waves=["w2", "w1", "w4"])
    assert listed.variables["x"] == ("x_w2", "x_w1", "x_w4")
    assert "w3" in listed.notes[0]
    ordered = named.assign(
        wave=pd.Categorical(named["wave"], ["w4", "w3", "w2", "w1"], ordered=True)
    )
    made = cl.Panel.from_long(ordered, "id", "wave", ["x"])
    assert made.variables["x"] == ("x_w4", "x_w3", "x_w2", "x_w1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.assign(id=d["id"].where(d.index != 3)), "'id' is empty in row"),
        (lambda d: d.assign(wave=d["wave"].where(d.index != 3)), "'wave' is empty in row"),
        (lambda d: d.drop(columns="x"), "No column 'x'"),
        (lambda d: d.assign(x="many"), "'x' must be numeric, but row 1 holds 'many'"),
        (lambda d: d.assign(x=np.inf), "infinite value in row 1"),
        (lambda d: d.assign(arm=d["wave"]), "'arm' has several values for"),
        (lambda d: d[:0], "no rows"),
    ],
)
def test_bad_tables_are_refused(long, change, message):
    with pytest.raises(cl.DataError, match=message):
        cl.Panel.from_long(change(long), "id", "wave", ["x", "y"], keep=["arm"])


def test_bad_wishes_are_refused(long, gappy):
    with pytest.raises(cl.DataError, match="not in column 'wave'"):
        cl.Panel.from_long(long, "id", "wave", ["x"], waves=[1, 9])
    with pytest.raises(cl.DataError, match="listed twice"):
        cl.Panel.from_long(long, "id", "wave", ["x"], waves=[1, 1])
    for waves in ([], "123"):
        with pytest.raises(
            cl.DataError, match=r"list the waves in order .* there are \[3, 1, 4, 2\]"
        ):
            cl.Panel.from_long(long, "id", "wave", ["x"], waves=waves)
    with pytest.raises(cl.DataError, match="is no name of a column"):
        cl.Panel.from_long(long, "id", "wave", [["x"]])
    with pytest.raises(cl.DataError, match="not a single text"):
        cl.Panel.from_long(long, "id", "wave", "x")
    with pytest.raises(cl.DataError, match="DataFrame, not list"):
        cl.Panel.from_wide([1, 2], panel(4))
    with pytest.raises(cl.ModelError, match="same number of waves"):
        cl.Panel.from_wide(gappy, {"x": ["x1", "x2"], "y": ["y1"]})


@pytest.mark.parametrize(
    ("person", "wave", "variables", "keep"),
    [
        ("id", "wave", ["x", "x"], []),
        ("id", "wave", ["wave"], []),
        ("id", "id", ["x"], []),
        ("id", "wave", ["x"], ["x"]),
        ("id", "wave", ["x"], ["id"]),
    ],
)
def test_a_column_has_one_role(long, person, wave, variables, keep):
    with pytest.raises(cl.DataError, match="is named twice"):
        cl.Panel.from_long(long, person, wave, variables, keep=keep)


def test_columns_of_the_panel_do_not_hide_each_other(long):
    with pytest.raises(cl.DataError, match="would be called 'x_1'"):
        cl.Panel.from_long(long.rename(columns={"arm": "x_1"}), "id", "wave", ["x"], keep=["x_1"])


@pytest.mark.parametrize(
    ("as_waves", "names"),
    [
        (lambda w: w.astype(float), ("x_1", "x_2", "x_3", "x_4")),
        (lambda w: w / 2, ("x_0.5", "x_1", "x_1.5", "x_2")),
        (
            lambda w: pd.Timestamp("2024-01-30") + pd.to_timedelta(w, unit="D"),
            ("x_2024_01_31", "x_2024_02_01", "x_2024_02_02", "x_2024_02_03"),
        ),
        (
            lambda w: pd.Timestamp("2024-01-30 12:00") + pd.to_timedelta(w, unit="h"),
            tuple(f"x_2024_01_30_{hour}0000" for hour in (13, 14, 15, 16)),
        ),
    ],
)
def test_columns_are_called_after_their_waves(long, as_waves, names):
    made = cl.Panel.from_long(long.assign(wave=as_waves(long["wave"])), "id", "wave", ["x"])
    assert made.variables["x"] == names
    cl.parse(cl.clpm(made.variables).to_lavaan())  # names that the syntax knows


def test_a_panel_can_not_be_changed_from_outside(gappy):
    made = cl.Panel.from_wide(gappy, panel(4))
    copied = made.data
    copied["x1"] = 0.0
    assert made.data["x1"].std() > 0
    with pytest.raises(TypeError):
        made.variables["z"] = ("z1",)


def test_coverage_counts_pairs():
    data = draw(200, 3, seed=1, gaps=0.2)
    share = cl.Panel.from_wide(data, panel(3)).coverage()
    assert share.loc["x1", "y3"] == (data["x1"].notna() & data["y3"].notna()).mean()
    assert share.loc["x2", "x2"] == data["x2"].notna().mean()
