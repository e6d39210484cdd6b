"""Trials that randomise in every way."""

from __future__ import annotations

import pytest
from factories.randomising import WAYS
from factories.trials import Trial


@pytest.fixture(params=WAYS)
def trial(request, database_url):
    """An open trial run that randomises in one of the ways."""
    opened = Trial(database_url, edits=WAYS[request.param])
    opened.way = request.param
    yield opened
    opened.close()


@pytest.fixture
def blocks(database_url):
    """A trial in permuted blocks within strata."""
    opened = Trial(database_url)
    yield opened
    opened.close()


@pytest.fixture
def clusters(database_url):
    """A trial whose clusters are professions."""
    opened = Trial(database_url, edits=WAYS["clusters in strata"])
    yield opened
    opened.close()
