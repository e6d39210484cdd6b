"""Agreement with reference solutions, parameter by parameter and index by index."""

from __future__ import annotations

import pytest
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

CASES = [
    *(pytest.param(SHARED / name, id=f"shared-{name}") for name in MODELS),
    *(pytest.param(OWN / name, id=f"own-{name}") for name in MODELS if (OWN / name).is_dir()),
]


@pytest.fixture(params=CASES)
def oracle(request):
    if not (request.param / "expected.json").is_file():
        pytest.skip(f"the reference case {request.param.name} is not beside this repository")
    return Oracle(request.param)


def test_every_number_agrees_with_the_reference(oracle):
    fit = oracle.fit(MODELS[oracle.folder.name])
    expected = oracle.expected
    assert fit.converged == expected["converged"]
    assert fit.admissible == expected["admissible"]
    assert index_differences(fit, expected["fit"]) == []
    assert parameter_differences(fit, expected["parameters"]) == []


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
