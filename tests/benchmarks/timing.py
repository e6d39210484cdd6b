"""What the benchmarks share: simulated panels with gaps, and medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

import crosslag as cl


def names(waves: int, variables: str = "xy") -> dict[str, list[str]]:
    """Name the columns of a panel."""
    return {name: [f"{name}{t}" for t in range(1, waves + 1)] for name in variables}


def simulated(
    n: int, waves: int, seed: int, *, variables: str = "xy", gaps: float = 0.0, dropout: float = 0.0
) -> pd.DataFrame:
    """Draw persons; ``gaps`` of the cells are missing, and ``dropout`` leave at every wave."""
    rng = np.random.default_rng(seed)
    k = len(variables)
    one = np.eye(k)
    process = cl.PanelProcess.stationary(
        0.7 * one + 0.3, 0.35 * one - 0.1 * (1 - one), 0.7 * one + 0.3
    )
    scores = process.draw(n, waves, rng)
    scores[rng.random(scores.shape) < gaps] = np.nan
    if dropout:
        left = rng.geometric(dropout, n)
        scores[np.arange(waves) >= left[:, None]] = np.nan
    columns = [f"{name}{t}" for t in range(1, waves + 1) for name in variables]
    return pd.DataFrame(scores.reshape(n, -1), columns=columns)


def median_seconds(job: Callable[[pd.DataFrame], object], data: pd.DataFrame, n: int) -> float:
    """Give a job's median CPU time, rows shuffled each time; a first run is not counted.

    With one thread that is the time it takes on an idle machine, and it stays so on a busy one.
    """
    job(data)
    times = []
    for repeat in range(n):
        shuffled = data.sample(frac=1, random_state=repeat).reset_index(drop=True)
        begin = time.process_time()
        job(shuffled)
        times.append(time.process_time() - begin)
    return statistics.median(times)
