"""Models whose reference solutions the project made for itself; see tests/reference/README.md."""

from __future__ import annotations

import crosslag as cl
from factories.panels import panel

FOUR = panel(4)
FIVE = panel(5)
UNEVEN = {name: [columns[i] for i in (0, 1, 3, 4)] for name, columns in FIVE.items()}
INDICATORS = {
    "f": [[f"f{wave}_{item}" for item in (1, 2, 3)] for wave in (1, 2, 3)],
    "g": [[f"g{wave}_{item}" for item in (1, 2)] for wave in (1, 2, 3)],
}

BUILT = {
    "clpm_standardised_lags": cl.clpm(FOUR, equal="standardised_lags"),
    "clpm_stationary": cl.clpm(FOUR, equal="stationary"),
    "clpm_uneven": cl.clpm(UNEVEN, equal=("lags", "residuals"), times=[0, 1, 3, 4]),
    "clpm_means": cl.clpm(FOUR, equal="means"),
    "clpm_lag2_means": cl.clpm(FIVE, lags=2, equal=("lags", "means")),
    "clpm_uneven_means": cl.clpm(UNEVEN, equal=("stationary", "means"), times=[0, 1, 3, 4]),
    "riclpm_standardised_lags": cl.riclpm(FOUR, equal="standardised_lags"),
    "riclpm_stationary": cl.riclpm(FOUR, equal=("stationary", "means")),
    "riclpm_uneven": cl.riclpm(UNEVEN, equal=("lags", "residuals"), times=[0, 1, 3, 4]),
    "riclpm_predictor_outcome": cl.riclpm(FOUR, predictors=["z"], outcomes=["o"]),
    "riclpm_predictor_of_scores": cl.riclpm(FOUR, predictors=["z"], predictors_on="scores"),
    "riclpm_covariate": cl.riclpm(FOUR, covariates={"c": ["c1", "c2", "c3", "c4"]}),
    "riclpm_indicators": cl.riclpm(INDICATORS, equal="lags"),
    "riclpm_indicators_metric": cl.riclpm(INDICATORS, invariance="metric"),
    "lcm_sr": cl.lcm_sr(panel(5, ("gx", "gy")), equal="lags"),
    "lcm_sr_means": cl.lcm_sr(panel(5, ("gx", "gy")), equal=("lags", "means")),
    "dpm": cl.dpm(FIVE),
    "dpm_means": cl.dpm(FIVE, equal="means"),
    "dpm_standardised_lags": cl.dpm(FIVE, equal="standardised_lags"),
    "dpm_stationary": cl.dpm(FOUR, equal="stationary"),
    "starts_one_variable": cl.starts(panel(6, ("sx",)), equal="means"),
    "longitudinal_cfa_metric": cl.longitudinal_cfa(INDICATORS, "metric"),
    "longitudinal_cfa_strict": cl.longitudinal_cfa(INDICATORS, "strict"),
}

RICLPM = cl.riclpm(FOUR, equal="lags_across_groups").to_lavaan()
SYNTAX = {
    "constraints_linear": {
        "model": RICLPM + "l_x_x_2 == l_x_x_3\nl_x_x_3 == l_x_x_4\nl_y_x_2 == 2*l_y_x_3\n",
        "options": {"fun": "lavaan", "estimator": "MLR",
                    "score": True, "wald": "l_x_y_2 == l_x_y_3; l_y_y_2 == 0"},
    },
    "information_observed": {
        "model": cl.riclpm(FOUR, equal="lags").to_lavaan(),
        "options": {"fun": "lavaan", "estimator": "ML", "information": "observed"},
    },
    "shared_labels": {
        "model": cl.clpm(FOUR, equal="lags").to_lavaan(),
        "options": {"fun": "lavaan", "estimator": "ML", "missing": "fiml", "data": "gaps",
                    "score": True},
    },
    "constraints_nonlinear": {
        "model": RICLPM
        + "l_x_x_2*l_y_y_2 == l_x_x_3*l_y_y_3\nl_x_x_4 == l_x_x_2^2 + 0.1\n"
        + "net := l_x_x_2*l_y_x_3/exp(l_y_y_2)\ntwice := 2*net\n",
        "options": {"fun": "lavaan", "estimator": "MLR", "missing": "fiml", "data": "gaps"},
    },
    "bounds": {
        "model": RICLPM + "l_x_x_2 > 0.6\nl_y_x_2 < 0\nl_y_x_3 > -5\nl_x_x_3 < l_x_x_4 - 0.2\n",
        "options": {"fun": "lavaan", "estimator": "ML"},
    },
    # Not by sem(fixed.x=FALSE): its robust indices differ from lavaan()'s for the very same model.
    "constraints_groups": {
        "model": "y2 ~ c(a1, a2)*y1 + c(b1, b2)*x1\nx2 ~ c(d, d)*x1 + c(NA, 0)*y1\n"
        "x1 ~~ x1 + y1; y1 ~~ y1\nx2 ~~ x2 + y2; y2 ~~ y2\n"
        "a1 == a2\nb1 > b2\ndifference := b1 - b2\n",
        "options": {"fun": "lavaan", "estimator": "ML", "missing": "fiml", "data": "gaps",
                    "group": "arm"},
    },
    "fixed_x": {
        "model": "x2 ~ a*x1 + y1\ny2 ~ b*x1 + y1\nx3 + y3 ~ x2 + y2\nproduct := a*b\n",
        "options": {"fun": "sem", "estimator": "MLR", "fixed.x": True},
    },
    "fixed_x_groups": {
        "model": "x2 ~ x1 + c(a, a)*y1\ny2 ~ x1 + y1\n",
        "options": {"fun": "sem", "estimator": "ML", "missing": "fiml", "data": "gaps",
                    "group": "arm", "fixed.x": True},
    },
    "modifiers": {
        "model": 'f =~ NA*f1_1 + start(0.9)*f1_2 + b*f1_3\ng =~ g1_1 + equal("b")*g1_2\n'
        "f ~~ 1*f\ng ~ f + z; g ~ 0.5*1\nz ~~ f  # a comment\no ~ g\n"
        "  + lower(0)*z\nratio := b/2 - -b^2\n",
        "options": {"fun": "sem", "estimator": "MLR", "fixed.x": False},
    },
}  # fmt: skip
