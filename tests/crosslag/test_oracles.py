"""Agreement with reference solutions, parameter by parameter and index by index."""

from __future__ import annotations

import pytest
from factories.built import BUILT, SYNTAX
from factories.oracles import OWN, SHARED, Oracle, index_differences, parameter_differences
from factories.panels import panel

import crosslag as cl

MODELS = {
    "clpm_ml_complete": cl.clpm(panel(4)),
    "clpm_lag2_ml_complete": cl.clpm(panel(4), lags=2),
    "riclpm_ml_complete": cl.riclpm(panel(4)),
    "riclpm_mlr_complete": cl.riclpm(panel(4)),
    "riclpm_equal_lags_ml": cl.riclpm(panel(4), equal=("lags",)),
    "riclpm_ml_fiml": cl.riclpm(panel(5)),
    "riclpm_mlr_fiml": cl.riclpm(panel(5)),
    "riclpm_cluster_mlr_fiml": cl.riclpm(panel(5)),
    "riclpm_equal_lags_mlr_fiml": cl.riclpm(panel(5), equal=("lags",)),
    "riclpm_two_arms_ml_fiml": cl.riclpm(panel(4)),
    "riclpm_two_arms_equal_lags_ml_fiml": cl.riclpm(panel(4), equal=("lags_across_groups",)),
    "public_mplus_riclpm_ml": cl.riclpm(panel(5)),
    "public_mulder_riclpm_mlr": cl.riclpm(panel(5)),
}

# Without a builder of their own; like all others, they are read from their syntax.
ONLY_SYNTAX = (
    "clpm_sem_defaults_ml",
    "mediation_three_waves_ml",
    "public_democracy_ml_fiml",
    "invariance_configural_mlr_fiml",
    "invariance_metric_mlr_fiml",
    "invariance_scalar_mlr_fiml",
)
OWN_NAMES = sorted(folder.parent.name for folder in OWN.glob("*/expected.json"))


def cases(shared):
    own = [name for name in OWN_NAMES if name in shared]
    return [
        *(pytest.param(SHARED / name, id=f"shared-{name}") for name in shared),
        *(pytest.param(OWN / name, id=f"own-{name}") for name in own),
    ]


def reference(folder):
    if not (folder / "expected.json").is_file():
        pytest.skip(f"the reference case {folder.name} is not beside this repository")
    return Oracle(folder)


def assert_agrees(fit, expected):
    assert fit.converged == expected["converged"]
    assert fit.admissible == expected["admissible"]
    assert index_differences(fit, expected["fit"]) == []
    assert parameter_differences(fit, expected["parameters"]) == []


@pytest.mark.parametrize("folder", cases([*MODELS]))
def test_every_number_of_a_builders_model_agrees_with_the_reference(folder):
    oracle = reference(folder)
    assert_agrees(oracle.fit(MODELS[folder.name]), oracle.expected)


@pytest.mark.parametrize("folder", cases([*MODELS, *ONLY_SYNTAX]))
def test_every_number_of_a_model_read_from_syntax_agrees_with_the_reference(folder):
    oracle = reference(folder)
    model = oracle.parsed()
    assert_agrees(oracle.fit(model), oracle.expected)
    n_groups = 2 if "group" in oracle.options else 1
    again = cl.parse(model.to_lavaan(n_groups), auto="none")
    assert again.table(n_groups) == model.table(n_groups)


@pytest.mark.parametrize("name", sorted(BUILT))
def test_every_number_of_a_built_model_agrees_with_lavaan(name):
    oracle = Oracle(OWN / name)
    assert oracle.parsed().table() == BUILT[name].table()
    assert_agrees(oracle.fit(BUILT[name]), oracle.expected)


@pytest.mark.parametrize("name", sorted(SYNTAX))
def test_constraints_bounds_and_modifiers_agree_with_lavaan(name):
    oracle = Oracle(OWN / name)
    fit = oracle.fit(oracle.parsed())
    assert_agrees(fit, oracle.expected)
    if "wald" in oracle.expected:
        test = fit.wald(oracle.options["wald"])
        assert test.df == oracle.expected["wald"]["df"]
        assert test.chisq == pytest.approx(oracle.expected["wald"]["chisq"], abs=1e-3)
    if "score" in oracle.expected:
        expected, tests = oracle.expected["score"], fit.score_tests()
        assert tests.df == expected["df"]
        assert tests.chisq == pytest.approx(expected["chisq"], abs=1e-3)
        assert sorted(tests.each["chisq"]) == pytest.approx(expected["each"], abs=1e-3)


def test_no_reference_case_is_left_out():
    if not SHARED.is_dir():
        pytest.skip("the shared reference cases are not beside this repository")
    present = {folder.parent.name for folder in SHARED.glob("*/expected.json")}
    assert present == {*MODELS, *ONLY_SYNTAX}
    assert {*BUILT, *SYNTAX} <= {*OWN_NAMES} <= {*BUILT, *SYNTAX, *MODELS}


def test_some_reference_cases_belong_to_the_repository():
    assert len([name for name in MODELS if (OWN / name).is_dir()]) >= 3


def test_the_public_case_agrees_with_the_printed_output_of_mplus():
    folder = SHARED / "public_mplus_riclpm_ml"
    if not folder.is_dir():
        pytest.skip("the public reference data are not beside this repository")
    index = Oracle(folder).fit(cl.riclpm(panel(5))).indices
    assert index["npar"] == 44
    assert index["df"] == 21
    assert f"{index['chisq']:.3f}" == "34.200"
    assert f"{index['logl']:.3f}" == "-9004.567"
    printed = [f"{index[name]:.3f}" for name in ("cfi", "tli", "rmsea", "srmr")]
    assert printed == ["0.992", "0.983", "0.035", "0.033"]
