"""Simulated studies: many complete data sets of one model fitted together, and one by one.

RI-CLPM with two variables and five waves, N = 300, estimates and errors. The baseline fits each
data set by itself by the same likelihood, from the same start. Both are given the moments of the
data; how long data take to draw is shown beside them. CPU time counts, so that a busy machine
changes little.
"""

# ruff: noqa: E402 (the number of threads is set before numpy is imported)

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from timing import names, simulated

import crosslag as cl
from crosslag.batch import Moments, inverses, solve_many
from crosslag.estimate import maximise, model_point
from crosslag.inference import vcov
from crosslag.moments import pooled
from crosslag.ram import ram_groups

PERSONS, WAVES, STUDIES, ALONE, TOGETHER, REPEATS = 300, 5, 1024, 128, 64, 7
MODEL = cl.riclpm(names(WAVES))


def seconds(job: Callable[[], None], studies: int) -> float:
    """Give the median CPU time for a thousand studies."""
    times = []
    for _ in range(REPEATS):
        begin = time.process_time()
        job()
        times.append((time.process_time() - begin) * 1000 / studies)
    return statistics.median(times)


def main() -> int:
    """Measure, print a table, and fail if estimates differ."""
    structures = ram_groups(MODEL.table())
    columns = list(MODEL.observed)
    begin = time.process_time()
    drawn = [simulated(PERSONS, WAVES, seed)[columns].to_numpy() for seed in range(STUDIES)]
    drawing = (time.process_time() - begin) * 1000 / STUDIES
    mean = np.array([values.mean(axis=0) for values in drawn])
    covariance = np.array([np.cov(values.T, bias=True) for values in drawn])
    population = cl.fit(MODEL, simulated(20_000, WAVES, STUDIES))
    start, inverse = population.theta, population.vcov * (20_000 / PERSONS)
    one, many = np.zeros((ALONE, len(start))), np.zeros((STUDIES, len(start)))

    def alone() -> None:
        for k in range(ALONE):
            data = [pooled(mean[k], covariance[k], PERSONS)]
            solution = maximise(lambda theta, d=data: model_point(structures, d, theta), start)
            vcov(solution.point.expected_information())
            one[k] = solution.point.theta if solution.converged else np.nan

    def together() -> None:
        for begin in range(0, STUDIES, TOGETHER):
            part = slice(begin, begin + TOGETHER)
            n = np.full(len(mean[part]), float(PERSONS))
            data = [Moments(n, mean[part], covariance[part])]
            solved = solve_many(structures, data, start, inverse)
            inverses(solved.expected)
            many[part] = np.where(solved.proven[:, None], solved.theta, np.nan)

    slow, quick = seconds(alone, ALONE), seconds(together, STUDIES)
    print(f"RI-CLPM, {WAVES} waves, N = {PERSONS}, complete data, 1,000 studies")
    print(f"  one by one (baseline){slow:9.2f} s {1000 / slow:8.0f} fits/s   1.0 x")
    print(f"  together            {quick:10.2f} s {1000 / quick:8.0f} fits/s {slow / quick:5.1f} x")
    print(f"  drawing the data    {drawing:10.2f} s")
    lost = np.isnan(many).any(axis=1).mean()
    apart = np.nanmax(np.abs(one - many[:ALONE]))
    print(f"  left to a search of their own {lost:.1%}, estimates apart by {apart:.1e}")
    return int(apart > 1e-7)


if __name__ == "__main__":
    sys.exit(main())
