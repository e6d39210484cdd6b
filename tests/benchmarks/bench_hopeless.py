"""How soon a search gives up on data that contradict the model.

RI-CLPM with two variables and four waves under nonlinear constraints, on random walks, whose
variances grow without end. The baseline is the same model on data that agree with it. CPU time
counts.
"""

# ruff: noqa: E402 (the number of threads is set before numpy is imported)

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import sys

import numpy as np
import pandas as pd
from timing import median_seconds, names, simulated

import crosslag as cl

WAVES, PERSONS = 4, 60


def random_walks() -> pd.DataFrame:
    """Draw persons whose scores wander off."""
    steps = np.random.default_rng(PERSONS).standard_normal((PERSONS, WAVES, 2))
    columns = [f"{name}{t}" for t in range(1, WAVES + 1) for name in "xy"]
    return pd.DataFrame(steps.cumsum(axis=1).reshape(PERSONS, -1), columns=columns)


def main() -> int:
    """Measure, print a table, and fail if an estimate is given where none can be."""
    wrong = False
    print(f"RI-CLPM, {WAVES} waves, N = {PERSONS} (medians of CPU time)")
    for equal in ("stationary", "standardised_lags"):
        model = cl.riclpm(names(WAVES), equal=(equal,))
        good, bad = simulated(5 * PERSONS, WAVES, 1), random_walks()
        found = median_seconds(lambda d, m=model: cl.fit(m, d), good, 9)
        given_up = median_seconds(lambda d, m=model: cl.fit(m, d), bad, 3)
        print(f"  {equal}")
        print(f"    found (baseline)   {found * 1e3:8.1f} ms    1.0 x")
        print(f"    given up           {given_up * 1e3:8.1f} ms {given_up / found:6.1f} x")
        fit = cl.fit(model, bad)
        print(f"    {fit.warnings[-1][fit.warnings[-1].find('tried') :]}")
        wrong |= fit.converged or not fit.estimates["est"].isna().any()
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
