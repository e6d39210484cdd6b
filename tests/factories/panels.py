"""Panels drawn from a known process."""

from __future__ import annotations

import numpy as np
import pandas as pd

import crosslag as cl


def panel(waves: int, names: tuple[str, ...] = ("x", "y")) -> dict[str, list[str]]:
    """Name the columns of a panel: x1, x2, ..."""
    return {name: [f"{name}{wave}" for wave in range(1, waves + 1)] for name in names}


PROCESS = cl.PanelProcess.stationary(
    between=[[1.0, -0.4], [-0.4, 0.9]],
    lags=[[0.3, -0.1], [-0.15, 0.35]],
    within=[[1.0, -0.3], [-0.3, 1.1]],
)


def draw(n: int, waves: int, seed: int, gaps: float = 0.0) -> pd.DataFrame:
    """Draw persons of PROCESS, with some values missing at random."""
    rng = np.random.default_rng(seed)
    scores = PROCESS.draw(n, waves, rng, shift=np.full((waves, 2), 3.0))
    scores[rng.random(scores.shape) < gaps] = np.nan
    columns = [f"{name}{wave}" for wave in range(1, waves + 1) for name in "xy"]
    return pd.DataFrame(scores.reshape(n, -1), columns=columns)
