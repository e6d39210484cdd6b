"""Whole studies, run once and looked at by many tests."""

from __future__ import annotations

import pytest
from factories.journey import travel


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def journey(request, tmp_path_factory):
    """The main job with 60 participants, on each database."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("new_postgres_database")()
    return travel(tmp_path_factory.mktemp("journey") / "demo", 60, seed=3, database_url=url)
