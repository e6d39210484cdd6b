"""One FIML fit: scoring on pattern sums against a generic optimiser on the same likelihood.

RI-CLPM with two variables and five waves, 500 persons, gaps from dropout and single skipped
waves or scales. The baseline is what one would write first: SciPy's L-BFGS on the same likelihood
with its analytic gradient, in a Python loop over missing patterns, from the same start; it only
finds the estimates. crosslag's "whole job" adds errors, saturated and baseline models, all fit
measures, the standardised solution and the table of estimates. Rows are shuffled between repeats.
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
import pandas as pd
from scipy import optimize

import crosslag as cl
from crosslag.estimate import maximise, model_point
from crosslag.moments import PatternMoments, group_patterns
from crosslag.ram import RamGroup, ram_groups, vech_indices
from crosslag.starting import starting_values

WAVES, PERSONS = 5, 500
REPEATS, BASELINE_REPEATS = 15, 5
PANEL = {name: [f"{name}{t}" for t in range(1, WAVES + 1)] for name in "xy"}
MODEL = cl.riclpm(PANEL)


def incomplete_panel() -> pd.DataFrame:
    """Draw persons of whom some drop out, skip a wave, or leave one scale empty."""
    rng = np.random.default_rng(20)
    process = cl.PanelProcess.stationary(
        np.array([[1.0, -0.4], [-0.4, 1.0]]),
        np.array([[0.3, -0.1], [-0.1, 0.3]]),
        np.array([[1.0, -0.3], [-0.3, 1.0]]),
    )
    scores = process.draw(PERSONS, WAVES, rng)
    last = np.where(rng.random(PERSONS) < 0.3, rng.integers(1, WAVES, PERSONS), WAVES)
    scores[np.arange(WAVES) >= last[:, None]] = np.nan
    skips = np.flatnonzero(rng.random(PERSONS) < 0.12)
    scores[skips, rng.integers(1, WAVES, len(skips))] = np.nan
    half = np.flatnonzero(rng.random(PERSONS) < 0.08)
    scores[half, rng.integers(0, WAVES, len(half)), rng.integers(0, 2, len(half))] = np.nan
    columns = [f"{name}{t}" for t in range(1, WAVES + 1) for name in "xy"]
    return pd.DataFrame(scores.reshape(PERSONS, -1), columns=columns)


def plain_likelihood(
    theta: np.ndarray, structure: RamGroup, data: PatternMoments
) -> tuple[float, np.ndarray]:
    """Minus the log-likelihood and its gradient, one pattern after another."""
    implied = structure.implied(theta)
    p = structure.p
    rows, columns = vech_indices(p)
    total, g_mu, g_sigma = 0.0, np.zeros(p), np.zeros((p, p))
    for r, seen in enumerate(data.observed):
        block = np.ix_(seen, seen)
        sign, log_determinant = np.linalg.slogdet(implied.sigma[block])
        if sign <= 0:
            return 1e10, np.zeros_like(theta)
        inverse = np.linalg.inv(implied.sigma[block])
        deviation = data.mean[r, seen] - implied.mu[seen]
        about = data.scatter[r][block] + np.outer(deviation, deviation)
        constant = seen.sum() * np.log(2 * np.pi)
        distance = np.trace(inverse @ about)
        total += 0.5 * data.count[r] * (log_determinant + distance + constant)
        g_mu[seen] -= data.count[r] * inverse @ deviation
        g_sigma[block] += 0.5 * data.count[r] * (inverse - inverse @ about @ inverse)
    stacked = g_sigma[rows, columns] * np.where(rows == columns, 1.0, 2.0)
    return float(total), structure.jacobian(implied) @ np.concatenate([g_mu, stacked])


def seconds(job: Callable[[pd.DataFrame], object], frame: pd.DataFrame, repeats: int) -> float:
    """Give the median time of a job, rows shuffled each time."""
    times = []
    for repeat in range(repeats):
        shuffled = frame.sample(frac=1, random_state=repeat).reset_index(drop=True)
        begin = time.perf_counter()
        job(shuffled)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main() -> int:
    """Measure, print a table, and fail if the two do not find the same maximum."""
    frame = incomplete_panel()
    table = MODEL.table()
    columns = list(table.observed)
    structure = ram_groups(table)[0]
    found: dict[str, float] = {}

    def patterns(data: pd.DataFrame) -> PatternMoments:
        return group_patterns(data[columns].dropna(how="all").to_numpy())

    def baseline(data: pd.DataFrame) -> None:
        moments = patterns(data)
        start = starting_values(table, [moments])
        result = optimize.minimize(
            plain_likelihood,
            start,
            args=(structure, moments),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 5000, "maxfun": 20_000, "ftol": 1e-13, "gtol": 1e-4},
        )
        found["baseline"] = -float(result.fun)

    def estimates(data: pd.DataFrame) -> None:
        moments = patterns(data)
        start = starting_values(table, [moments])
        solution = maximise(lambda t: model_point([structure], [moments], t), start)
        found["estimates"] = solution.point.logl

    def whole_job(data: pd.DataFrame) -> None:
        fit = cl.fit(MODEL, data, missing="fiml", estimator="MLR")
        found["whole job"] = fit.indices["logl"]
        fit.estimates  # noqa: B018 (the table is made when it is asked for)

    estimates(frame)
    n_patterns = len(patterns(frame).count)
    slow = seconds(baseline, frame, BASELINE_REPEATS)
    print(f"RI-CLPM, {WAVES} waves, N = {PERSONS}, {n_patterns} missing patterns (medians)")
    print(f"  {'L-BFGS, estimates only (baseline)':<36}{slow * 1e3:10.1f} ms   1.0 x")
    for name, job in (("estimates only", estimates), ("whole job, MLR", whole_job)):
        took = seconds(job, frame, REPEATS)
        print(f"  {'crosslag, ' + name:<36}{took * 1e3:10.1f} ms {slow / took:5.1f} x")
    apart = max(found.values()) - min(found.values())
    print(f"  log-likelihoods apart by {apart:.1e}")
    return int(apart > 0.01)


if __name__ == "__main__":
    sys.exit(main())
