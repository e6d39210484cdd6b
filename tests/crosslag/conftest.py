"""Data that several tests use."""

from __future__ import annotations

import pandas as pd
import pytest
from factories.panels import draw


@pytest.fixture(scope="session")
def complete() -> pd.DataFrame:
    """Draw four waves of 400 persons."""
    return draw(400, 4, seed=1)


@pytest.fixture(scope="session")
def gappy() -> pd.DataFrame:
    """Draw the same persons with 12 % of the values missing."""
    return draw(400, 4, seed=1, gaps=0.12)
