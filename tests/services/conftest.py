"""A lab for each test, on both databases."""

from __future__ import annotations

import pytest
from factories.lab import Lab


@pytest.fixture
def lab(database_url):
    opened = Lab(database_url)
    yield opened
    opened.close()
