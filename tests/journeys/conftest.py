"""Whole studies, run once and looked at by many tests."""

from __future__ import annotations

import pytest
from factories.journey import travel

_PARTICIPANTS = 60


@pytest.fixture(scope="session")
def journey_on_sqlite(tmp_path_factory):
    """The main job on SQLite."""
    return travel(tmp_path_factory.mktemp("journey") / "demo", _PARTICIPANTS, seed=3)


@pytest.fixture(scope="session")
def journey_on_postgresql(tmp_path_factory, new_postgres_database):
    """The main job on PostgreSQL."""
    folder = tmp_path_factory.mktemp("journey") / "demo"
    return travel(folder, _PARTICIPANTS, seed=3, database_url=new_postgres_database())


@pytest.fixture(params=("sqlite", "postgresql"))
def journey(request):
    """The main job on each database: travelled once, in whatever order tests look at it."""
    return request.getfixturevalue(f"journey_on_{request.param}")
