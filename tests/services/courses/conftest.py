"""A lab with a course in groups, and one with practice every day, on both databases."""

from __future__ import annotations

import pytest
from factories.programmes import course_lab, daily_lab


@pytest.fixture
def lab(database_url):
    opened = course_lab(database_url)
    yield opened
    opened.close()


@pytest.fixture
def daily(database_url):
    opened = daily_lab(database_url)
    yield opened
    opened.close()


@pytest.fixture
def make_course(database_url):
    """Give a function that opens the one lab of a test, with groups as it asks."""
    opened = []

    def make(groups):
        opened.append(course_lab(database_url, groups=groups))
        return opened[-1]

    yield make
    for lab in opened:
        lab.close()
