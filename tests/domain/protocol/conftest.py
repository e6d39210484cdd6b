"""A small study with everything in it, as files to read and to break."""

from __future__ import annotations

import pytest
from factories.broken import small_study


@pytest.fixture
def small() -> dict[str, bytes]:
    return small_study()
