"""A large panel, its peak memory, and how cost grows with missing patterns and with persons.

RI-CLPM with three variables and eight waves, MLR, whole job: 10,000 persons, 10 % of the cells
missing and 5 % leaving at every wave. Its baseline is one evaluation of the likelihood and its
gradient, one pattern after another, of which a generic optimiser needs hundreds. Then RI-CLPMs of
five waves with more and more patterns among as many persons, and with more and more persons of
the same patterns; ratios are to the first row of each curve. CPU time counts.
"""

# ruff: noqa: E402 (the number of threads is set before numpy is imported)

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import resource
import sys
import time

import numpy as np
import pandas as pd
from bench_fiml import plain_likelihood
from timing import median_seconds, names, simulated

import crosslag as cl
from crosslag.ram import ram_groups

MODEL = cl.riclpm(names(8, "xyz"))
SMALL = cl.riclpm(names(5))


def peak_megabytes() -> float:
    """Give the most memory that this process has used so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def with_patterns(n: int, patterns: int) -> pd.DataFrame:
    """Draw persons who have one of a number of patterns."""
    data = simulated(n, 5, 4)
    rng = np.random.default_rng(5)
    choices = np.unique(rng.random((200 * patterns, data.shape[1])) < 0.3, axis=0)
    choices = choices[(~choices).sum(axis=1) >= 5]
    chosen = choices[rng.choice(len(choices), patterns, replace=False)]
    return data.mask(chosen[np.arange(n) % patterns])


def main() -> int:
    """Measure and print; fail if a fit did not converge."""
    data = simulated(10_000, 8, 3, variables="xyz", gaps=0.1, dropout=0.05)
    before = peak_megabytes()
    times = []
    for repeat in range(4):
        shuffled = data.sample(frac=1, random_state=repeat)
        begin = time.process_time()
        fit = cl.fit(MODEL, shuffled, "MLR", "fiml")
        times.append(time.process_time() - begin)
    print(f"10,000 persons x 8 waves x 3 variables, {fit.n_patterns} missing patterns, MLR")
    (structure,), (patterns,) = ram_groups(fit.table), fit.sample.patterns
    begin = time.process_time()
    plain_likelihood(fit.theta, structure, patterns)
    once, whole = time.process_time() - begin, float(np.median(times[1:]))
    print(f"  one plain evaluation (baseline){once:8.2f} s {1.0:6.1f} x")
    print(f"  whole job                      {whole:8.2f} s {whole / once:6.1f} x")
    print(f"  the first                      {times[0]:8.2f} s {times[0] / once:6.1f} x")
    print(f"  peak memory {peak_megabytes():.0f} MB, {before:.0f} MB before")
    for title, rows in (
        ("5 waves x 2 variables, 2,000 persons", [(2000, r) for r in (20, 60, 200, 600)]),
        ("5 waves x 2 variables, 100 patterns", [(n, 100) for n in (1000, 4000, 16_000, 64_000)]),
    ):
        print(f"  {title}")
        first = None
        for n, patterns in rows:
            curve = with_patterns(n, patterns)
            took = median_seconds(lambda d: cl.fit(SMALL, d, "MLR", "fiml"), curve, 7)
            first = first or took
            counted = f"{n:7d} persons {patterns:5d} patterns"
            print(f"    {counted} {took * 1e3:8.1f} ms {took / first:5.1f} x")
    return int(not fit.converged)


if __name__ == "__main__":
    sys.exit(main())
