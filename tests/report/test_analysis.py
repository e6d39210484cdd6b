"""The planned analysis: what ran, what could not, what deviates; never a number unproven."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from factories.study import VERSION, blind, make_dataset, make_instrument, make_protocol

import crosslag as cl
from longwave.domain.errors import InvalidInputError, NotFoundError
from longwave.export import write_export
from longwave.export.frames import Frames
from longwave.report import analyse, fit_model, lagged_effects, panel_columns
from longwave.report.page import number, p_value

MODELS = ("clpm", "clpm_lag2", "riclpm")
PROTOCOL = make_protocol(waves=4, models=MODELS)
DATASET = make_dataset(PROTOCOL, n=300, seed=5, answering=0.95)


def export(folder, dataset=DATASET, protocol=PROTOCOL, **how):
    write_export(dataset, {VERSION: protocol}, folder, **how)
    return folder


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analysis")
    analysis = analyse(export(folder / "data"), PROTOCOL, folder / "report")
    return analysis, folder / "report"


@pytest.fixture(scope="module")
def panel():
    frame = Frames(DATASET, {VERSION: PROTOCOL}).panel
    return frame.assign(arm=frame["arm"].astype(object)).dropna(subset="arm")


def test_every_planned_model_ran_by_arm(done):
    analysis, _ = done
    (run,) = analysis.precedence
    assert analysis.failures == {}
    assert [model.model for model in run.runs] == list(MODELS)
    assert run.groups == ("active", "waitlist")
    assert list(analysis.estimates) == list(MODELS)
    assert (run.deviations, [plan.id for plan in analysis.not_run]) == ((), ["primary"])


def test_the_estimates_are_those_of_crosslag_on_the_panel(done, panel):
    analysis, out = done
    plan = PROTOCOL.analysis[0]
    table = pd.read_csv(out / "estimates.csv", keep_default_na=False, na_values=[""])
    for model in MODELS:
        builder = {"clpm": cl.clpm, "riclpm": cl.riclpm}.get(
            model, lambda columns: cl.clpm(columns, lags=2)
        )
        fit = cl.fit(
            builder(panel_columns(plan)),
            panel.sort_values("arm", kind="stable"),
            estimator="ML",
            missing="fiml",
            group="arm",
        )
        for found in (analysis.estimates[model], table[table["model"] == model]):
            np.testing.assert_allclose(found["est"], fit.estimates["est"], atol=1e-8)
            np.testing.assert_allclose(found["se"], fit.estimates["se"], atol=1e-8)


def test_lagged_effects_are_named_by_variable_and_wave(done):
    analysis, _ = done
    for model in analysis.precedence[0].runs:
        lagged = model.lagged
        lags = lagged["to_wave"].str[1:].astype(int) - lagged["from_wave"].str[1:].astype(int)
        assert set(lags) == ({1, 2} if model.model == "clpm_lag2" else {1})
        effects = 20 if model.model == "clpm_lag2" else 12
        assert len(lagged) == effects * 2
        crossed = lagged["predictor"] != lagged["outcome"]
        assert ((lagged["kind"] == "cross-lagged") == crossed).all()


def test_lagged_effects_belong_to_the_right_parameters(panel):
    plan = PROTOCOL.analysis[0]
    fit = fit_model("riclpm", plan, panel)
    lagged = lagged_effects(fit, plan).set_index(
        ["group", "outcome", "to_wave", "predictor", "from_wave"]
    )
    estimates = fit.estimates.set_index(["group", "lhs", "op", "rhs"])["est"]
    found = lagged.loc[("waitlist", "strain", "w2", "calm", "w1"), "est"]
    assert found == estimates["waitlist", "wstrain3", "~", "wcalm2"]


def test_coverage_counts_the_scores_of_those_analysed(done, panel):
    analysis, _ = done
    coverage = analysis.precedence[0].coverage.set_index(["group", "variable", "wave"])["n"]
    counted = panel.groupby("arm")["strain_total__w2"].count()
    assert coverage["waitlist", "strain", "w2"] == counted["waitlist"]
    assert coverage["active", "strain", "w2"] == counted["active"]


def test_who_is_left_out_is_counted(done):
    analysis, _ = done
    (run,) = analysis.precedence
    assert run.persons + sum(run.left_out.values()) == len(DATASET.participants)
    unplaced = sum(who.arm is None for who in DATASET.participants)
    assert run.left_out["not randomised"] == unplaced > 0


def test_each_model_is_written_in_lavaans_syntax(done):
    analysis, out = done
    written = {path.name: path.read_text() for path in (out / "models").iterdir()}
    assert set(written) == {f"precedence_{model}.lav" for model in MODELS}
    assert "RI_calm =~" in written["precedence_riclpm.lav"]
    assert {path.name for path in analysis.files} == {"report.html", "estimates.csv", *written}


# --- what goes wrong -----------------------------------------------------------------------------


def test_a_model_that_fails_is_named_and_the_others_run(tmp_path):
    protocol = make_protocol(waves=2, models=("clpm", "clpm_lag2", "riclpm"))
    dataset = make_dataset(protocol, n=200)
    analysis = analyse(export(tmp_path / "data", dataset, protocol), protocol, tmp_path)
    assert list(analysis.estimates) == ["clpm"]
    assert "needs at least 3 waves" in analysis.failures["precedence.riclpm"]
    page = (tmp_path / "report.html").read_text()
    assert page.count("Not estimated.") == 2
    assert "needs at least 3 waves" in page
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["precedence_clpm.lav"]
    assert "Random-intercept cross-lagged panel model: not estimated." in page
    assert set(pd.read_csv(tmp_path / "estimates.csv")["model"]) == {"clpm"}


@pytest.mark.parametrize("n", [0, 1, 6])
def test_too_few_persons_give_a_report_without_a_number(tmp_path, n):
    dataset = make_dataset(PROTOCOL, n=n, seed=2)
    analysis = analyse(export(tmp_path / "data", dataset), PROTOCOL, tmp_path)
    assert analysis.estimates == {}
    assert len(analysis.failures) == 3
    assert pd.read_csv(tmp_path / "estimates.csv").empty
    assert "<svg" not in (tmp_path / "report.html").read_text()


def test_a_model_that_nobody_knows_fails_by_name(tmp_path):
    protocol = make_protocol(waves=3, models=("clpm", "oracle"))
    dataset = make_dataset(protocol, n=200)
    analysis = analyse(export(tmp_path / "data", dataset, protocol), protocol, tmp_path)
    assert list(analysis.estimates) == ["clpm"]
    assert "names the model oracle" in analysis.failures["precedence.oracle"]


def test_a_score_that_the_panel_lacks_is_a_deviation(tmp_path):
    plan = replace(PROTOCOL.analysis[0], variables={"calm": "calm.total", "mood": "mood.total"})
    protocol = replace(PROTOCOL, analysis=(plan,))
    analysis = analyse(export(tmp_path / "data"), protocol, tmp_path)
    assert analysis.estimates == {}
    assert "no column mood_total__w0" in analysis.precedence[0].deviations[0]


# --- deviations ----------------------------------------------------------------------------------


def test_a_blinded_export_pools_the_arms_and_says_so(tmp_path):
    analysis = analyse(export(tmp_path / "data", blind(DATASET)), PROTOCOL, tmp_path)
    (run,) = analysis.precedence
    assert run.groups == ()
    assert "the export is blinded" in run.deviations[0]
    page = (tmp_path / "report.html").read_text()
    assert "the export is blinded" in page
    assert "waitlist" not in page


def test_another_protocol_than_that_of_the_export_is_noted(tmp_path):
    amended = replace(PROTOCOL, hash="99" * 32)
    analysis = analyse(export(tmp_path / "data"), amended, tmp_path)
    assert any("the plan is that of 999999999999" in note for note in analysis.notes)


def test_an_interim_analysis_is_called_one(tmp_path):
    early = replace(DATASET, cut_off=sorted(a.opens_at for a in DATASET.assessments)[600])
    analysis = analyse(export(tmp_path / "data", early), PROTOCOL, tmp_path)
    assert any(note.startswith("This is an interim analysis") for note in analysis.notes)


# --- what it reads -------------------------------------------------------------------------------


def test_a_file_that_was_changed_since_is_refused(tmp_path):
    folder = export(tmp_path / "data")
    path = folder / "panel.csv"
    path.write_text(path.read_text().replace("active", "waitlist", 1))
    with pytest.raises(InvalidInputError, match=r"panel\.csv is not as it was exported"):
        analyse(folder, PROTOCOL, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_export_without_the_panel_is_refused(tmp_path):
    folder = export(tmp_path / "data", layouts=["long"])
    with pytest.raises(NotFoundError, match=r"has no panel\.csv.*--layout wide"):
        analyse(folder, PROTOCOL, tmp_path / "out")


def test_the_export_of_another_study_is_refused(tmp_path):
    other = replace(PROTOCOL, study=replace(PROTOCOL.study, slug="other"))
    with pytest.raises(InvalidInputError, match="is of the study small, not of other"):
        analyse(export(tmp_path / "data"), other, tmp_path / "out")


def test_a_folder_without_an_export_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match="There is no export in"):
        analyse(tmp_path, PROTOCOL, tmp_path / "out")
    (tmp_path / "manifest.json").write_text(json.dumps({"kind": "other"}))
    with pytest.raises(InvalidInputError, match="is not the manifest of an export"):
        analyse(tmp_path, PROTOCOL, tmp_path / "out")


# --- the page ------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects tags, and what would be loaded from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.loaded, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loaded += [value for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_report_is_one_whole_page_that_runs_and_loads_nothing(done):
    _, out = done
    page = Page((out / "report.html").read_text())
    assert page.open == []
    assert page.loaded == []
    assert "script" not in page.tags
    assert page.tags.count("svg") == 3
    assert page.tags.count("h1") == 1


def test_the_report_shows_what_was_planned_and_found(done):
    analysis, out = done
    page = re.sub(r"\s+", " ", (out / "report.html").read_text())
    assert "planned, not run by this version" in page
    assert "TRIAL RUN" in page
    lagged = analysis.precedence[0].runs[2].lagged
    row = lagged[lagged["kind"] == "cross-lagged"].iloc[0]
    assert f"<td>{number(row['est'])}</td><td>{number(row['se'])}</td>" in page
    assert number(analysis.precedence[0].runs[2].fit.indices["cfi"]) in page


def test_names_are_escaped(tmp_path):
    protocol = replace(PROTOCOL, study=replace(PROTOCOL.study, title={"en": "<b>Bold</b> & co"}))
    analyse(export(tmp_path / "data"), protocol, tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; co" in page


def test_the_same_export_gives_the_same_report(done, tmp_path):
    _, out = done
    analyse(export(tmp_path / "data"), PROTOCOL, tmp_path)
    for name in ("report.html", "estimates.csv"):
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes()


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.12345, "0.123"), (-0.5, "−0.500"), (-0.0001, "0.000"), (float("nan"), "–")],
)
def test_numbers_are_written_for_reading(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0004, "< .001"), (0.0456, ".046"), (1.0, "1.000"), (float("nan"), "–")]
)
def test_p_values_are_written_for_reading(value, text):
    assert p_value(value) == text


def test_a_plan_of_one_group_pools_without_deviating(tmp_path):
    protocol = make_protocol(
        waves=3, models=("clpm",), group=None, instruments=[make_instrument(n) for n in ("a", "b")]
    )
    dataset = make_dataset(protocol, n=150)
    analysis = analyse(export(tmp_path / "data", dataset, protocol), protocol, tmp_path)
    (run,) = analysis.precedence
    assert (run.groups, run.deviations) == ((), ())
    assert any(note.startswith("precedence pools the arms, as planned.") for note in analysis.notes)
    assert set(analysis.estimates["clpm"]["group"]) == {""}
