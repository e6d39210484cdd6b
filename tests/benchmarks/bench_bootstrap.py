"""A thousand bootstrap draws with two workers, their start included.

RI-CLPM with two variables and five waves, N = 1189, 10 % of the cells missing, FIML. The baseline
fits each draw from the start by the same scoring that fits the sample, in one process; it is timed
on a few draws and scaled up.
"""

# ruff: noqa: E402 (the number of threads is set before numpy is imported)

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import sys
import time

import numpy as np
from timing import names, simulated

import crosslag as cl
from crosslag.estimate import maximise, model_point
from crosslag.moments import reweighted
from crosslag.ram import ram_groups
from crosslag.resampling import weights
from crosslag.starting import starting_values

DRAWS, BASELINE_DRAWS, WORKERS = 1000, 25, 2
MODEL = cl.riclpm(names(5))


def main() -> int:
    """Measure, print a table, and fail if a draw was lost."""
    data = simulated(1189, 5, 1, gaps=0.1)
    fit = cl.fit(MODEL, data, missing="fiml")
    structures, patterns = ram_groups(fit.table), fit.sample.patterns
    begin = time.perf_counter()
    for number in range(BASELINE_DRAWS):
        times = weights(patterns[0], np.random.default_rng([1, number]))
        drawn = [reweighted(patterns[0], times)]
        start = starting_values(fit.table, drawn)
        maximise(lambda t, d=drawn: model_point(structures, d, t), start)
    slow = (time.perf_counter() - begin) / BASELINE_DRAWS * DRAWS
    begin = time.perf_counter()
    fitted = cl.fit(MODEL, data, missing="fiml", bootstrap=DRAWS, seed=1, workers=WORKERS)
    took = time.perf_counter() - begin
    print(f"RI-CLPM, 5 waves, N = 1189, {fit.n_patterns} missing patterns, {DRAWS} draws")
    print(f"  every draw from the start, one process (baseline){slow:8.1f} s    1.0 x")
    print(f"  crosslag, {WORKERS} workers and their start{took:21.1f} s {slow / took:6.1f} x")
    boot = fitted.bootstrap
    print(f"  not converged: {boot.n_failed}, inadmissible: {boot.n_inadmissible}")
    return int(boot.n_failed > 0)


if __name__ == "__main__":
    sys.exit(main())
